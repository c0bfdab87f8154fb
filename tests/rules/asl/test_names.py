"""How state machines, executions and activities may be named."""

import pytest

from frontdesk.rules.asl.names import is_name


@pytest.mark.parametrize("name", ["a", "Order-7_x.y", "a" * 80, "größe", "a@b", "it's", "(1)"])
def test_names(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 81,
        "a\x00",
        "a\x7f",
        "a\x9f",
        *(f"a{one}" for one in '?*<>{}[]"#%\\^|~`$&,;:/ \t\n'),
    ],
)
def test_others_are_none(name):
    assert not is_name(name)
