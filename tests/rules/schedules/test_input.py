"""What a target gets: AWS's event, or the input with its placeholders; the same one each time."""

import json
import re

from frontdesk.rules.schedules.input import Run, given, schedule_arn, unknown_placeholders

ARN = schedule_arn("eu-central-1", "123456789012", "nightly")
RUN = Run(ARN, 1_795_143_600, 1)


def test_the_default_is_a_scheduled_event():
    event = json.loads(given(None, RUN))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": "2026-11-20T03:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/nightly"],
        "detail": {},
    }
    assert given(None, RUN) == given(None, RUN._replace(attempt=2))
    assert given(None, RUN) != given(None, RUN._replace(instant=0))


def test_placeholders_are_replaced_in_keys_and_values():
    text = json.dumps(
        {
            "at <aws.scheduler.scheduled-time>": "<aws.scheduler.schedule-arn>",
            "runs": ["<aws.scheduler.attempt-number>", "<aws.scheduler.execution-id>"],
            "left": "<aws.scheduler.other> <b>",
        }
    )
    found = json.loads(given(text, RUN._replace(attempt=2)))
    assert found["at 2026-11-20T03:00:00Z"] == ARN
    assert found["runs"][0] == "2"
    assert re.fullmatch("[0-9a-f]{16}", found["runs"][1])
    assert found["left"] == "<aws.scheduler.other> <b>"


def test_an_execution_id_is_of_one_attempt():
    text = '"<aws.scheduler.execution-id>"'
    assert given(text, RUN) == given(text, RUN)
    assert given(text, RUN) != given(text, RUN._replace(attempt=2))


def test_the_key_names_schedule_and_instant_and_fits_an_execution():
    assert RUN.key == RUN._replace(attempt=3).key == "nightly-20261120T030000"
    longest = RUN._replace(arn=schedule_arn("r", "1", "n" * 64))
    assert len(longest.key) == 80


def test_an_unknown_placeholder_is_found():
    assert unknown_placeholders('"<aws.scheduler.scheduled-time> <aws.scheduler.time>"') == ["time"]
