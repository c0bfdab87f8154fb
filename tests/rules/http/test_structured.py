import json
from base64 import b32decode
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.structured import (
    Date,
    DisplayString,
    InnerList,
    Item,
    Token,
    parse_dictionary,
    parse_item,
    parse_list,
    write_dictionary,
    write_item,
    write_list,
)

PARSE = {"item": parse_item, "list": parse_list, "dictionary": parse_dictionary}
WRITE = {"item": write_item, "list": write_list, "dictionary": write_dictionary}

ITEMS = [
    (b"42", Item(42)),
    (b"-0.5", Item(Decimal("-0.5"))),
    (b'"a \\"b\\" \\\\"', Item('a "b" \\')),
    (b"text/html;q=1.0;a", Item(Token("text/html"), {"q": Decimal("1.0"), "a": True})),
    (b":aGVsbG8=:", Item(b"hello")),
    (b"?0", Item(value=False)),
    (b"@1775001600", Item(Date(1775001600))),
    (b'%"f%c3%bc"', Item(DisplayString("f\u00fc"))),
]


@pytest.mark.parametrize(("wire", "item"), ITEMS)
def test_items_both_ways(wire, item):
    parsed = parse_item(wire)
    assert parsed == item
    assert type(parsed.value) is type(item.value)
    assert write_item(item) == wire


def test_lists_both_ways():
    members = [
        Item("burst", {"q": 100, "w": 60}),
        InnerList([Item(Token("a")), Item(1, {"x": True})], {"y": 2}),
        InnerList([]),
    ]
    wire = b'"burst";q=100;w=60, (a 1;x);y=2, ()'
    assert parse_list(wire) == members
    assert write_list(members) == wire


def test_dictionaries_both_ways():
    members = {"a": Item(value=True), "b": Item(value=True, parameters={"c": 1}), "d": Item(2)}
    assert parse_dictionary(b"a, b;c=1, d=2") == members
    assert write_dictionary(members) == b"a, b;c=1, d=2"


MALFORMED = [
    ("item", b""),
    ("item", b"\xc3\xbc"),
    ("item", b"1 2"),
    ("item", b"1."),
    ("item", b"1.2345"),
    ("item", b"1234567890123456"),
    ("item", b'"open'),
    ("item", b'"\\a"'),
    ("item", b":a=b:"),
    ("item", b":a:"),
    ("item", b"?2"),
    ("item", b"@1.5"),
    ("item", b'%"%C3%BC"'),
    ("item", b'%"%ff"'),
    ("item", b"a;B=1"),
    ("list", b"1,"),
    ("list", b"1,,2"),
    ("list", b"(1 2"),
    ("list", b'("a""b")'),
    ("dictionary", b"A=1"),
    ("dictionary", b"a=1 b=2"),
]


@pytest.mark.parametrize(("kind", "wire"), MALFORMED)
def test_malformed(kind, wire):
    with pytest.raises(ValueError):
        PARSE[kind](wire)


@pytest.mark.parametrize(
    "item",
    [
        Item(10**15),
        Item(Decimal(10**12)),
        Item("caf\u00e9"),
        Item("line\n"),
        Item(Token("a b")),
        Item(Token("")),
        Item(1, {"Key": 1}),
    ],
)
def test_what_cannot_be_written(item):
    with pytest.raises(ValueError):
        write_item(item)


bare = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**11), 10**11, places=3),
    st.booleans(),
    st.binary(max_size=9),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=9).map(DisplayString),
    st.from_regex(r"[A-Za-z*][A-Za-z0-9:/!~-]{0,5}", fullmatch=True).map(Token),
    st.integers(-(10**11), 10**11).map(Date),
)
keys = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,4}", fullmatch=True)
parameters = st.dictionaries(keys, bare, max_size=2)
items = st.builds(Item, bare, parameters)
members = items | st.builds(InnerList, st.lists(items, max_size=3), parameters)


@given(st.lists(members, max_size=4))
def test_lists_survive_the_wire(written):
    assert parse_list(write_list(written)) == written


@given(st.dictionaries(keys, members, max_size=4))
def test_dictionaries_survive_the_wire(written):
    assert parse_dictionary(write_dictionary(written)) == written


@given(st.binary(max_size=30), st.sampled_from(sorted(PARSE)))
def test_rubbish_is_a_value_error_at_worst(value, kind):
    with suppress(ValueError):
        PARSE[kind](value)


# -- the cases of the HTTP working group, where they are at hand ---------------------------------

CASES = Path(__file__).parents[4] / "shared" / "cases" / "structured-fields"


def recorded():
    for file in sorted(CASES.glob("*.json")):
        for case in json.loads(file.read_text()):
            yield pytest.param(case, id=f"{file.stem}: {case['name']}")


def value_of(case):
    match case:
        case {"__type": "token", "value": text}:
            return Token(text)
        case {"__type": "binary", "value": text}:
            return b32decode(text)
        case {"__type": "date", "value": second}:
            return Date(second)
        case {"__type": "displaystring", "value": text}:
            return DisplayString(text)
        case float():
            return Decimal(str(case))
    return case


def member_of(case):
    value, parameters = case
    found = {key: value_of(text) for key, text in parameters}
    if isinstance(value, list):
        return InnerList([member_of(item) for item in value], found)
    return Item(value_of(value), found)


EXPECTED = {
    "item": member_of,
    "list": lambda case: [member_of(member) for member in case],
    "dictionary": lambda case: {key: member_of(member) for key, member in case},
}


@pytest.mark.skipif(not CASES.is_dir(), reason="the recorded cases are not here")
@pytest.mark.parametrize("case", list(recorded()))
def test_recorded_case(case):
    kind, value = case["header_type"], ", ".join(case["raw"]).encode()
    if case.get("must_fail"):
        with pytest.raises(ValueError):
            PARSE[kind](value)
        return
    try:
        parsed = PARSE[kind](value)
    except ValueError:
        assert case.get("can_fail")
        return
    assert parsed == EXPECTED[kind](case["expected"])
    assert [WRITE[kind](parsed).decode()] == (case.get("canonical", case["raw"]) or [""])
