"""Pictures of executions, kept as they were when somebody looked at them; nothing is told by colour alone.

After a change that is meant: python -m tests.rules.asl.graph.test_executions, and look.
"""

import re
import xml.etree.ElementTree as ET

import pytest

from frontdesk.rules.asl.graph import draw
from frontdesk.rules.asl.graph.marks import SIGNS, WORDS
from frontdesk.rules.asl.parse import parse_machine
from tests.rules.asl.graph.played import EXECUTIONS, HERE

SVG = "{http://www.w3.org/2000/svg}"


def picture(name):
    scene = EXECUTIONS[name]()
    return draw(parse_machine(scene.definition), title=name, progress=scene.progress)


def states(found):
    """The outcome and the title of each state's box, by name."""
    boxes = [one for one in ET.fromstring(found).iter(f"{SVG}g") if "state" in one.get("class", "")]
    told = {}
    for box in boxes:
        title = box.find(f"{SVG}title").text
        told[title.partition(":")[0]] = (box.get("class").split()[-1], title)
    return told


@pytest.mark.parametrize("name", EXECUTIONS)
def test_pictures_stay_as_they_were(name):
    assert picture(name) == (HERE / "executions" / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", EXECUTIONS)
def test_an_execution_moves_nothing_on_the_picture_of_its_machine(name):
    plain = draw(parse_machine(EXECUTIONS[name]().definition), title=name)
    places = [
        re.findall(r'<rect class="(?:box|group|frame)"[^>]*>|<path[^>]*>', one)
        for one in (plain, picture(name))
    ]
    assert places[0] == places[1]


@pytest.mark.parametrize("name", EXECUTIONS)
def test_every_outcome_has_words_a_sign_and_a_row_of_the_legend(name):
    found = picture(name)
    root = ET.fromstring(found)
    legend = " ".join(root.find(f"{SVG}g[@class='legend']").itertext())
    told = root.find(f"{SVG}desc").text
    for state, (outcome, title) in states(found).items():
        word = WORDS.get(outcome, outcome)
        assert word in title
        assert word in legend
        assert state in told
    signs = [
        (one.get("class").split()[1], one.find(f"{SVG}text").text or "")
        for one in root.iter(f"{SVG}g")
        if one.get("class", "").startswith("mark ")
    ]
    assert signs
    assert all(sign == SIGNS[outcome] for outcome, sign in signs)


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        (
            "map-with-failures",
            {"Each order": "failed", "Price": "aborted", "Bill": "failed", "Report": "unreached"},
        ),
        ("map-runs", {"Each order": "running", "Price": "running", "Bill": "retrying"}),
        ("redriven", {"Each order": "running", "Price": "running", "Bill": "succeeded"}),
        (
            "parallel-aborted",
            {"Enrich": "caught", "Scored": "succeeded", "Address": "failed", "Load": "aborted", "Sorry": "failed"},
        ),
        ("stopped", {"Enrich": "aborted", "Credit": "aborted", "Address": "succeeded"}),
        ("saga-failed", {"Book car": "caught", "Cancel hotel": "succeeded", "Nothing booked": "failed"}),
        ("seed-waits", {"Proxy 1": "succeeded", "Wait": "waiting", "Proxy 2": "unreached"}),
        ("seed-retries", {"Proxy 1": "retrying"}),
        ("token-waits", {"Ask a person": "waiting", "Remind": "succeeded"}),
    ],
)  # fmt: skip
def test_states_have_the_outcome_that_they_came_to(name, outcomes):
    found = {state: outcome for state, (outcome, _) in states(picture(name)).items()}
    assert {state: found[state] for state in outcomes} == outcomes


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("seed-succeeded", "Proxy 1: Task · lambda:invoke · retries. succeeded; 3 attempts; 6.8 s; errors: Lambda.TooManyRequestsException (2 times)"),
        ("seed-waits", "Wait: Wait · 5 s. waiting; until 2026-03-19 08:00:05 UTC"),
        ("seed-retries", "Proxy 1: Task · lambda:invoke · retries. waits to retry; attempt 4 of 7; until 2026-03-19 08:00:14 UTC; errors: Lambda.TooManyRequestsException (3 times)"),
        ("map-with-failures", "Each order: Map. failed; 2/5 items"),
        ("token-waits", "Ask a person: Task · sqs:sendMessage.waitForTaskToken. waiting; entered 2 times; at most 10 m; errors: States.Timeout"),
    ],
)  # fmt: skip
def test_titles_tell_attempts_times_items_and_errors(name, title):
    assert title in [told for _, told in states(picture(name)).values()]


def test_errors_and_titles_are_texts_and_never_markup():
    scene = EXECUTIONS["seed-waits"]()
    scene.timer().no("Proxy 2", "<script>alert(1)</script>")
    found = draw(parse_machine(scene.definition), title="<b>", progress=scene.progress)
    assert "<script" not in found
    assert "errors: <script>alert(1)</script>" in "".join(ET.fromstring(found).itertext())


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Of WCAG 2: from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", ["light", "dark"])
def test_all_texts_can_be_read_on_their_colours(page):
    style = ET.fromstring(picture("seed-waits")).find(f"{SVG}style").text
    base, middle, marks = style.split("@media (prefers-color-scheme:dark)")
    dark, _, light = middle.partition("}}")
    rules = base + light if page == "light" else dark + marks
    fills = dict(re.findall(r"\.sg \.(\w+)>\.box[^{]*\{fill:(#\w+)", rules))
    signs = dict(re.findall(r"\.sg \.(\w+) \.pill[^{]*\{fill:(#\w+)", rules))
    of = {name: re.search(rf"\.sg \.{name}\{{fill:(#\w+)", rules)[1] for name in ("name", "detail")}
    on_signs = re.search(r"\.sg \.mark text\{fill:(#\w+)", rules)[1]
    assert len(fills) == len(SIGNS) - 1
    for outcome, fill in fills.items():
        assert min(contrast(text, fill) for text in of.values()) >= 4.5, outcome
        assert contrast(on_signs, signs[outcome]) >= 4.5, outcome


if __name__ == "__main__":
    for name in EXECUTIONS:
        (HERE / "executions" / f"{name}.svg").write_text(picture(name))
