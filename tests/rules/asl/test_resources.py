import pytest

from frontdesk.rules.asl.resources import Kind, read_resource


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
    assert (resource.kind, resource.name, resource.described) == (kind, name, described)


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
