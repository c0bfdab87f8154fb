"""Reading YAML 1.2: values, positions, and what is refused without harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.config.yaml_source import MAX_ALIASED, MAX_DEPTH, plain_value, read_yaml


def read(text):
    tree, findings = read_yaml(text.encode(), "f.yaml")
    return tree.value if tree else None, [str(finding) for finding in findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-5", -5),
        ("12:30:45", "12:30:45"),
        ("2026-04-01", "2026-04-01"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        ("9" * 19, "9" * 19),
        ("~", None),
        ("", None),
        ("null", None),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("<<", "<<"),
    ],
)
def test_plain_scalars_follow_the_core_schema(text, value):
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_quoted_scalars_are_texts():
    assert read("a: '1'\nb: \"true\"\nc: |\n  5\n") == ({"a": "1", "b": "true", "c": "5\n"}, [])


def test_keys_are_texts():
    assert read("1: a\ntrue: b\n~: c") == ({"1": "a", "true": "b", "~": "c"}, [])


def test_an_empty_file_is_an_empty_mapping():
    assert read("") == ({}, [])
    assert read("# nothing\n") == ({}, [])


def test_every_key_and_value_has_its_place():
    tree, _ = read_yaml(b"a:\n  b: [1, {c: 2}]\n", "f.yaml")
    assert str(tree.position(("a", "b", 1, "c"))) == "f.yaml:2:14"
    assert str(tree.position(("a", "b", 1, "c"), of_key=True)) == "f.yaml:2:11"
    assert tree.position(("a", "b", 1, "c")).path == "a.b[1].c"


def test_an_absent_path_has_the_place_of_its_nearest_parent():
    tree, _ = read_yaml(b"a:\n  b: 1\n", "f.yaml")
    assert str(tree.position(("a", "x", "y"))) == "f.yaml:2:3"
    assert tree.node_at(("a", "x")) is None
    assert tree.value_at(("a", "b", "c")) is None


def test_aliases_repeat_a_value_at_the_place_of_the_alias():
    tree, findings = read_yaml(b"a: &x {b: 1}\nc: *x\n", "f.yaml")
    assert tree.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert str(tree.position(("c",))) == "f.yaml:2:4"
    assert str(tree.position(("c", "b"))) == "f.yaml:1:11"
    assert findings == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: 2\na: 3",
            """f.yaml:3:1: error: duplicate key: a [duplicate-key]
  hint: it is first given in line 1; keep one of them""",
        ),
        (
            "a: !!python/object:os.system x",
            "f.yaml:1:4: error: a: tags are not supported: tag:yaml.org,2002:python/object:os.system [tag]",
        ),
        ("a: !secret x", "f.yaml:1:4: error: a: tags are not supported: !secret [tag]"),
        ("? [a]\n: b", "f.yaml:1:3: error: expected a text as key [key]"),
        ("x: &x 1\n*x : b", "f.yaml:2:1: error: expected a text as key [key]"),
        ("a: *x", "f.yaml:1:4: error: a: no anchor before this: x [alias]"),
        ("a: &x [1, *x]", "f.yaml:1:11: error: a[1]: no anchor before this: x [alias]"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: error: expected one document in the file [syntax]"),
        ("- a", "f.yaml:1:1: error: expected a mapping at the top of the file [type]"),
        (
            "a: [1, 2\nb: 3",
            "f.yaml:2:2: error: while parsing a flow sequence: did not find expected ',' or ']' [syntax]",
        ),
        (
            "a: b: c",
            "f.yaml:1:5: error: mapping values are not allowed in this context [syntax]",
        ),
        (
            "a:\n  \tb: 1",
            """f.yaml:2:3: error: while scanning for the next token: found character that cannot start any token [syntax]
  hint: indent with spaces, not tabs""",
        ),
        ("a: \x01", "f.yaml:1:1: error: control characters are not allowed [syntax]"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, message):
    assert read(text)[1] == [message]


def test_text_that_is_not_utf8_is_told_with_its_line():
    tree, findings = read_yaml(b"a: 1\nb: \xff\n", "f.yaml")
    assert tree is None
    assert [str(finding) for finding in findings] == [
        "f.yaml:2:1: error: expected UTF-8 text [syntax]"
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "], ids=repr)
def test_deep_nesting_is_refused_early(opening):
    value, findings = read(opening * 100_000)
    assert value is None
    assert len(findings) == 1


def test_the_depth_limit_is_reachable():
    inner = MAX_DEPTH - 1
    assert read("a: " + "[" * inner + "]" * inner)[1] == []
    assert "[depth]" in read("a: " + "[" * (inner + 1) + "]" * (inner + 1))[1][0]


def test_an_alias_bomb_is_refused():
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    value, findings = read(bomb)
    assert value is None
    assert f"aliases repeat more than {MAX_ALIASED} values" in findings[0]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc-_ /{}$", max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcxyz", max_size=5), _JSON, max_size=5))
def test_json_is_read_as_it_was_written(value):
    tree, findings = read_yaml(json.dumps(value).encode(), "f.json")
    assert findings == []
    assert tree.value == value
