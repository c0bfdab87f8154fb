"""JSON text there and back, with one error."""

import pytest

from frontdesk.rules.lang.compact_json import JsonTextError, from_json, to_json, to_json_bytes


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_text_is_compact_and_keeps_its_letters():
    assert to_json({"a": [1, 0.0, None, "é"]}) == '{"a":[1,0.0,null,"é"]}'
    assert to_json_bytes("é") == '"é"'.encode()


@pytest.mark.parametrize(
    ("text", "value"), [("-0", 0), ("0.0", 0.0), ('"a"', "a"), (" [1, 2] ", [1, 2]), ("null", None)]
)
def test_text_is_read(text, value):
    found = from_json(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["", "nope", "NaN", "[1,]", '"\ud800"', "[" * 5000])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(JsonTextError):
        from_json(text)


@pytest.mark.parametrize("value", ["\ud800", 2**70, nested(400), {1}])
def test_what_has_no_text_is_refused(value):
    with pytest.raises(JsonTextError):
        to_json(value)
