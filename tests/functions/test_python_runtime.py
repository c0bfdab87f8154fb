from collections import OrderedDict
from decimal import Decimal

import pytest

from frontdesk.functions.python_runtime import marshal


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
