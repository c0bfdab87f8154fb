"""JSONata as state machines use it: values, AWS's functions, errors, bounds."""

import contextlib
import copy
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonata import (
    LONGEST,
    UNDEFINED,
    JsonataError,
    JsonataSyntaxError,
    UnsupportedResultError,
    compile_expression,
)

NOW = 1_700_000_000_000
VARIABLES = {
    "x": 5,
    "none": None,
    "list": [1, None, {"b": None}],
    "big": 5890840712243076,
    "states": {"input": {"a": None, "zero": 0.0, "lines": [{"n": 1}, {"n": 2}], "name": "Ada"}},
}


def value_of(text, variables=VARIABLES, seed=b"seed"):
    return compile_expression(text).evaluate(variables, now=NOW, chance=Chance(seed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$x + 1", 6),
        ("$none", None),
        ("$list", [1, None, {"b": None}]),
        ("$list[1]", None),
        ("$list[2].b", None),
        ("$states.input.a", None),
        ("$exists($states.input.a)", True),
        ("$exists($states.input.c)", False),
        ("$states.input.lines.n", [1, 2]),
        ("$states.input.lines[n = 2]", {"n": 2}),
        ("$states.input.lines[n = 2][]", [{"n": 2}]),
        ("$states.input.lines[n = 3]", UNDEFINED),
        ("[$states.input.nothing]", []),
        ('{"a": $nothing, "b": null}', {"b": None}),
        ("$nothing", UNDEFINED),
        ("( $x := 1; $x )", 1),
        ("null", None),
        ("[]", []),
        ('"Hi " & $states.input.name', "Hi Ada"),
        ("$string($big) & '/' & $big", "5890840712243076/5890840712243076"),
        ("$string(1e20)", "100000000000000000000"),
        ("$string(1e21)", "1e+21"),
        ("$string([0.1, 1])", "[0.1,1]"),
        ("$string(true)", "true"),
        ("'\\uD83D\\uDE00'", "😀"),
        ("$length('\\uD83D\\uDE00')", 1),
        ("$now()", "2023-11-14T22:13:20.000Z"),
        ("$now('[Y]')", "2023"),
        ("$millis()", NOW),
        ("$contains('ab', /B/i)", True),
        ("$match('a1b2', /[a-z](\\d)/).groups", ["1", "2"]),
        ("$distinct([1, 1.0, true, '1', [1], [1.0]])", [1, True, "1", [1]]),
        ("$distinct('a')", "a"),
        ("$number('0x1F')", 31),
        ("$number('-007.50')", -7.5),
        ("$number(true)", 1),
        ("$reduce([1..100], function($a, $b) { $a + $b })", 5050),
        ("($f := function($n) { $n = 0 ? 1 : $n * $f($n - 1) }; $f(20))", 2432902008176640000),
    ],
)
def test_an_expression_gives(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$partition([1..5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([0], 4)", [[0]]),
        ("$partition($nothing, 4)", UNDEFINED),
        ("$range(0, 10, 3)", [0, 3, 6, 9]),
        ("$range(5, 1, -2)", [5, 3, 1]),
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


def test_whole_numbers_are_integers():
    found = value_of('{"a": $states.input.zero, "b": 1.5 * 2, "c": 0.5, "d": 1e300}')
    assert [type(one) for one in found.values()] == [int, int, float, float]


def test_what_is_drawn_comes_from_the_seed():
    text = "[$random(), $uuid(), $shuffle([1..9])]"
    assert value_of(text, seed=b"a") == value_of(text, seed=b"a") != value_of(text, seed=b"b")
    assert 0 <= value_of("$random()") < 1
    assert sorted(value_of("$shuffle([1..9])")) == list(range(1, 10))


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("$missing(1)", "T1006", "Attempted to invoke a non-function"),
        ("$x(1)", "T1006", "Attempted to invoke a non-function"),
        ("$eval('1')", "T1006", "Attempted to invoke a non-function"),
        ("$randomSeeded(1)", "T1006", "Attempted to invoke a non-function"),
        ("1/0", "D1001", "Number out of range: null"),
        ("'a' + 1", "T2001", "The left side of the + operator must evaluate to a number"),
        ("$number('x')", "D3030", "Unable to cast value to a number: x"),
        ("$number('nan')", "D3030", "Unable to cast value to a number: nan"),
        ("$number('1e999')", "D3030", "Unable to cast value to a number: 1e999"),
        ("$error('boo')", "D3137", "boo"),
        ("$toMillis('foo')", "D3110", "Invalid isoformat string: 'foo'"),
        ("$hash('a', 'CRC')", "D3137", "Hash algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
        ("$partition([1], 0)", "D3137", "Size of chunks must be a positive integer"),
        ("$range(0, 1, 0)", "D3137", "Step of a range must not be 0"),
        ("$range(0, 1000, 1)", "D3137", "Range of more than 1000 items"),
        ("$replace('a', '', 'b')", "D3010", None),
        ("$replace('a', 'a', 'b', -1)", "D3011", None),
        ("$replace('a', 'a', 'b', null)", "T0410", None),
        ("$replace('a', /x*/, 'b')", "D1004", None),
        ("$replace('a', /a/, function($m) { 1 })", "D3012", None),
        ("true and $number('x') > 0", "D3030", None),
        ("false or ($f := function() { $f() }; $f())", "D1012", None),
        ("$parse('nope')", "D3137", None),
        ("$sort([{}, {}])", "D3070", None),
    ],
)  # fmt: skip
def test_a_failure_has_its_code(text, number, message):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == number
    assert message in (None, caught.value.message)


@pytest.mark.parametrize("text", ["$sum", '{"a": $sum}', "function($a) { $a }", "/a/", "'\\uD800'"])
def test_what_is_no_json_is_an_unsupported_result(text):
    with pytest.raises(UnsupportedResultError):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "number", "position"),
    [
        ("", "S0207", None),
        ("1 +", "S0207", None),
        ("(1", "S0203", None),
        ("$a[", "S0203", None),
        ("'open", "S0101", None),
        ("/(?=a)/", "S0500", None),
        ("$a := ]", "S0211", 7),
        ("1" + " " * LONGEST, "S0500", -1),
    ],
)
def test_what_cannot_be_read_is_refused(text, number, position):
    with pytest.raises(JsonataSyntaxError) as caught:
        compile_expression(text)
    assert caught.value.number == number
    assert position in (None, caught.value.position)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("($f := function() { $f() }; $f())", "D1012"),
        ("($f := function($n) { 1 + $f($n) }; $f(1))", "D1011"),
        ("($f := function($x) { $x & $f($x & $x) }; $f('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))", "D1012"),
        ("[1..10000000]", "D2014"),
        ("$pad('x', 1000000000)", "D1012"),
        ("$join([1..100000].$string(), $pad('', 1000, '-'))", "D1012"),
        ("$replace($pad('', 100001, 'a'), 'a', $pad('', 100, 'b'))", "D1012"),
        ("$replace($pad('', 100001, 'a'), 'a', 'b')", "D1012"),
        ("($a := [1..1000]; $a.($a.($a)))", "D1012"),
        ("[1..300000]", "D1012"),
    ],
)  # fmt: skip
def test_what_runs_away_ends(text, number):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == number


