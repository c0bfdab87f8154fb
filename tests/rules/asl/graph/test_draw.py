"""Pictures of twenty machines, kept as they were when somebody looked at them.

After a change that is meant: frontdesk states graph machines/NAME.json -o pictures/NAME.svg, and look.
"""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from frontdesk.rules.asl.graph import draw
from frontdesk.rules.asl.graph.draw import MOST_STATES, GraphError
from frontdesk.rules.asl.parse import parse_machine

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "machines").glob("*.json"))
SVG = "{http://www.w3.org/2000/svg}"


def picture(name):
    document = json.loads((HERE / "machines" / f"{name}.json").read_text())
    return draw(parse_machine(document), title=name)


def test_there_are_twenty():
    assert len(NAMES) >= 20
    assert "vendor-retry" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_pictures_stay_as_they_were(name):
    assert picture(name) == (HERE / "pictures" / f"{name}.svg").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_every_state_and_way_is_told_to_who_cannot_see(name):
    root = ET.fromstring(picture(name))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == name
    told = root.find(f"{SVG}desc").text
    document = json.loads((HERE / "machines" / f"{name}.json").read_text())
    for state in document["States"]:
        assert re.sub("[\x00-\x08]", "�", state) in told


def test_names_are_texts_and_never_markup():
    found = picture("markup-in-names")
    assert "<script" not in found
    assert "<b>" not in found
    elements = {one.tag.removeprefix(SVG) for one in ET.fromstring(found).iter()}
    assert elements <= {
        "svg",
        "title",
        "desc",
        "style",
        "rect",
        "g",
        "text",
        "path",
        "polygon",
        "circle",
    }


def test_dark_pages_have_colours_of_their_own():
    style = ET.fromstring(picture("one-state")).find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    assert ".paper{fill:#ffffff}" in light
    assert ".paper{fill:#16181d}" in dark


def test_a_line_that_ways_share_is_there_once():
    paths = re.findall(r' d="([^"]+)"', picture("skips"))
    pieces = [piece for path in paths for piece in re.findall(r"[LC][^MLC]+", path)]
    vertical = [piece for piece in pieces if piece.startswith("C")]
    assert len(vertical) == len(set(vertical))


def test_too_many_states_are_refused():
    states = {f"S{at}": {"Type": "Pass", "Next": f"S{at + 1}"} for at in range(MOST_STATES)}
    states[f"S{MOST_STATES}"] = {"Type": "Succeed"}
    with pytest.raises(GraphError, match="too many states for a picture, of which 500 fit: 502"):
        draw(parse_machine({"StartAt": "S0", "States": states}), title="")
