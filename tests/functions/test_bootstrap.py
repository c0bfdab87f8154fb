import json
from collections import OrderedDict
from decimal import Decimal

import pytest

from frontdesk.functions.bootstrap import Context, marshal


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, b"null"),
        ({"a": 1, "b": [True, "x"]}, b'{"a": 1, "b": [true, "x"]}'),
        ((1, 2), b"[1, 2]"),
        (OrderedDict(z=1, a=2), b'{"z": 1, "a": 2}'),
        ({1: "a", None: "b"}, b'{"1": "a", "null": "b"}'),
        (Decimal("10.5"), b"10.5"),
        (Decimal(10**20), b"100000000000000000000"),
        (float("nan"), b"NaN"),
        (b"as it is", b"as it is"),
        ("\ud800", b'"\\ud800"'),
    ],
    ids=repr,
)
def test_a_result_is_written_as_awss_runtime_writes_it(result, text):
    assert marshal(result) == text


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


def test_remaining_time_is_never_negative():
    assert Context("id", 0, "").get_remaining_time_in_millis() == 0
    assert json.dumps(Context("id", 2**62, "").get_remaining_time_in_millis())
