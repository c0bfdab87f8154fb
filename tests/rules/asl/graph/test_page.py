"""Pictures as parts of pages: no style and no script of their own, a link on each state, outcomes as classes."""

import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs

import pytest

from frontdesk.rules.asl.graph.draw import lay
from frontdesk.rules.asl.graph.marks import SIGNS, marks
from frontdesk.rules.asl.parse import parse_machine
from tests.rules.asl.graph.played import EXECUTIONS
from tests.rules.asl.graph.test_draw import HERE, NAMES, SVG


def states(svg):
    found = ET.fromstring(svg)
    return {one.get("data-state"): one for one in found.iter(f"{SVG}a")}


@pytest.mark.parametrize("name", NAMES)
def test_each_state_is_a_link_to_itself_and_nothing_is_styled(name):
    document = json.loads((HERE / "machines" / f"{name}.json").read_text())
    laid = lay(parse_machine(document))
    svg = laid.page_svg(name)
    assert {one.tag.removeprefix(SVG) for one in ET.fromstring(svg).iter()} <= {
        "svg", "title", "desc", "rect", "g", "a", "text", "path", "polygon", "circle",
    }  # fmt: skip
    assert not re.search(r"\s(style|on\w+)=", re.sub(r'"[^"]*"', '""', svg))
    links = [parse_qs(one.get("href").removeprefix("?"))["state"] for one in states(svg).values()]
    assert sorted(links) == sorted([state] for state in laid.states)


@pytest.mark.parametrize("name", EXECUTIONS)
def test_outcomes_are_classes_with_a_sign_and_words(name):
    scene = EXECUTIONS[name]()
    told = marks(scene.progress)
    for state, one in states(lay(parse_machine(scene.definition)).page_svg("", scene.progress)).items():  # fmt: skip
        outcome = told[state].outcome if state in told else "unreached"
        texts = {each.get("class"): each.text or "" for each in one.iter(f"{SVG}text")}
        assert one.get("class").split()[2] == outcome
        assert texts["sign"] == SIGNS[outcome]
        assert texts["counts"] == (told[state].counts if state in told else "")
        assert texts["time"] == (told[state].time if state in told else "")


def test_an_attempt_that_waits_says_which_it_is():
    scene = EXECUTIONS["seed-retries"]()
    svg = lay(parse_machine(scene.definition)).page_svg("", scene.progress)
    (retrying,) = [one for one in states(svg).values() if "retrying" in one.get("class")]
    assert re.match(r"attempt \d of \d", retrying.find(f"{SVG}text[@class='counts']").text)
