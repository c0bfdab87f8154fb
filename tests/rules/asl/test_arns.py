"""Which state machine or activity is meant: the last part of an ARN counts."""

import pytest

from frontdesk.rules.asl.arns import activity_name, machine_name

NAMES = {
    "whole": ("arn:aws:states:ap-south-1:111111111111:stateMachine:charge", "charge"),
    "incomplete": ("arn:aws:states::stateMachine:apiProxyStateMachine", "apiProxyStateMachine"),
    "without account": ("arn:aws:states:eu-west-1:stateMachine:charge", "charge"),
    "version": ("arn:aws:states:ap-south-1:111111111111:stateMachine:charge:3", "charge"),
    "another partition": ("arn:aws-cn:states:::stateMachine:charge", "charge"),
    "bare name": ("charge", "charge"),
    "an execution": ("arn:aws:states:ap-south-1:111111111111:execution:charge:1", None),
    "another service": ("arn:aws:sqs:ap-south-1:111111111111:stateMachine", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("text", "name"), NAMES.values(), ids=NAMES)
def test_names(text, name):
    assert machine_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("arn:aws:states:ap-south-1:111111111111:activity:sign", "sign"),
        ("arn:aws:states::activity:sign", "sign"),
        ("sign", "sign"),
        ("arn:aws:states:ap-south-1:111111111111:stateMachine:sign", None),
        ("arn:aws:states:ap-south-1:111111111111:activity:sign:1", None),
        ("", None),
    ],
)
def test_names_of_activities(text, name):
    assert activity_name(text) == name
