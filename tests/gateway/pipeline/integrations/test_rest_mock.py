"""The MOCK integration: the request template says which response answers."""

import pytest


def mock(template, **more):
    return {
        "type": "mock",
        "request_templates": {"application/json": template} if template else {},
        "responses": {"default": {}, "4\\d\\d": {"status": 404}},
    } | more


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ('{"statusCode": 200}', 200),
        ("{statusCode: 200}", 200),
        ("{'statusCode': 404,}", 404),
        ('{"statusCode": #if($input.params("id") == "6")404#{else}200#end}', 404),
        ('{"statusCode": 503}', 200),
    ],
)
def test_the_number_chooses(call_method, template, status):
    ex, reply = call_method(mock(template))
    assert (reply.status, reply.body) == (status, b"")
    assert ex.integration_latency == -1.0


@pytest.mark.parametrize(
    "template", ['{"statusCode": "200"}', "{}", "[200]", "200", "{statusCode", None, "   "]
)
def test_without_a_whole_number_it_is_a_500(call_method, template):
    _, reply = call_method(mock(template))
    assert (reply.status, reply.cause) == (500, "integration:status")


def test_a_response_template_sees_no_body(call_method):
    response = {"default": {"templates": {"application/json": "$input.body $context.httpMethod"}}}
    _, reply = call_method(mock("{statusCode: 200}", responses=response), method="POST", body=b"x")
    assert reply.body == b"{} POST"
