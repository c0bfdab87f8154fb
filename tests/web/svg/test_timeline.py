"""Timelines: a row for each stay, a bar for each attempt, nothing of others as markup."""

import re
import xml.etree.ElementTree as ET

import pytest

from frontdesk.web.svg.timeline import MOST_ROWS, timeline

SVG = "{http://www.w3.org/2000/svg}"


def visit(state="Pay", entered=100.0, left=104.0, outcome="succeeded", attempts=(), depth=0):
    tried = [{"began": began, "ended": ended, "error": error} for began, ended, error in attempts]
    return {
        "state": state, "entered": entered, "left": left, "outcome": outcome, "attempts": tried, "depth": depth,
    }  # fmt: skip


def drawn(visits, began=100.0, until=110.0, **named):
    return ET.fromstring(str(timeline(visits, began, until, **named)))


def bars(root, kind):
    return [
        (float(one.get("x")), float(one.get("width")))
        for one in root.iter("rect")
        if one.get("class") == kind
    ]


def test_a_stay_is_a_row_and_each_attempt_a_bar_within_it():
    root = drawn([visit(attempts=[(100.0, 101.0, "Busy"), (103.0, 104.0, "")])])
    ((x, wide),) = bars(root, "stay")
    first, second = bars(root, "attempt")
    assert first[0] == x
    assert second[0] + second[1] == pytest.approx(x + wide, abs=0.2)
    titles = [one.text for one in root.iter("title")]
    assert titles == ["Pay: succeeded, 4 s", "attempt 1: 1 s Busy", "attempt 2: 1 s"]


def test_what_goes_on_reaches_to_the_edge_and_what_failed_does_not():
    root = drawn(
        [
            visit(left=None, outcome="running"),
            visit(left=None, outcome="failed", attempts=[(100.0, 102.0, "E")]),
        ]
    )
    (going, whole), (_, failed) = bars(root, "stay")
    assert failed == pytest.approx(whole * 0.2, abs=0.2)
    assert going + whole == pytest.approx(930.0)
    assert "10 s …" in "".join(root.itertext())


def test_the_state_that_is_looked_at_is_marked_and_each_is_a_link():
    root = drawn([visit("A & B"), visit("C")], state="C")
    links = [(one.get("href"), one.get("aria-current")) for one in root.iter("a")]
    assert links == [("?state=A%20%26%20B", None), ("?state=C", "true")]


def test_names_and_errors_are_texts():
    evil = "\"><script>alert('x')</script>"
    svg = str(timeline([visit(evil, attempts=[(100.0, 101.0, evil)])], 100.0, 101.0))
    assert "<script" not in svg
    assert not re.search(r"\sstyle=", svg)


@pytest.mark.parametrize("seconds", [0.0, 0.004, 3.0, 45.0, 400.0, 90_000.0, 4e7])
def test_lines_stand_at_round_times_and_are_few(seconds):
    root = drawn([visit(left=100.0 + seconds)], until=100.0 + seconds)
    lines = [one for one in root.iter("path") if one.get("class") == "grid"]
    assert 1 <= len(lines) <= 12


def test_of_many_stays_the_last_are_drawn():
    root = drawn([visit(f"S{at}") for at in range(MOST_ROWS + 5)])
    assert len(list(root.iter("a"))) == MOST_ROWS
    assert drawn([]).get("viewBox")
