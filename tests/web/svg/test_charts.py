"""Charts: what they say in words, that they are well-formed, and that nothing in them is markup of others."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.web.svg.charts import Line, bars, legend, lines, spark

NASTY = '"><script>alert(1)</script>&'
TIMES = [0.0, 60.0, 120.0]


def parsed(markup):
    return ET.fromstring(str(markup).replace("<svg", '<svg xmlns="x"', 1))


@pytest.mark.parametrize("draw", [lines, bars])
def test_a_chart_says_what_it_shows(draw):
    drawn = [Line("ok", [1, 2, 3]), Line("failed", [0, None, 1], "bad")]
    chart = draw(TIMES, drawn, title="Requests", write=lambda value: f"{value:g}/s")
    assert parsed(chart).attrib["aria-label"] == "Requests: ok 3/s, failed 1/s"
    assert "of-bad" in chart
    assert "style" not in chart


@pytest.mark.parametrize("draw", [lines, bars])
def test_nothing_to_show_is_said(draw):
    assert (
        ": no data" in parsed(draw([], [Line("a", [])], title="x", write=str)).attrib["aria-label"]
    )


@pytest.mark.parametrize("draw", [lines, bars])
def test_words_stand_beside_what_is_stretched(draw):
    chart = draw(TIMES, [Line("a", [1, 2, 3])], title="x", write=lambda value: f"{value:g}/s")
    values, picture, times = parsed(chart)
    assert [each.text for each in values] == ["4/s", "2/s", "0/s"]
    assert [each.text for each in times] == ["00:00", "00:01", "00:02"]
    assert picture.attrib["preserveAspectRatio"] == "none"
    assert "{x}text" not in {each.tag for each in picture.iter()}


def test_bars_stand_beside_each_other_in_the_picture():
    chart = bars(TIMES, [Line("a", [1, 2, 3]), Line("b", [1, 0, 1])], title="x", write=str)
    found = [
        (float(bar.attrib["x"]), float(bar.attrib["width"]))
        for bar in parsed(chart).iter("{x}rect")
    ]
    assert found == [(20, 160), (20, 160), (220, 160), (420, 160), (420, 160)]


def test_a_gap_parts_a_line():
    times = [60.0 * minute for minute in range(5)]
    chart = lines(times, [Line("a", [1, 2, None, 2, 3])], title="x", write=str)
    assert chart.count('class="line"') == 2


@pytest.mark.parametrize(
    "draw_one",
    [
        lambda values: lines(TIMES, [Line("a", values)], title="x", write=str),
        lambda values: spark(values, title="x"),
    ],
    ids=["lines", "spark"],
)
def test_a_value_between_gaps_is_a_dot(draw_one):
    chart = draw_one([1, None, 2])
    dots = [path for path in parsed(chart).iter() if path.attrib.get("class") == "line dot"]
    assert len(dots) == 2
    assert all(
        len({*dot.attrib["d"][1:].split("L")}) == 1 and "L" in dot.attrib["d"] for dot in dots
    )


@pytest.mark.parametrize("draw", [lines, bars])
def test_names_are_no_markup(draw):
    chart = draw(TIMES, [Line(NASTY, [1, 2, 3])], title=NASTY, write=lambda _: NASTY)
    parsed(chart)
    assert "<script" not in chart + legend([Line(NASTY, [])]) + spark([1], title=NASTY)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e15)), min_size=1, max_size=30))
def test_whatever_is_measured_stays_in_the_picture(values):
    times = [float(index) for index in range(len(values))]
    for path in parsed(lines(times, [Line("a", values)], title="x", write=str)).iter("{x}path"):
        numbers = [
            float(each)
            for each in path.attrib["d"]
            .replace("Z", "")
            .replace("H", " ")
            .replace("L", " ")
            .replace("M", " ")
            .split()
        ]
        assert all(-0.1 <= number <= 600.1 for number in numbers)
