"""How an execution looks in a terminal: states in order, what comes next and when, how it ended."""

import json
import re
from dataclasses import asdict

import click
import pytest

from frontdesk.cli import execution_view
from frontdesk.cli.execution_view import MOST_STAYS, lines, moment, sentence
from frontdesk.rules.asl.messages import StartTimer
from frontdesk.rules.asl.outlook import outlook
from tests.rules.asl.graph.played import EXECUTIONS, MORNING

BEGAN = MORNING / 1000
CALM = {"state": "Do", "since": BEGAN, "until": None, "attempt": 1, "most_attempts": 1, "next": "B", "within": [], "ended": 0, "total": 0}  # fmt: skip


def document(scene, **fields):
    """What the admin API tells of an execution."""
    played = scene.played
    run = played.run
    timers = {one.key: one.at for one in played.of(StartTimer)}
    expected = []
    for one in outlook(played.program, run, timers):
        told = asdict(one) | {"since": one.since / 1000, "until": one.until and one.until / 1000}
        told["within"] = [{"state": state, "index": index} for state, index in one.within]
        expected.append(json.loads(json.dumps(told)))
    is_over = run.status != "RUNNING"
    execution = {
        "arn": run.facts.execution,
        "machine": "m",
        "name": "e",
        "status": run.status.value,
        "started": BEGAN,
        "ended": played.events[-1].at / 1000 if is_over else None,
        "redrives": run.redrives,
        "output": run.output,
        "error": run.error,
        "cause": run.cause,
    }
    return {"execution": execution | fields, "outlook": expected}


def shown(name, *, later=1.0, every=True):
    scene = EXECUTIONS[name]()
    now = scene.played.now / 1000 + later
    told = lines(document(scene), scene.played.events, now, every=every)
    return [click.unstyle(line) for line in told]


def test_states_stand_in_order_with_attempts_times_and_errors():
    told = shown("seed-succeeded")
    assert told[0] == "m:e  SUCCEEDED after 12 s"
    assert told[3:6] == [
        "   AT      STATE       TYPE     TOOK    ATTEMPTS  ERRORS",
        "✓  0 ms    Proxy 1     Task     6.8 s   3         Lambda.TooManyRequestsException (2 times)",
        "✓  6.8 s   Pass        Pass     0 ms",
    ]
    assert json.loads(told[-1]) == {"statusCode": 200}


def test_what_comes_next_and_when_is_told():
    told = shown("seed-waits")
    assert told[0] == "m:e  RUNNING for 1.6 s"
    at = moment(BEGAN + 5.6, BEGAN)
    assert told[-2:] == ["Now and next", f"  Wait waits until {at} (in 4 s), then Proxy 2"]
    assert "…  600 ms  Wait      Wait    1 s …" in told


def test_a_retry_is_told_with_its_attempt():
    told = shown("seed-retries")
    at = moment(BEGAN + 14.3, BEGAN)
    assert told[-1] == f"  Proxy 1 tries again in 7 s (at {at}): attempt 4 of 7, then Pass"
    assert any("4 of 7" in line and line.startswith("↻") for line in told)


def test_what_is_within_a_state_is_indented_and_named_by_its_place():
    told = shown("map-runs")
    assert any(line.startswith("▸  1 s") and "  Each order  Map" in line for line in told)
    assert any("    Price" in line for line in told)
    assert "  Each order has 1 of 8 done, then Report" in told
    assert "  Each order[2] / Price works, then Bill" in told


def test_an_end_that_failed_tells_its_error_and_how_to_go_on():
    told = shown("map-with-failures")
    assert told[-2:] == [
        "error: Card.Declined",
        "hint: `frontdesk states redrive m:e` lets it go on there",
    ]
    assert any("1 (2/5 items)" in line and line.startswith("✕") for line in told)
    assert any(line.startswith("\N{EN DASH}") and line.endswith("aborted") for line in told)


def test_a_redriven_execution_says_so():
    assert shown("redriven")[0].endswith(", redriven 1 time(s)")


def test_only_the_last_states_of_many_are_shown(monkeypatch):
    monkeypatch.setattr(execution_view, "MOST_STAYS", 3)
    told = shown("seed-succeeded", every=False)
    assert told[3] == "(7 earlier states; --all shows them)"
    assert len(told[5:8]) == 3
    assert MOST_STAYS == 40


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"awaited": "timer", "until": BEGAN + 200}, "Do waits until {at} (in 3 m 20 s), then B"),
        ({"awaited": "timer", "until": BEGAN - 5}, "Do waits until {at} (in 0 ms), then B"),
        ({"awaited": "task", "next": None}, "Do works, then the end"),
        ({"awaited": "task", "most_attempts": 3, "until": BEGAN + 9}, "Do works at attempt 1 of 3 until {at} at most (in 9 s), then B"),
        ({"awaited": "token", "until": BEGAN + 60}, "Do waits for an answer by its token until {at} at most (in 1 m), then B"),
        ({"awaited": "activity"}, "Do waits for a worker of its activity, then B"),
        ({"awaited": "children", "ended": 2, "total": 5}, "Do has 2 of 5 done, then B"),
        ({"awaited": "turn", "next": None, "within": [{"state": "M", "index": 4}]}, "M[4] / Do goes on at once"),
    ],
    ids=["timer", "late", "last", "attempts", "token", "activity", "children", "within"],
)  # fmt: skip
def test_each_kind_of_waiting_has_its_sentence(fields, told):
    at = moment(fields.get("until") or BEGAN, BEGAN)
    assert sentence(CALM | fields, BEGAN) == told.replace("{at}", at)


def test_another_day_is_told_with_its_date():
    assert len(moment(BEGAN, BEGAN)) == len("08:00:00")
    assert len(moment(BEGAN + 86_400, BEGAN)) == len("2026-03-20 08:00:00")


def test_names_cannot_steer_the_terminal():
    scene = EXECUTIONS["seed-waits"]()
    told = document(
        scene, name="x\x1b[2J", status="FAILED", ended=1.0, error="\x07", cause="\x1b]0;"
    )
    for line in lines(told, scene.played.events, BEGAN, every=True):
        assert not {"\x1b", "\x07"} & set(re.sub("\x1b\\[[0-9;]*m", "", line))
