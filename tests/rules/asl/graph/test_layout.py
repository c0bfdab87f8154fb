"""What makes a picture readable: nothing overlaps, lines end at boxes and cross none."""

import json
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.asl.graph.layout import lay_out
from frontdesk.rules.asl.graph.outline import outline
from frontdesk.rules.asl.parse import parse_machine

MACHINES = sorted((Path(__file__).parent / "machines").glob("*.json"))
NEAR = 0.01


def overlap(one, other):
    return (
        one.x + one.width > other.x + NEAR
        and other.x + other.width > one.x + NEAR
        and one.y + one.height > other.y + NEAR
        and other.y + other.height > one.y + NEAR
    )


def holds(outer, inner):
    return (
        outer.x - NEAR <= inner.x
        and outer.y - NEAR <= inner.y
        and inner.x + inner.width <= outer.x + outer.width + NEAR
        and inner.y + inner.height <= outer.y + outer.height + NEAR
    )


def on_border(box, stop):
    sideways = abs(stop.x - box.x - box.width) < NEAR and box.y <= stop.y <= box.y + box.height
    level = min(abs(stop.y - box.y), abs(stop.y - box.y - box.height)) < NEAR
    return sideways or (level and box.x - NEAR <= stop.x <= box.x + box.width + NEAR)


def crosses(stops, thing):
    """Tell whether a wire passes through: its bends have their heights between those of their ends."""
    for begin, end in pairwise(stops):
        left, right = sorted((begin.x, end.x))
        top, bottom = sorted((begin.y, end.y))
        if (
            right > thing.x + NEAR
            and left < thing.x + thing.width - NEAR
            and bottom > thing.y + NEAR
            and top < thing.y + thing.height - NEAR
        ):
            return True
    return False


def assert_readable(document):
    picture = lay_out(outline(parse_machine(document)))
    named = {box.state: box for box in picture.boxes}
    assert len(named) == len(picture.boxes)
    for one, other in combinations([*picture.boxes, *picture.labels], 2):
        if overlap(one, other):
            group, inner = (one, other) if getattr(one, "group", False) else (other, one)
            assert group.group, (one, other)
            assert holds(group, inner), (one, other)
    for thing in [*picture.boxes, *picture.labels, *picture.frames]:
        assert thing.x >= -NEAR
        assert thing.y >= -NEAR
        assert thing.x + thing.width <= picture.width + NEAR
        assert thing.y + thing.height <= picture.height + NEAR
    for wire in picture.wires:
        source, target = named[wire.edge.source], named[wire.edge.target]
        assert on_border(source, wire.stops[0]), wire
        assert on_border(target, wire.stops[-1]), wire
        for box in picture.boxes:
            around = box.group and (holds(box, source) or holds(box, target))
            assert around or not crosses(wire.stops, box), (wire, box)
        for label in picture.labels:
            own = label.text == "; ".join(wire.edge.labels)
            assert own or not crosses(wire.stops, label), (wire, label)
    return picture


@pytest.mark.parametrize("path", MACHINES, ids=[path.stem for path in MACHINES])
def test_the_machines_are_readable(path):
    assert_readable(json.loads(path.read_text()))


@st.composite
def machines(draw, depth=2, prefix="S"):
    """Make machines whose states are all reachable: each is left for the next and for any others."""
    count = draw(st.integers(1, 7))
    names = [f"{prefix}{at}" for at in range(count)]
    states = {}
    for at, name in enumerate(names):
        others = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        step = {"End": True} if at == count - 1 else {"Next": names[at + 1]}
        kind = draw(st.sampled_from(("Choice", "Task", "Parallel", "Map")))
        if kind == "Choice" and at < count - 1:
            test = {"Variable": f"$.{name}" + "x" * draw(st.integers(0, 40)), "IsNull": True}
            rules = [{**test, "Next": other} for other in (*others, names[-1])]
            states[name] = {"Type": "Choice", "Choices": rules, "Default": names[at + 1]}
            continue
        catch = [{"ErrorEquals": [f"E{other}"], "Next": other} for other in others]
        inner = f"{name}-"
        if kind == "Parallel" and depth:
            branches = [
                draw(machines(depth=depth - 1, prefix=f"{inner}{branch}-"))
                for branch in range(draw(st.integers(1, 3)))
            ]
            states[name] = {"Type": "Parallel", "Branches": branches, "Catch": catch, **step}
        elif kind == "Map" and depth:
            processor = draw(machines(depth=depth - 1, prefix=inner))
            states[name] = {"Type": "Map", "ItemProcessor": processor, "Catch": catch, **step}
        else:
            resource = "arn:aws:states:::lambda:invoke"
            states[name] = {"Type": "Task", "Resource": resource, "Catch": catch, **step}
    return {"StartAt": names[0], "States": states}


@settings(deadline=None, max_examples=60)
@given(machines())
def test_any_machine_is_readable(document):
    assert_readable(document)


@settings(deadline=None, max_examples=20)
@given(machines(depth=1))
def test_one_machine_has_one_picture(document):
    machine = parse_machine(document)
    assert lay_out(outline(machine)) == lay_out(outline(machine))


def test_ways_of_planar_machines_do_not_cross():
    """Straight over, each on its own way, whatever the order of the file says."""
    rules = [{"Variable": "$.n", "NumericEquals": at, "Next": f"B{at}"} for at in range(5)]
    states = {"A": {"Type": "Choice", "Choices": rules}}
    states |= {f"B{at}": {"Type": "Pass", "Next": f"C{at}"} for at in (3, 1, 4, 0, 2)}
    states |= {f"C{at}": {"Type": "Succeed"} for at in (2, 0, 4, 1, 3)}
    picture = assert_readable({"StartAt": "A", "States": states})
    middle = {box.state: box.x + box.width / 2 for box in picture.boxes}
    for at in range(5):
        assert middle[f"B{at}"] == pytest.approx(middle[f"C{at}"], abs=1)


def test_a_way_back_is_at_the_right_of_its_states():
    states = {
        "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Done?"},
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Good"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Ask"},
        "Good": {"Type": "Succeed"},
    }
    picture = assert_readable({"StartAt": "Ask", "States": states})
    (back,) = (wire for wire in picture.wires if wire.up)
    boxes = {box.state: box for box in picture.boxes}
    assert (back.edge.source, back.edge.target) == ("Wait", "Ask")
    assert back.stops[0].x == boxes["Wait"].x + boxes["Wait"].width
    assert back.stops[-1].x == boxes["Ask"].x + boxes["Ask"].width
    assert back.stops[-1].y < back.stops[0].y
