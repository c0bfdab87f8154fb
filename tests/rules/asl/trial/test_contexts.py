"""Context objects that tests bring along: all that may be in them, and nothing else."""

import json

import pytest

from frontdesk.rules.asl.trial.contexts import read_context
from frontdesk.rules.asl.trial.refused import RefusedError

WHOLE = {
    "Execution": {"Id": "arn", "Input": [1], "Name": "n", "StartTime": "t", "RedriveCount": 0},
    "State": {"Name": "s", "EnteredTime": "t", "RetryCount": 1},
    "StateMachine": {"Id": "arn", "Name": "m"},
    "Task": {"Token": "t"},
}


def test_a_whole_context_is_taken():
    assert read_context(json.dumps(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"Map": {}}', "Field 'Map' is not allowed"),
        ('{"State": {"Nmae": "x"}}', "Field 'Nmae' is not allowed"),
        ('{"State": 1}', "State must be an object"),
        ('{"State": {"RetryCount": "1"}}', "State.RetryCount must be a number"),
        ('{"State": {"RetryCount": true}}', "State.RetryCount must be a number"),
        ('{"Task": {"Token": null}}', "Task.Token must be a string"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(RefusedError) as refused:
        read_context(text)
    assert str(refused.value) == f"Invalid Context object provided: {message}"
