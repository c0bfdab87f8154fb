"""How destinations are written."""

import pytest

from frontdesk.rules.asynchronous.destination import Destination, parse_destination

PLACE = "us-east-1:000000000000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue:calls", "queue:calls"),
        ("queue:calls.fifo", "queue:calls.fifo"),
        ("function:f", "function:f"),
        ("function:f:live", "function:f:live"),
        ("function:f:$LATEST", "function:f:$LATEST"),
        ("state_machine:charge", "state_machine:charge"),
        (f"arn:aws:sqs:{PLACE}:calls", "queue:calls"),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:calls.fifo", "queue:calls.fifo"),
        (f"arn:aws:lambda:{PLACE}:function:f:3", "function:f:3"),
        (f"arn:aws:states:{PLACE}:stateMachine:charge", "state_machine:charge"),
    ],
)
def test_both_forms_are_read(text, expected):
    destination = parse_destination(text)
    assert str(destination) == expected
    assert parse_destination(expected) == destination
    assert isinstance(destination, Destination)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "calls",
        "queue:",
        "queue:a/b",
        "queue:a:b",
        "topic:t",
        "function:f:",
        "queue:calls\n",
        "invocations/f",
        "queue:invocations/f",
        f"arn:aws:sns:{PLACE}:t",
        f"arn:aws:sqs:{PLACE}:",
        f"arn:aws:sqs:{PLACE}:function:f",
        "arn:aws:s3:::bucket",
    ],
)
def test_others_are_none(text):
    assert parse_destination(text) is None
