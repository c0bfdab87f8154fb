"""Which integration response an answer takes."""

import pytest

from frontdesk.rules.lang.patterns import PatternError
from frontdesk.rules.rest.selection import Responses


@pytest.mark.parametrize(
    ("patterns", "said", "expected"),
    [
        (["default", "4\\d{2}"], "404", "4\\d{2}"),
        (["default", "4\\d{2}"], "200", "default"),
        (["4\\d"], "404", None),
        (["40", "default"], "404", "default"),
        ([".*four hundred.*", ".+", "default"], "say four hundred!", ".*four hundred.*"),
        ([".*four hundred.*", ".+", "default"], "another", ".+"),
        ([".+"], "two\nlines", None),
        (["(.|\\n)+"], "two\nlines", "(.|\\n)+"),
        ([".+", "default"], "", "default"),
        ([], "200", None),
    ],
)
def test_all_of_a_text_must_fit(patterns, said, expected):
    assert Responses([(each, each) for each in patterns]).select(said) == expected


def test_a_pattern_that_could_take_for_ever_is_refused():
    with pytest.raises(PatternError):
        Responses([("(?=a)a", 1)])


def test_time_grows_with_the_text_and_no_faster():
    assert Responses([("(a+)+b", 1)]).select("a" * 50_000) is None
