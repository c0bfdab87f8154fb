"""The tree of a file: paths that are known, matched, merged and written."""

import pytest

from frontdesk.config.tree import Patterns, Places, dotted
from frontdesk.config.yaml_source import read_yaml


def tree_of(text, file="f.yaml"):
    tree, findings = read_yaml(text.encode(), file)
    assert findings == []
    return tree


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (("a", "b"), ("a", "b")),
        (("a", "x", "b"), ("a", "b")),
        (("a", 0, "b"), ("a", "b")),
        (("list", 1), ("list", 1)),
        (("list", 7), ("list",)),
        (("short", 0, "rate"), ("short",)),
        (("auth", "function", "cache"), ("auth", "cache")),
        (("auth", "function", "function"), ("auth", "function")),
        (("auth", "jwt", "issuer"), ("auth",)),
        ((), ()),
    ],
)
def test_the_known_part_of_a_path_leads_as_far_as_the_file_does(path, known):
    tree = tree_of("a: {b: 1}\nlist: [1, 2]\nshort: 5/s\nauth: {function: f, cache: 1}\n")
    assert tree.known(path) == known


def test_a_star_matches_any_key_and_index():
    tree = tree_of("a: {x: {k: 1}, y: {k: 2}, z: 3}\nb: [{k: 4}]")
    assert list(tree.match(("a", "*", "k"))) == [(("a", "x", "k"), 1), (("a", "y", "k"), 2)]
    assert list(tree.match(("b", "*", "k"))) == [(("b", 0, "k"), 4)]
    assert list(tree.match(("a", "*", "*", "k"))) == []


MIXED = "a: {x: {k: 1, '*': 2}, y: {k: [3]}, z: 3}\nb: [{k: 4}, 5]\nc: {'*': {k: 6}}\n"
PATTERNS = (
    ("a",),
    ("a", "*"),
    ("a", "*", "k"),
    ("a", "x", "k"),
    ("a", "*", "k", "*"),
    ("b", "*", "k"),
    ("c", "*", "k"),
    ("d", "*"),
    ("*",),
)


def test_several_patterns_are_found_in_one_walk_as_each_alone():
    tree = tree_of(MIXED)
    together = list(Patterns((pattern, pattern) for pattern in PATTERNS).match(tree))
    for pattern in PATTERNS:
        alone = list(tree.match(pattern))
        assert [(path, value) for of, path, value in together if of == pattern] == alone
    assert len(together) == sum(len(list(tree.match(pattern))) for pattern in PATTERNS)


def test_one_pattern_may_stand_for_several_things():
    found = Patterns([(("a", "z"), "one"), (("a", "z"), "other")]).match(tree_of(MIXED))
    assert list(found) == [("one", ("a", "z"), 3), ("other", ("a", "z"), 3)]


@pytest.mark.parametrize(
    "path",
    [("a",), ("a", "x", "k"), ("a", "x"), ("b", 1), ("b", 0, "k"), ("a", "none"), ("no", "k")],
)
def test_places_are_those_of_the_tree_whatever_was_asked_before(path):
    tree = tree_of(MIXED)
    places = Places(tree)
    for asked in (path, ("a", "y", "k"), path, ("c",), path):
        assert places.place(*asked) == tree.place(asked)


def test_merging_adds_and_tells_what_both_say():
    tree, later = tree_of("a: {b: 1}\nc: 2"), tree_of("a: {d: 3}\nc: 4\ne: 5", "g.yaml")
    doubled = list(tree.merge(later))
    assert tree.value == {"a": {"b": 1, "d": 3}, "c": 2, "e": 5}
    assert [(path, str(where)) for path, where in doubled] == [(("c",), "g.yaml:2:1")]
    assert str(tree.position(("a", "d"))) == "g.yaml:1:8"


def test_paths_are_written_with_dots_and_brackets():
    assert dotted(("apis", "a", "routes", "GET /", "scopes", 0)) == "apis.a.routes.GET /.scopes[0]"
    assert dotted(()) == ""
