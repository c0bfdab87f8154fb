"""What JSONPath states read and write by paths."""

import contextlib
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.paths import present, put, query, select
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonpath import MISSING

DATA = {"a": {"b": [1, 2]}, "n": None, "k": "x"}
NOT_FOUND = (
    "The JSONPath '$.x' specified for the field 'value.$' could not be found in the input"
    ' \'{"a":{"b":[1,2]},"n":null,"k":"x"}\''
)
SCOPE = Scope(lambda: {"State": {"Name": "Ask"}}, {"order": {"id": 7}}, 0, Chance(b""))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (None, {}),
        ("$", DATA),
        ("$.a.b[0]", 1),
        ("$.n", None),
        ("$.a.b[*]", [1, 2]),
        ("$.nothing[*]", []),
        ("$$.State.Name", "Ask"),
        ("$order.id", 7),
    ],
)
def test_a_path_selects(path, value):
    assert select(path, DATA, SCOPE) == value


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("$.NoSuch", "Invalid path '$.NoSuch' : No results for path: $['NoSuch']"),
        ("$.a.NoSuch", "Invalid path '$.a.NoSuch' : No results for path: $['a']['NoSuch']"),
        ("$.no.such", "Invalid path '$.no.such' : Missing property in path $['no']"),
        ("$.k.such.x", "Invalid path '$.k.such.x' : Missing property in path $['k']['such']"),
        ("$.a.b[5]", "Invalid path '$.a.b[5]' : No results for path: $['a']['b'][5]"),
        ("$.a.b[5].c", "Invalid path '$.a.b[5].c' : Missing property in path $['a']['b'][5]"),
        ("$$.No", "Invalid path '$$.No' : No results for path: $['No']"),
        ("$.k[0].x", "Invalid path '$.k[0].x' : Missing property in path $['k'][0]"),
        ("$nobody", "Invalid path '$nobody' : No results for path: $"),
        ("$order.no", "Invalid path '$order.no' : No results for path: $['no']"),
        ("$.a[", None),
    ],
)
def test_a_path_that_finds_nothing_is_told_in_the_words_of_aws(path, cause):
    with pytest.raises(StateError) as caught:
        select(path, DATA, SCOPE)
    assert caught.value.name == "States.Runtime"
    assert cause in (None, caught.value.cause)


def test_what_is_missing_can_be_asked_for():
    assert present("$.nothing", DATA, SCOPE) is MISSING
    assert present("$.n", DATA, SCOPE) is None


def test_a_search_that_takes_too_long_fails():
    wide = [[0] * 1000] * 1000
    with pytest.raises(StateError, match="looks at more than"):
        select("$..*", wide, SCOPE)


@pytest.mark.parametrize(
    ("text", "name", "cause"),
    [
        (
            "$.x",
            "States.Runtime",
            NOT_FOUND,
        ),
        (
            "States.Array($.x)",
            "States.Runtime",
            NOT_FOUND,
        ),
        (
            "States.ArrayLength($.k)",
            "States.IntrinsicFailure",
            "Argument must be an array in States.ArrayLength($.k)",
        ),
        (
            "States.Nothing()",
            "States.Runtime",
            "The value for the field 'value.$' must be a valid JSONPath or a valid intrinsic function call",
        ),
    ],
)
def test_a_query_that_fails_names_its_field(text, name, cause):
    with pytest.raises(StateError) as caught:
        query(text, "value.$", DATA, SCOPE)
    assert (caught.value.name, caught.value.cause) == (name, cause)


def test_a_query_may_be_a_path_or_a_call():
    assert query("$.a.b", "value.$", DATA, SCOPE) == [1, 2]
    assert query("States.Format('{}-{}', $order.id, $$.State.Name)", "v.$", DATA, SCOPE) == "7-Ask"


@pytest.mark.parametrize(
    ("path", "data", "output"),
    [
        (None, {"a": 1}, {"a": 1}),
        ("$", {"a": 1}, "R"),
        ("$.r", {"a": 1}, {"a": 1, "r": "R"}),
        ("$.a", {"a": 1}, {"a": "R"}),
        ("$.x.y.z", {"a": 1}, {"a": 1, "x": {"y": {"z": "R"}}}),
        ("$['x y']", {}, {"x y": "R"}),
        ("$.l[1]", {"l": [1, 2]}, {"l": [1, "R"]}),
        ("$.l[0].x", {"l": [{}, 2]}, {"l": [{"x": "R"}, 2]}),
        ("$[0]", [1], ["R"]),
    ],
)
def test_a_result_is_put_at_its_path(path, data, output):
    before = copy.deepcopy(data)
    assert put(path, "R", data) == output
    assert data == before


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("$.a.b", {"a": 1}),
        ("$.a.b", {"a": None}),
        ("$.a.b", {"a": []}),
        ("$.a", "text"),
        ("$.a", None),
        ("$.l[2]", {"l": [1, 2]}),
        ("$.l[0]", {}),
        ("$.l[0]", {"l": {}}),
    ],
)
def test_a_result_does_not_fit_where_something_is_in_the_way(path, data):
    with pytest.raises(StateError) as caught:
        put(path, "R", data)
    text = json.dumps(data, separators=(",", ":"))
    assert caught.value.name == "States.ResultPathMatchFailure"
    assert caught.value.cause == f"Unable to apply Reference Path {path} to input {text}"


@pytest.mark.parametrize("path", ["$.a[*]", "$..a", "$.a[-1]", "$$.a", "$name", "$.a[0,1]", "no"])
def test_a_result_path_leads_to_one_place_in_the_data(path):
    with pytest.raises(StateError) as caught:
        put(path, "R", {"a": [1]})
    assert caught.value.name == "States.Runtime"


keys = st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4)
objects = st.recursive(
    st.booleans(), lambda inner: st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=2)
)  # fmt: skip


@given(keys, objects)
def test_what_is_put_is_found_again(keys, data):
    path = "$." + ".".join(keys)
    with contextlib.suppress(StateError):
        output = put(path, "R", data)
        assert select(path, output, SCOPE) == "R"
        if isinstance(data, dict):
            assert all(output[key] == data[key] for key in data if key != keys[0])
