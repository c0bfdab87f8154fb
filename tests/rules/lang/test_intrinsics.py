"""Calls of intrinsic functions: how they are written, and what each function gives."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.intrinsics import (
    IntrinsicError,
    IntrinsicSyntaxError,
    compile_intrinsic,
    is_intrinsic,
)

DATA = {
    "list": [1, 2, 3, 4, 5],
    "mixed": [1, 1.0, True, "1", None, {"a": [1]}, {"a": [1.0]}, [], []],
    "object": {"Arg1": 1, "Arg2": [], "Arg3": {"x": None, "y": True}},
    "one": {"a": {"a1": 1}, "b": 2},
    "other": {"a": {"a3": 1}, "c": 3},
    "name": "Ada",
    "braces": "{}-{}",
    "json": '{"a":[1,null]}',
    "null": None,
    "long": "x" * 10_001,
    "huge": 1e300,
    "half": "\ud800",
}


def value_of(text, data=DATA, seed=b"seed"):
    return compile_intrinsic(text).evaluate(lambda path: path.find(data, {}, {}), Chance(seed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Array()", []),
        ("States.Array( )", []),
        ("States.Array(1, -2.5, 1e2, 'a', true, false, null)", [1, -2.5, 100.0, "a", True, False, None]),
        ("States.Array($.name, $.list[0])", ["Ada", 1]),
        ("States.Array(States.Array(1),States.Array())", [[1], []]),
        (r"States.Array('it\'s', '\{\}', 'a\\b', '')", ["it's", "{}", "a\\b", ""]),
        ("States.ArrayContains($.list, 3)", True),
        ("States.ArrayContains($.list, 3.0)", True),
        ("States.ArrayContains($.list, '3')", False),
        ("States.ArrayContains($.mixed, States.StringToJson('{\"a\":[1]}'))", True),
        ("States.ArrayContains(States.Array(1), true)", False),
        ("States.ArrayContains($.mixed, null)", True),
        ("States.ArrayGetItem($.list, 0)", 1),
        ("States.ArrayGetItem($.list, 3.5)", 5),
        ("States.ArrayLength($.list)", 5),
        ("States.ArrayPartition($.list, 2)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayPartition($.list, 1.5)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayPartition(States.Array(), 4)", []),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayRange(3, 1, 1)", []),
        ("States.ArrayRange(0.5, 2.4, 1)", [1, 2]),
        ("States.ArrayUnique($.mixed)", [1, True, "1", None, {"a": [1]}, []]),
        ("States.Base64Encode('é')", "w6k="),
        ("States.Base64Decode('w6k=')", "é"),
        ("States.Base64Decode(States.Base64Encode(''))", ""),
        ("States.Format('Hi {}, {}!', $.name, 1.5)", "Hi Ada, 1.5!"),
        ("States.Format('{} {} {}', null, true, 1.0)", "null true 1.0"),
        ("States.Format('{}', $.object)", "{Arg1=1, Arg2=[], Arg3={x=null, y=true}}"),
        ("States.Format('{}', $.mixed[-4:])", "[{a=[1]}, {a=[1.0]}, [], []]"),
        (r"States.Format('\{\} {} {x} \'', 1)", "{} 1 {x} '"),
        ("States.Format($.braces, 1, 'b')", "1-b"),
        ("States.Format('none')", "none"),
        ("States.Hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"),
        ("States.Hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("States.Hash($.one, 'SHA-1')", "8b2b98b3fb27f3788cbd9e3a8203817b7fd777ac"),
        ("States.JsonMerge($.one, $.other, false)", {"a": {"a3": 1}, "b": 2, "c": 3}),
        ("States.JsonToString($.object)", '{"Arg1":1,"Arg2":[],"Arg3":{"x":null,"y":true}}'),
        ("States.JsonToString('a')", '"a"'),
        ("States.JsonToString(null)", "null"),
        ("States.MathAdd(1.49, 1.5)", 3),
        ("States.MathAdd(-1.5, -1.51)", -3),
        ("States.MathAdd(-0.5, 0.5)", 1),
        ("States.MathAdd(2.5, 0)", 3),
        ("States.MathAdd(-2.5, 0)", -2),
        ("States.MathRandom(7, 8)", 7),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("States.StringSplit(',,,,', ',')", []),
        ("States.StringSplit(' , ', ',')", [" ", " "]),
        ("States.StringSplit('a-]b^c', '^-]')", ["a", "b", "c"]),
        ("States.StringSplit('abc', '')", ["abc"]),
        ("States.StringToJson($.json)", {"a": [1, None]}),
        ("States.StringToJson('')", None),
        ("States.StringToJson(' ')", None),
        ("States.StringToJson('-0')", 0),
        ("States.StringToJson('\"a\"')", "a"),
    ],
)  # fmt: skip
def test_a_call_gives(text, value):
    found = value_of(text)
    assert (found, type(found)) == (value, type(value))


def test_numbers_keep_whether_they_are_whole():
    assert [type(one) for one in value_of("States.Array(1, 1.0, 1e2)")] == [int, float, float]


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayContains('a', 'a')",
        "States.ArrayGetItem($.list, 5)",
        "States.ArrayGetItem($.list, -1)",
        "States.ArrayGetItem($.list, true)",
        "States.ArrayLength('abc')",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayPartition($.list, '1')",
        "States.ArrayRange(0, 1000, 1)",
        "States.ArrayRange(0, 1, 0)",
        "States.ArrayRange(0, 1, 0.4)",
        "States.Base64Decode('?')",
        "States.Base64Decode('/w==')",
        "States.Base64Encode($.long)",
        "States.Base64Encode($.half)",
        "States.Base64Encode(1)",
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.Format(1)",
        "States.Hash('a', 'SHA-2')",
        "States.Hash('a', null)",
        "States.Hash($.long, 'MD5')",
        "States.Hash($.half, 'MD5')",
        "States.JsonMerge($.one, $.list, false)",
        "States.JsonMerge($.one, $.other, true)",
        "States.JsonMerge($.one, $.other, 0)",
        "States.JsonToString($.half)",
        "States.MathAdd('1', 2)",
        "States.MathAdd($.huge, 1)",
        "States.MathAdd(9223372036854775807, 1)",
        "States.MathRandom(2, 2)",
        "States.StringSplit(1, ',')",
        "States.StringToJson('nope')",
        "States.StringToJson($.object)",
    ],
)
def test_wrong_arguments_fail_by_the_name_of_the_language(text):
    with pytest.raises(IntrinsicError) as caught:
        value_of(text)
    assert caught.value.name == "States.IntrinsicFailure"
    assert caught.value.message.endswith(f" in {text}")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("States.Nothing()", 1),
        ("States.array()", 1),
        ("States.Array", 1),
        ("Array()", 1),
        ("States.Array(1", 15),
        ("States.Array(1,)", 16),
        ("States.Array(1 2)", 16),
        ("States.Array(01x)", 14),
        ("States.Array(nulls)", 14),
        ("States.Array(a)", 14),
        ('States.Array("a")', 14),
        ("States.Array('a)", 14),
        (r"States.StringToJson('{\"a\":1}')", 21),
        (r"States.Format('a\n')", 15),
        ("States.Array() ", 15),
        ("States.Array()x", 15),
        ("States.Array($.a[)", 18),
        ("States.UUID(1)", 15),
        ("States.Hash('a')", 17),
        ("States.Array(" + "States.UUID()," * 9 + "States.UUID())", 140),
    ],
)
def test_what_is_no_call_is_refused_with_its_place(text, column):
    with pytest.raises(IntrinsicSyntaxError) as caught:
        compile_intrinsic(text)
    assert caught.value.column == column


def test_ten_calls_are_allowed():
    assert len(value_of("States.Array(" + ",".join(["States.UUID()"] * 9) + ")")) == 9


def test_random_numbers_come_from_the_seed():
    text = "States.MathRandom(1, 1000000)"
    assert value_of(text, seed=b"a") == value_of(text, seed=b"a") != value_of(text, seed=b"b")
    seeded = "States.MathRandom(1, 1000000, 42)"
    assert value_of(seeded, seed=b"a") == value_of(seeded, seed=b"b")
    assert value_of("States.UUID()", seed=b"a") != value_of("States.UUID()", seed=b"b")


def test_the_paths_of_a_call_are_told():
    call = compile_intrinsic("States.Format('{}{}', $.a, States.Array($$.b, $c))")
    assert [path.text for path in call.paths] == ["$.a", "$$.b", "$c"]


def test_deep_values_fail():
    deep = []
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(IntrinsicError):
        value_of("States.Format('{}', $.deep)", {"deep": deep})


def test_a_long_text_is_not_made():
    with pytest.raises(IntrinsicError, match="longer than"):
        value_of(f"States.Format('{'{}' * 200}'{', $.long' * 200})")


def test_calls_are_told_from_paths():
    assert is_intrinsic("States.Format('{}', $.a)")
    assert not is_intrinsic("$.States.Format")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.sampled_from(
    [
        "Array",
        "ArrayContains",
        "ArrayGetItem",
        "ArrayLength",
        "ArrayPartition",
        "ArrayRange",
        "ArrayUnique",
        "Base64Decode",
        "Base64Encode",
        "Format",
        "Hash",
        "JsonMerge",
        "JsonToString",
        "MathAdd",
        "MathRandom",
        "StringSplit",
        "StringToJson",
        "UUID",
    ]
)


@given(names, st.lists(json_values, max_size=3))
def test_no_arguments_raise_anything_else(name, arguments):
    written = ", ".join(f"$[{index}]" for index in range(len(arguments)))
    with contextlib.suppress(IntrinsicError, IntrinsicSyntaxError):
        value_of(f"States.{name}({written})", arguments)


@given(st.text(alphabet="States.Format(),'{}\\$[]0-1 eu", max_size=30))
def test_no_text_raises_anything_else(rest):
    with contextlib.suppress(IntrinsicSyntaxError):
        compile_intrinsic(f"States.Format({rest}")


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_literal_is_what_was_escaped(before, after):
    written = "".join(f"\\{letter}" if letter in "'{}\\" else letter for letter in before + after)
    assert value_of(f"States.Array('{written}')") == [before + after]
    assert value_of(f"States.Format('{written}')") == before + after
