"""What destinations are told: never anything but JSON, whatever the function has answered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asynchronous.progress import Answer, Progress
from frontdesk.rules.asynchronous.record import Ended, dead_letter_attributes, record

NOW = 1_700_000_000.125


def ended(payload="null", *, failed=False, event=b"{}", condition="Success", runs=1):
    answer = Answer("3", failed, payload) if runs else None
    return Ended("r-1", "arn:f:live", event, condition, Progress(runs, 0, answer))


def test_a_success_is_told_in_the_order_of_aws():
    assert record(ended('{"a": 1.50}', event=b'{"n": 12345678901234567890}'), NOW).decode() == (
        '{"version":"1.0","timestamp":"2023-11-14T22:13:20.125Z","requestContext":{"requestId":"r-1",'
        '"functionArn":"arn:f:live","condition":"Success","approximateInvokeCount":1},'
        '"requestPayload":{"n": 12345678901234567890},'
        '"responseContext":{"statusCode":200,"executedVersion":"3"},"responsePayload":{"a": 1.50}}'
    )


@given(st.text() | st.just(""), st.booleans())
def test_any_answer_makes_a_record(payload, failed):
    told = json.loads(record(ended(payload, failed=failed), NOW))
    assert told["responseContext"].get("functionError") == ("Unhandled" if failed else None)
    attributes = dead_letter_attributes(ended(payload, failed=True, condition="RetriesExhausted"))
    assert all(value["StringValue"] for value in attributes.values())


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ('{"errorMessage": "no"}', "no"),
        ('{"errorMessage": 7}', "RetriesExhausted"),
        ('{"errorMessage": ""}', "RetriesExhausted"),
        ("[]", "RetriesExhausted"),
        ("no json", "RetriesExhausted"),
        ('{"errorMessage": "' + "€" * 400 + '"}', "€" * 341),
    ],
)
def test_dead_letters_tell_the_first_kilobyte_of_the_message(payload, message):
    told = dead_letter_attributes(ended(payload, failed=True, condition="RetriesExhausted"))
    assert told["ErrorMessage"]["StringValue"] == message
    assert told["ErrorCode"]["StringValue"] == "200"


def test_what_never_ran_has_no_response():
    never = ended(condition="EventAgeExceeded", runs=0)
    assert "responseContext" not in json.loads(record(never, NOW))
    told = dead_letter_attributes(never)
    assert (told["ErrorCode"]["StringValue"], told["ErrorMessage"]["StringValue"]) == (
        "429",
        "EventAgeExceeded",
    )
