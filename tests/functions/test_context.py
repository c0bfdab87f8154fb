import pytest

from frontdesk.functions.context import Context


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("", None),
        ("{}", (None, None, None)),
        ('{"custom": {"a": 1}}', ({"a": 1}, None, None)),
        ('{"client": {"app_title": "t"}, "env": {}}', (None, {}, "t")),
    ],
)
def test_the_client_context_has_its_three_parts(given, seen):
    context = Context("id", 0, given).client_context
    if context is None:
        assert seen is None
    else:
        title = context.client and context.client.app_title
        assert (context.custom, context.env, title) == seen


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("", None),
        ("{}", None),
        ('{"custom": {}}', None),
        ('{"custom": [1]}', None),
        ('{"custom": {"idempotency_key": "execution:State:1"}}', "execution:State:1"),
    ],
)
def test_the_idempotency_key_is_found_in_the_client_context(given, key):
    assert Context("id", 0, given).idempotency_key == key


def test_remaining_time_is_never_negative():
    assert Context("id", 0, "").get_remaining_time_in_millis() == 0
    assert Context("id", 2**62, "").get_remaining_time_in_millis() > 0
