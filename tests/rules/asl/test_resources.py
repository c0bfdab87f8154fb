import pytest

from frontdesk.rules.asl.resources import (
    Kind,
    function_name,
    invocation_result,
    invoked_payload,
    read_resource,
)


@pytest.mark.parametrize(
    ("text", "kind", "name", "described"),
    [
        ("arn:aws:lambda:us-east-1:1:function:pay", Kind.FUNCTION, "pay", {}),
        ("arn:aws:lambda:us-east-1:1:function:pay:live", Kind.FUNCTION, "pay:live", {}),
        ("pay", Kind.FUNCTION, "pay", {}),
        ("arn:aws:states:us-east-1:1:activity:sign", Kind.ACTIVITY, "sign", {}),
        (
            "arn:aws:states:::lambda:invoke",
            Kind.SERVICE,
            "",
            {"resourceType": "lambda", "resource": "invoke"},
        ),
        (
            "arn:aws-cn:states:::states:startExecution.sync:2",
            Kind.SERVICE,
            "",
            {"resourceType": "states", "resource": "startExecution.sync:2"},
        ),
        (
            "arn:aws:states:::aws-sdk:s3:listBuckets",
            Kind.SERVICE,
            "",
            {"resourceType": "aws-sdk:s3", "resource": "listBuckets"},
        ),
    ],
)
def test_resource_is_read(text, kind, name, described):
    resource = read_resource(text)
    assert (resource.kind, resource.name, resource.described()) == (kind, name, described)


@pytest.mark.parametrize(
    ("text", "pattern", "has_token"),
    [
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "waitForTaskToken", True),
        ("arn:aws:states:::states:startExecution.sync", "sync", False),
        ("arn:aws:states:::states:startExecution.sync:2", "sync:2", False),
        ("arn:aws:states:::http:invoke", "", False),
        ("arn:aws:states:us-east-1:1:activity:sign", "", True),
        ("arn:aws:lambda:us-east-1:1:function:pay", "", False),
    ],
)
def test_pattern_of_a_resource(text, pattern, has_token):
    resource = read_resource(text)
    assert (resource.pattern, resource.has_token) == (pattern, has_token)


@pytest.mark.parametrize(
    "text",
    [
        "pay",
        "pay:live",
        "function:pay",
        "123456789012:function:pay",
        "arn:aws:lambda:ap-south-1:378343485419:function:pay:$LATEST",
    ],
)
def test_function_is_known_by_its_last_part(text):
    assert function_name(text) == "pay"


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
