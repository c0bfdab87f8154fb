"""Paths of the Amazon States Language: where they start and what they find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.jsonpath import LONGEST, MISSING, PathError
from frontdesk.rules.lang.states_path import Root, compile_states_path, read_states_path

DATA = {"a": {"b": [10, 20]}, "n": None}
CONTEXT = {"State": {"Name": "Ask"}}
VARIABLES = {"order": {"id": 7, "lines": [{"n": 1}, {"n": 2}]}, "überall": 1, "none": None}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", DATA),
        ("$.a.b[1]", 20),
        ("$.a.b[-1]", 20),
        ("$.n", None),
        ("$.nothing", MISSING),
        ("$..b", [[10, 20]]),
        ("$$", CONTEXT),
        ("$$.State.Name", "Ask"),
        ("$$['State']", {"Name": "Ask"}),
        ("$$.Nothing", MISSING),
        ("$order", VARIABLES["order"]),
        ("$order.id", 7),
        ("$order.lines[*].n", [1, 2]),
        ("$order['lines'][0]", {"n": 1}),
        ("$order.nothing", MISSING),
        ("$überall", 1),
        ("$none", None),
        ("$nobody", MISSING),
        ("$nobody[*]", MISSING),
    ],
)
def test_a_path_finds(text, found):
    assert compile_states_path(text).find(DATA, CONTEXT, VARIABLES) == found


@pytest.mark.parametrize(
    ("text", "root", "name"),
    [
        ("$.a", Root.DATA, ""),
        ("$$.a", Root.CONTEXT, ""),
        ("$a.b", Root.VARIABLE, "a"),
    ],
)
def test_a_path_tells_where_it_starts(text, root, name):
    path = compile_states_path(text)
    assert (path.root, path.name, path.text) == (root, name, text)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("$", True),
        ("$.a[0]['b c']", True),
        ("$name.a", True),
        ("$.a[-1]", False),
        ("$.a[*]", False),
        ("$..a", False),
        ("$.a[0,1]", False),
        ("$.a[1:2]", False),
        ("$.a[?(@.b)]", False),
    ],
)
def test_a_reference_path_leads_to_one_place(text, reference):
    assert compile_states_path(text).is_reference is reference


@pytest.mark.parametrize("text", ["", "a.b", "$.", "$.a b", "$1", "$$$", "$.a[", "$.a" * LONGEST])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(PathError):
        compile_states_path(text)


def test_reading_stops_where_the_path_ends():
    path, end = read_states_path("f($order.id, 1)", 2)
    assert (path.text, end) == ("$order.id", 11)


@given(st.text(alphabet="$.[]'ab*?(@)0-, ", max_size=25))
def test_no_text_raises_anything_else(text):
    try:
        path = compile_states_path(text)
    except PathError:
        return
    path.find(DATA, CONTEXT, {"a": DATA})
