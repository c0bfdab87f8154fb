"""Wait: how long, and what is refused."""

from datetime import UTC, datetime

import pytest

from frontdesk.asl import run_local
from frontdesk.rules.asl.messages import StartTimer
from tests.rules.asl.machines import Played, machine

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waited(given=None, **fields):
    wait = {"Type": "Wait", "End": True} | fields
    run = run_local(machine(Wait=wait), given, now=NOW)
    return run.waited_seconds if run.status == "SUCCEEDED" else (run.error, run.cause)


@pytest.mark.parametrize(
    ("fields", "given", "seconds"),
    [
        ({"Seconds": 3600}, None, 3600),
        ({"Seconds": 0}, None, 0),
        ({"SecondsPath": "$.n"}, {"n": 5}, 5),
        ({"InputPath": "$.in", "SecondsPath": "$.n"}, {"in": {"n": 5}}, 5),
        ({"Timestamp": "2026-01-01T00:01:00Z"}, None, 60),
        ({"Timestamp": "2026-01-01T02:01:00+02:00"}, None, 60),
        ({"Timestamp": "2026-01-01T00:00:00.0001Z"}, None, 0.001),
        ({"Timestamp": "1999-01-01T00:00:00Z"}, None, 0),
        ({"TimestampPath": "$.at"}, {"at": "2026-01-02T00:00:00Z"}, 86400),
        ({"QueryLanguage": "JSONata", "Seconds": "{% 2 * 3 %}"}, None, 6),
        ({"QueryLanguage": "JSONata", "Seconds": 4}, None, 4),
        (
            {"QueryLanguage": "JSONata", "Timestamp": "{% $states.input.at %}"},
            {"at": "2026-01-01T00:00:09Z"},
            9,
        ),
    ],
)
def test_wait_lasts(fields, given, seconds):
    assert waited(given, **fields) == seconds


@pytest.mark.parametrize(
    ("fields", "given", "error", "cause"),
    [
        (
            {"SecondsPath": "$.a"},
            {"a": -1},
            "States.Runtime",
            "The SecondsPath parameter references a negative value: $.a == -1",
        ),
        (
            {"SecondsPath": "$.a"},
            {"a": 1.5},
            "States.Runtime",
            "The SecondsPath parameter cannot be parsed as a long value: $.a == 1.5",
        ),
        (
            {"SecondsPath": "$.a"},
            {"a": "1"},
            "States.Runtime",
            "The SecondsPath parameter cannot be parsed as a long value: $.a == 1",
        ),
        (
            {"SecondsPath": "$.a"},
            {"a": True},
            "States.Runtime",
            "The SecondsPath parameter cannot be parsed as a long value: $.a == true",
        ),
        (
            {"TimestampPath": "$.a"},
            {"a": "2016-12-05 21:29:29Z"},
            "States.Runtime",
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.a == 2016-12-05 21:29:29Z",
        ),
        (
            {"TimestampPath": "$.a"},
            {"a": 5},
            "States.Runtime",
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.a == 5",
        ),
        (
            {"SecondsPath": "$.a"},
            {"a": 2**31},
            "States.Runtime",
            "Wait state delay is too long.",
        ),
        (
            {"Timestamp": "2126-01-01T00:00:00Z"},
            {},
            "States.Runtime",
            "Wait state delay is too long.",
        ),
        (
            {"QueryLanguage": "JSONata", "Timestamp": "{% 'soon' %}"},
            {},
            "States.QueryEvaluationError",
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: soon",
        ),
    ],
)
def test_wait_is_refused(fields, given, error, cause):
    found, told = waited(given, **fields)
    assert found == error
    assert (
        told
        == f"An error occurred while executing the state 'Wait' (entered at the event id #2). {cause}"
    )


@pytest.mark.parametrize("seconds", ["{% -1 %}", "{% 1.5 %}", "{% 'x' %}", "{% null %}"])
def test_seconds_by_expression_must_be_a_whole_number(seconds):
    error, _ = waited(QueryLanguage="JSONata", Seconds=seconds)
    assert error == "States.QueryEvaluationError"


@pytest.mark.parametrize("seconds", [0, 1])
def test_what_is_past_needs_no_timer(seconds):
    played = Played(machine(Wait={"Type": "Wait", "Seconds": seconds, "End": True}))
    assert len(played.of(StartTimer)) == seconds