def test_variables_are_not_changed():
    before = copy.deepcopy(VARIABLES)
    value_of("$states.input ~> | lines | {'n': 9}, 'b' |")
    value_of("$append($list, 1)")
    assert before == VARIABLES


def test_evaluations_do_not_know_of_each_other():
    expression = compile_expression("($y := $x; $y)")
    found = [expression.evaluate({"x": x}, now=NOW, chance=Chance(b"")) for x in (1, 2)]
    assert found == [1, 2]
    assert value_of("$y") is UNDEFINED


def test_nothing_is_printed(capsys):
    with pytest.raises(JsonataError):
        value_of("$x(1)")
    assert capsys.readouterr() == ("", "")


def test_deep_values_fail():
    deep = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    with pytest.raises(JsonataError) as caught:
        value_of("$deep", {"deep": deep})
    assert caught.value.number == "D1011"


TOKENS = [
    "$x",
    "$states",
    ".",
    "input",
    "lines",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    ";",
    ":=",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "=",
    "!=",
    "<",
    ">",
    "..",
    "^(",
    "1",
    "0.5",
    "'a'",
    '"b"',
    "null",
    "true",
    "/a/",
    "function($v)",
    "{",
    "$",
    "$$",
    "**",
    "$map",
    "$filter",
    "$string",
    "$number",
    "$sum",
    "$sort",
    "$partition",
    "$hash",
    "$parse",
    "$replace",
    "~>",
    "|",
    "and",
    "in",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_no_expression_raises_anything_else(tokens):
    with contextlib.suppress(JsonataError):
        value_of(" ".join(tokens))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = [
    "abs",
    "append",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "decodeUrl",
    "distinct",
    "each",
    "encodeUrlComponent",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "match",
    "max",
    "merge",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "zip",
]


@settings(max_examples=300)
@given(st.sampled_from(NAMES), st.lists(json_values, max_size=3))
def test_no_arguments_raise_anything_else(name, arguments):
    written = ", ".join(f"$a{index}" for index in range(len(arguments)))
    with contextlib.suppress(JsonataError):
        value_of(f"${name}({written})", {f"a{at}": one for at, one in enumerate(arguments)})


@given(json_values)
def test_a_value_passes_unchanged(value):
    try:
        assert value_of("$v", {"v": value}) == value
    except UnsupportedResultError:
        assert "\\ud" in ascii(value)
