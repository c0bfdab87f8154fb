import json

import pytest

from frontdesk.rules.asl.invocations import (
    FunctionName,
    function_failure,
    invocation_result,
    invoked_payload,
    read_function,
    returned_payload,
)


@pytest.mark.parametrize(
    ("text", "name", "qualifier"),
    [
        ("pay", "pay", ""),
        ("pay:live", "pay", "live"),
        ("function:pay", "pay", ""),
        ("123456789012:function:pay", "pay", ""),
        ("arn:aws:lambda:ap-south-1:378343485419:function:pay:$LATEST", "pay", "$LATEST"),
    ],
)
def test_function_is_known_by_its_last_parts(text, name, qualifier):
    assert read_function(text) == FunctionName(name, qualifier)


@pytest.mark.parametrize(
    ("arguments", "payload"),
    [
        ({}, {}),
        ({"Payload": None}, {}),
        ({"Payload": {"a": 1}}, {"a": 1}),
        ({"Payload": '{"a": 1}'}, {"a": 1}),
        ({"Payload": '"text"'}, "text"),
        ({"Payload": "no JSON"}, "no JSON"),
        ({"Payload": 0}, 0),
    ],
)
def test_payload_of_an_invocation(arguments, payload):
    assert invoked_payload(arguments) == payload


def test_result_of_an_invocation_has_awss_fields():
    result = invocation_result({"a": 1}, "id")
    assert result["Payload"] == {"a": 1}
    assert result["StatusCode"] == result["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert result["SdkResponseMetadata"] == {"RequestId": "id"}
    assert sorted(result) == [
        "ExecutedVersion",
        "Payload",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
        "StatusCode",
    ]


def test_result_tells_which_version_ran_and_how_it_was_answered():
    ran = invocation_result(None, "id", "7")
    assert ran["ExecutedVersion"] == ran["SdkHttpMetadata"]["HttpHeaders"]["X-Amz-Executed-Version"]
    assert ran["ExecutedVersion"] == "7"
    queued = invocation_result("", "id", "", 202)
    assert "ExecutedVersion" not in queued
    assert queued["StatusCode"] == queued["SdkHttpMetadata"]["HttpStatusCode"] == 202


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"a": [1]}', {"a": [1]}),
        (b"null", None),
        (b"", None),
        (b"aaa", "aaa"),
        (b"\xff", "\ufffd"),
    ],
)
def test_what_a_function_gives_is_json_or_text(payload, value):
    assert returned_payload(payload) == value


def test_error_object_names_the_error_and_is_the_cause():
    document = {"errorMessage": "no", "errorType": "Declined", "requestId": "r", "stackTrace": []}
    failure = function_failure(json.dumps(document).encode())
    assert failure.error == "Declined"
    assert failure.cause == json.dumps(document, separators=(",", ":"))


@pytest.mark.parametrize(
    "payload", [b'{"errorMessage": "late"}', b"gone", b"[]", b'{"errorType": 1}']
)
def test_error_without_a_name_is_unknown(payload):
    error, cause = function_failure(payload)
    assert error == "Lambda.Unknown"
    assert cause is not None
    assert cause.endswith(f"Returned payload: {payload.decode()}")
