"""JSONPath as Jayway reads it: what paths find, what they refuse, what they cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.jsonpath import (
    LONGEST,
    MISSING,
    PathError,
    PathLimitError,
    compile_path,
)

STORE = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Sword", "price": 12.99},
            {"category": "fiction", "author": "Melville", "isbn": "0-553", "price": 8.99},
            {"category": "fiction", "author": "Tolkien", "isbn": "0-395", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "expensive": 10,
    "ärzte-liste": ["a", None],
    "n": None,
    "tags": ["new", "old"],
    "dc:date": [{"@id": 1, "dc:year": 2026}],
}
BOOKS = STORE["store"]["book"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", STORE),
        ("$.expensive", 10),
        ("expensive", 10),
        ("$['expensive']", 10),
        ('$["store"]["bicycle"].color', "red"),
        ("$.store.book[0].author", "Rees"),
        ("$.store.book[-1].author", "Tolkien"),
        ("$.store.book[(@.length-1)].author", "Tolkien"),
        ("$.store.book[ ( @.length - 4 ) ].author", "Rees"),
        ("$.store.book[(@.length-5)]", MISSING),
        ("$..book[(@.length-2)].author", ["Melville"]),
        ("$.ärzte-liste[0]", "a"),
        ("$.ärzte-liste[1]", None),
        ("$.n", None),
        ("$.dc:date[0].@id", 1),
        ("$.dc:date[?(@.dc:year==2026)].dc:year", [2026]),
        ("$.nowhere", MISSING),
        ("$.n.x", MISSING),
        ("$.store.book[9]", MISSING),
        ("$.store.book.title", MISSING),
        ("$.expensive[0]", MISSING),
        ("$['expensive', 'nowhere']", {"expensive": 10}),
        ("$['tags', 'expensive']", {"tags": ["new", "old"], "expensive": 10}),
        ("$['tags', 'expensive'][0]", ["new"]),
        ("$.store['bicycle', 'nowhere'].color", ["red"]),
        ("$.expensive['a', 'b']", MISSING),
        (
            "$..['author', 'isbn']",
            [
                {"author": "Melville", "isbn": "0-553"},
                {"author": "Tolkien", "isbn": "0-395"},
            ],
        ),
        (
            "$.store.book[2:]['author', 'isbn']",
            [
                {"author": "Melville", "isbn": "0-553"},
                {"author": "Tolkien", "isbn": "0-395"},
            ],
        ),
        ("$.store.book[0, 2].author", ["Rees", "Melville"]),
        ("$.store.book[1:3].author", ["Waugh", "Melville"]),
        ("$.store.book[:1].author", ["Rees"]),
        ("$.store.book[-2:].author", ["Melville", "Tolkien"]),
        ("$.store.book[::2].author", ["Rees", "Melville"]),
        ("$.store.book[*].author", ["Rees", "Waugh", "Melville", "Tolkien"]),
        ("$.store.bicycle.*", ["red", 19.95]),
        ("$..author", ["Rees", "Waugh", "Melville", "Tolkien"]),
        ("$..book[0].title", ["Sayings"]),
        ("$.store.*..price", [8.95, 12.99, 8.99, 22.99, 19.95]),
        ("$..['isbn']", ["0-553", "0-395"]),
        ("$.nowhere[*]", []),
        ("$..nowhere", []),
        ("$.store.book[?(@.isbn)].author", ["Melville", "Tolkien"]),
        ("$.store.book[?(!@.isbn)].author", ["Rees", "Waugh"]),
        ("$.store.book[?(@.price < 10)].author", ["Rees", "Melville"]),
        ("$.store.book[?(@.price <= $.expensive)].author", ["Rees", "Melville"]),
        ("$.store.book[?(@.price == 8.95)].title", ["Sayings"]),
        ("$.store.book[?(@.price == '8.95')].title", ["Sayings"]),
        ("$.store.book[?(@.price != 8.95 && @.price < 13)].author", ["Waugh", "Melville"]),
        ("$.store.book[?(@.author == 'Rees' || @['author'] == \"Waugh\")].price", [8.95, 12.99]),
        ("$.store.book[?(!(@.isbn && @.price > 20))].author", ["Rees", "Waugh", "Melville"]),
        ("$.store.book[?(@.author in ['Rees', 'X'])].price", [8.95]),
        ("$[?(@.tags subsetof ['new', 'old', 'x'])].expensive", [10]),
        ("$[?(@.tags subsetof ['new', 'x'])].expensive", []),
        ("$[?(@.tags anyof ['x', 'old'])].expensive", [10]),
        ("$[?(@.tags anyof ['x'])].expensive", []),
        ("$[?(@.tags noneof ['x'])].expensive", [10]),
        ("$[?(@.tags noneof ['x', 'old'])].expensive", []),
        ("$[?(@.expensive noneof ['x'])].expensive", []),
        ("$.store.book[?(@.category nin ['fiction'])].author", ["Rees"]),
        ("$.store.book[?(@.author =~ /T.*n/)].price", [22.99]),
        ("$.store.book[?(@.author =~ /tol.*/i)].price", [22.99]),
        ("$.store.book[?(@.author =~ /Tol/)].price", []),
        ("$.store.book[?(@.author contains 'ee')].price", [8.95]),
        ("$.store.book[?('Rees' == @.author)].price", [8.95]),
        ("$.store.bicycle[?(@.color == 'red')].price", [19.95]),
        ("$..[?(@.isbn == '0-395')].author", ["Tolkien"]),
        ("$[?(@.tags contains 'new')].expensive", [10]),
        ("$[?(@.tags size 2)].expensive", [10]),
        ("$[?(@.tags empty false)].expensive", [10]),
        ("$[?(@.tags == ['new', 'old'])].expensive", [10]),
        ("$[?(@.n == null)].expensive", [10]),
        ("$[?(@.nowhere == null)].expensive", []),
        ("$[?(@.store.bicycle < 3)].expensive", []),
    ],
)
def test_what_a_path_finds(path, found):
    assert compile_path(path).find(STORE) == found


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("$", ()),
        ("$.a['b c'][0]", ("a", "b c", 0)),
        ("$.a[(@.length-1)]", ("a", -1)),
        ("$.a[*]", None),
        ("$..a", None),
        ("$.a[0,1]", None),
        ("$.a[0:1]", None),
        ("$.a[?(@.b)]", None),
    ],
)
def test_definite_paths_tell_their_keys(path, keys):
    assert compile_path(path).keys == keys
    assert compile_path(path).definite is (keys is not None)


@pytest.mark.parametrize(
    ("path", "column", "message"),
    [
        ("$.", 3, "path not understood at the end"),
        ("$.a b", 4, "path not understood at  b"),
        ("$.a[", 5, "path not understood at the end"),
        ("$.a['x", 5, "path not understood at 'x"),
        ("$.a[1", 6, "path not understood at the end"),
        ("$.a[1;2]", 6, "path not understood at ;2]"),
        ("$...a", 4, "path not understood at .a"),
        ("$.a[(@.length-0)]", 5, "path not understood at (@.length-0)]"),
        ("$.a[::0]", 5, "a slice cannot have the step 0"),
        ("$.a.length()", 5, "functions are not part of paths here: length()"),
        ("$[?(@.a == )]", 12, "filter not understood at )]"),
        ("$[?(@.a == 1]", 13, "path not understood at ]"),
        ("$[?(@.a =~ 'x')]", 12, "filter not understood at 'x')]"),
        ("$[?(@.a =~ /(?=x)/)]", 12, "regular expression not usable"),
        ("$[?(@.a in [1 2])]", 15, "filter not understood at 2])]"),
        ("$[?(" + "(" * 30, 25, "filters nest deeper than 20"),
        ("$[?(" + "!" * 30, 25, "filters nest deeper than 20"),
        ("$" + ".a" * LONGEST, LONGEST + 1, f"path longer than {LONGEST} characters"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_a_path_refuses(path, column, message):
    with pytest.raises(PathError) as refused:
        compile_path(path)
    assert message in refused.value.message
    assert refused.value.column == column


def test_a_search_that_looks_at_too_much_is_stopped():
    document = []
    for _ in range(100):
        document = [document]
    with pytest.raises(PathLimitError):
        compile_path("$" + "..*" * 5).find(document)


@pytest.mark.parametrize("path", ["$[*]", "$..nowhere", "$[0:9]", "$[?(@ == 3)]"])
def test_whoever_searches_can_count_along(path):
    looked_at = []
    compile_path(path).find(list(range(50)), looked_at.append)
    assert 50 <= sum(looked_at) <= 500


def test_lists_that_are_compared_count_each_pair():
    with pytest.raises(PathLimitError):
        compile_path("$[?(@ anyof $[0])]").find([list(range(2000)), list(range(-2000, 0))])


def test_deep_documents_do_not_exhaust_the_stack():
    document = []
    for _ in range(5000):
        document = [document]
    assert len(compile_path("$..*").find(document)) == 5000
    other = [document]
    assert compile_path("$[?(@ == $[0])]").find([document, other]) == [document]


@given(st.text(alphabet="$@.[]'\"?()*:,0-9ab =<>!&|~/i \\", max_size=40))
def test_a_path_raises_nothing_but_path_errors(text):
    try:
        path = compile_path("$" + text)
    except PathError:
        return
    path.find(STORE)


@given(
    st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_every_place_of_a_document_is_found_by_its_own_path(document):
    places = [("$", document)]
    while places:
        text, value = places.pop()
        assert compile_path(text).find(document) == value
        if isinstance(value, dict):
            escaped = ((key.replace("\\", "\\\\").replace("'", "\\'"), key) for key in value)
            places += [(f"{text}['{name}']", value[key]) for name, key in escaped]
        elif isinstance(value, list):
            places += [(f"{text}[{index}]", item) for index, item in enumerate(value)]
