"""What targets of rules get of an event."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.events.event_bus import InputError, Matched, constant, part, transformed, whole

EVENT = {
    "version": "0",
    "id": "e-1",
    "source": "desk",
    "time": "2026-03-04T05:06:07Z",
    "detail": {"text": 'a "b" \\ <c>', "n": 5, "list": [1, {"x": 2}], "nothing": None},
}
MATCHED = Matched(EVENT, "arn:aws:events:eu-west-1:123456789012:rule/side/all", 1_772_600_767.5)


def _made(make):
    return json.loads(make(MATCHED))


def test_a_target_gets_the_whole_a_part_or_something_fixed():
    assert _made(whole) == EVENT
    assert _made(part("$.detail.list[1].x")) == 2
    assert _made(part("$")) == EVENT
    assert _made(part("$.detail.none")) is None
    assert _made(constant({"a": 1})) == {"a": 1}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": <n>, "b": "<n>"}', {"a": 5, "b": "5"}),
        ('{"a": <text>, "b": "in <text>"}', {"a": 'a "b" \\ <c>', "b": 'in a "b" \\ <c>'}),
        ('{"a": <list>, "b": "<list>"}', {"a": [1, {"x": 2}], "b": '[1,{"x":2}]'}),
        ('{"a": <nothing>, "b": <none>, "c": "<none>"}', {"a": None, "b": "", "c": ""}),
        ('"the \\"<n>\\" of <text>"', 'the "5" of a "b" \\ <c>'),
        ("<n> of <text>", '5 of "a \\"b\\" \\\\ <c>"'),
        ("<list>", [1, {"x": 2}]),
        ('{"r": <aws.events.rule-name>}', {"r": "all"}),
        ("<aws.events.rule-arn>", MATCHED.rule),
        ("<aws.events.event.json>", EVENT),
        ("<aws.events.event>", {name: EVENT[name] for name in EVENT if name != "detail"}),
        ("<aws.events.event.ingestion-time>", "2026-03-04T05:06:07Z"),
        ("{}", {}),
    ],
)
def test_a_template_is_filled(template, made):
    paths = {name: f"$.detail.{name}" for name in ("text", "n", "list", "nothing", "none")}
    assert _made(transformed(paths, template)) == made


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_every_value_makes_json_of_itself_and_its_text(value):
    event = {"detail": {"v": value}}
    make = transformed({"v": "$.detail.v"}, '{"a": <v>, "b": "<v>"}')
    made = json.loads(make(Matched(event, "arn:aws:events:r:a:rule/x", 0.0)))
    assert made["a"] == value
    assert made["b"] == value if isinstance(value, str) else json.loads(made["b"]) == value


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: part("detail"), "a path such as"),
        (lambda: part("$..id"), "names one place"),
        (lambda: part("$.a["), "a path such as"),
        (lambda: transformed({}, "<a>"), "<a> is among its paths"),
        (lambda: transformed({"a b": "$.a"}, "x"), "a name of letters"),
        (lambda: transformed({"aws.x": "$.a"}, "x"), "a name of letters"),
    ],
)
def test_what_makes_no_input_is_refused(make, told):
    with pytest.raises(InputError, match=told):
        make()
