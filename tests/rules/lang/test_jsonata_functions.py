"""Functions of JSONata that are ours: AWS's additions, and those that the library has otherwise."""

import pytest

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonata import UNDEFINED, JsonataError, compile_expression


def value_of(text, seed=b"seed"):
    variables = {"big": 5890840712243076}
    return compile_expression(text).evaluate(variables, now=0, chance=Chance(seed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([0], 4)", [[0]]),
        ("$partition($nothing, 4)", UNDEFINED),
        ("$range(0, 10, 3)", [0, 3, 6, 9]),
        ("$range(5, 1, -2)", [5, 3, 1]),
        ("$range(0.9, 3.9, 1.9)", [0, 1, 2, 3]),
        ("$partition([1..3], 1.9)", [[1], [2], [3]]),
        ("$random(1.2) = $random(1.9)", True),
        ("$range($nothing, 1, 1)", UNDEFINED),
        ("$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("$hash($nothing, 'MD5')", UNDEFINED),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$parse('null')", None),
        ("$parse('-0')", 0),
        ("$parse($nothing)", UNDEFINED),
        ("$random(7) = $random(7)", True),
    ],
)
def test_the_functions_of_aws_give(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$replace('hello', 'l', '1')", "he11o"),
        ("$replace('hello', 'l', '$0', 1)", "he$0lo"),
        ("$replace('hello', 'l', '1', 0)", "hello"),
        ("$replace($nothing, 'l', '1')", UNDEFINED),
        ("$replace('265USD', /([0-9]+)USD/, '$$$1')", "$265"),
        ("$replace('265USD', /([0-9]+)USD/, '$0$1$2$x')", "265USD265$x"),
        ("$replace('ab', /(a)(b)/, '$2$1', 1)", "ba"),
        ("$replace('a1', /(\\w)(\\d)/, function($m) { $m.groups[1] & $m.match })", "1a1"),
    ],
)
def test_texts_are_replaced(text, value):
    assert value_of(text) == value


def test_what_is_drawn_comes_from_the_seed():
    text = "[$random(), $uuid(), $shuffle([1..9])]"
    assert value_of(text, seed=b"a") == value_of(text, seed=b"a") != value_of(text, seed=b"b")
    assert 0 <= value_of("$random()") < 1
    assert sorted(value_of("$shuffle([1..9])")) == list(range(1, 10))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$number('0x1F')", 31),
        ("$number('-007.50')", -7.5),
        ("$number(true)", 1),
        ("$distinct([1, 1.0, true, '1', [1], [1.0]])", [1, True, "1", [1]]),
        ("$distinct('a')", "a"),
        ("$string(1e20)", "100000000000000000000"),
        ("$string(1e21)", "1e+21"),
        ("$string([0.1, 1])", "[0.1,1]"),
        ("$string(true)", "true"),
        ("$string($big) & '/' & $big", "5890840712243076/5890840712243076"),
    ],
)
def test_numbers_texts_and_lists_are_what_javascript_makes_of_them(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("$hash('a', 'CRC')", "D3137", "Hash algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
        ("$partition([1], 0.9)", "D3137", "Size of chunks must be a positive integer"),
        ("$partition([1], 0)", "D3137", "Size of chunks must be a positive integer"),
        ("$range(0, 1, 0)", "D3137", "Step of a range must not be 0"),
        ("$range(0, 1000, 1)", "D3137", "Range of more than 1000 items"),
        ("$replace('a', '', 'b')", "D3010", None),
        ("$replace('a', 'a', 'b', -1)", "D3011", None),
        ("$replace('a', 'a', 'b', null)", "T0410", None),
        ("$replace('a', /x*/, 'b')", "D1004", None),
        ("$replace('a', /a/, function($m) { 1 })", "D3012", None),
        ("$parse('nope')", "D3137", None),
        ("$number('x')", "D3030", "Unable to cast value to a number: x"),
        ("$number('nan')", "D3030", "Unable to cast value to a number: nan"),
        ("$number('1e999')", "D3030", "Unable to cast value to a number: 1e999"),
    ],
)  # fmt: skip
def test_what_a_function_does_not_take_has_its_code(text, number, message):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == number
    assert message in (None, caught.value.message)


@pytest.mark.parametrize(
    "text",
    [
        "$pad('x', 1000000000)",
        "$join([1..100000].$string(), $pad('', 1000, '-'))",
        "$replace($pad('', 100001, 'a'), 'a', $pad('', 100, 'b'))",
        "$replace($pad('', 100001, 'a'), 'a', 'b')",
    ],
)
def test_no_function_makes_too_much(text):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == "D1012"
