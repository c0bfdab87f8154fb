"""Regular expressions that users give: Java's syntax, as far as it runs in linear time."""

import pytest

from frontdesk.rules.lang.patterns import LONGEST, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"4\d{2}", "404"),
        (r"(?i)ada", "ADA"),
        (r"(?s).*end", "line\nend"),
        (r".*\QTask timed out\E.*", "2026 Task timed out after 3.00 seconds"),
        (r"(?<year>\d+)-\w+", "2026-x"),
        (r"\p{Lu}é", "Éé"),
    ],
)
def test_what_matches(pattern, text):
    assert compile_pattern(pattern).fullmatch(text)
    assert not compile_pattern(pattern).fullmatch("no " + text[:1])


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("a++", "bad repetition operator"),
        ("(", "missing )"),
        ("a" * (LONGEST + 1), f"longer than {LONGEST} characters"),
    ],
    ids=lambda value: value[:10],
)
def test_what_is_refused(pattern, reason, capfd):
    with pytest.raises(PatternError, match="regular expression") as refused:
        compile_pattern(pattern)
    assert reason in refused.value.message
    assert capfd.readouterr() == ("", "")


def test_an_expression_that_would_backtrack_for_ever_answers():
    assert not compile_pattern("(a+)+b").fullmatch("a" * 100_000)
