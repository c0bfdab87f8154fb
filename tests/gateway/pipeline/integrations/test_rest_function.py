"""The AWS integration of a function: its errors choose the response, and stay the body."""

import pytest

from frontdesk.ports.invoker import Outcome

RESPONSES = {
    "default": {},
    ".*not found.*": {"status": 404},
    "200": {"status": 504},
    ".+": {"status": 502},
}
AWS = {"type": "aws", "function": "f", "responses": RESPONSES}


def failed(message, error="Unhandled"):
    payload = b'{"errorMessage": "%b", "errorType": "E", "stackTrace": []}' % message
    return Outcome(payload, error=error, request_id="f1")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(b'{"errorMessage": "not found"}'), 200),
        (Outcome(b'"200"'), 200),
        (failed(b"pet not found, sorry"), 404),
        (failed(b"200"), 504),
        (failed(b"anything"), 502),
        (failed(b"no module", error="Unloadable"), 502),
        (failed(b""), 200),
    ],
)
def test_the_message_of_an_error_chooses(call_method, function, outcome, status):
    function.outcome = outcome
    ex, reply = call_method(AWS)
    assert reply.status == status
    assert reply.body == outcome.payload
    assert ex.invoke_status == 200


def test_an_error_without_a_pattern_is_an_answer_like_others(call_method, function):
    function.outcome = failed(b"boom")
    _, reply = call_method(AWS | {"responses": {"default": {}}})
    assert (reply.status, reply.cause) == (200, "")
    assert b"boom" in reply.body


@pytest.mark.parametrize("error", ["Throttled", "Unavailable"])
def test_a_function_that_was_not_run_is_a_500(call_method, function, error):
    function.outcome = Outcome(b"", error=error, reason="why")
    _, reply = call_method(AWS)
    assert (reply.status, reply.cause) == (500, f"function:{error.lower()}")


def test_a_template_makes_the_answer(call_method, function):
    function.outcome = Outcome(b'{"id": 7}')
    template = {"application/json": '{"pet": $input.json("$.id")}'}
    _, reply = call_method(AWS | {"responses": {"default": {"templates": template}}})
    assert reply.body == b'{"pet": 7}'
