"""What `x-amazon-apigateway-integration` says of a method, and of a route."""

import pytest

from tests.config.openapi.documents import (
    BACKEND,
    CALLS_F,
    FUNCTION,
    INTEGRATION,
    MOCK,
    OF_ROUTE,
    URI,
    api_of,
    document,
    faults,
    one,
    operation,
    said,
)

SERVICE = "arn:aws:apigateway:us-east-1:{}"
FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
SEND = {"application/json": "Action=SendMessage&MessageBody=$input.body"}


def _template(text):
    return {"application/json": text}


STARTS = "arn:aws:apigateway:us-east-1:states:action/{}"
ARN = "arn:aws:states:us-east-1:1:stateMachine:charge:live"
NAMED = {"application/json": f'{{"input": "$input.body", "stateMachineArn": "{ARN}"}}'}


@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        (MOCK, {"type": "mock"}),
        ({"type": "MOCK"}, {"type": "mock"}),
        (CALLS_F, {"type": "aws_proxy", "function": "f"}),
        ({**CALLS_F, "type": "AWS"}, {"type": "aws", "function": "f"}),
        (
            {"type": "aws", "uri": URI.format(f"{FUNCTION}f:live")},
            {"type": "aws", "function": "f:live"},
        ),
        ({"type": "aws", "uri": f"{FUNCTION}f"}, {"type": "aws", "function": "f"}),
        (
            {"type": "aws", "uri": {"Fn::Sub": URI.format("${f.Arn}")}},
            {"type": "aws", "function": "f"},
        ),
        (
            {"type": "AWS", "uri": STARTS.format("StartSyncExecution"), "requestTemplates": NAMED},
            {
                "type": "aws",
                "state_machine": "charge:live",
                "action": "StartSyncExecution",
                "request_templates": NAMED,
            },
        ),
        (
            {
                "type": "aws",
                "uri": SERVICE.format("sqs:path/123456789012/letters"),
                "requestParameters": FORM,
                "requestTemplates": SEND,
            },
            {
                "type": "aws",
                "queue": "letters",
                "request_parameters": FORM,
                "request_templates": SEND,
            },
        ),
        *(
            (
                {"type": "aws", "uri": SERVICE.format(uri), "requestTemplates": _template(text)},
                {"type": "aws", key: name, "request_templates": _template(text)},
            )
            for uri, text, key, name in [
                ("sqs:path/1/o.fifo", "MessageBody=x", "queue", "o.fifo"),
                (
                    "sqs:action/SendMessage",
                    "QueueUrl=$util.urlEncode('https://sqs.us-east-1.amazonaws.com/12/letters')",
                    *("queue", "letters"),
                ),
                (
                    "sqs:path//",
                    '{"QueueUrl": "arn:aws:sqs:us-east-1:12:letters", "MessageBody": "x"}',
                    *("queue", "letters"),
                ),
                (
                    "sns:path//",
                    "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Ax%3A1%3Anews",
                    "topic",
                    "news",
                ),
                ("sns:action/Publish", "TopicArn=arn:aws:sns:x:1:news&Message=x", "topic", "news"),
                (
                    "events:action/PutEvents",
                    '{"Entries": [{"Detail": "x"}]}',
                    "event_bus",
                    "default",
                ),
                (
                    "events:action/PutEvents",
                    '{"Entries": [{"EventBusName": "side"}]}',
                    "event_bus",
                    "side",
                ),
                (
                    "events:action/PutEvents",
                    '{"Entries": [{"EventBusName": "arn:aws:events:x:1:event-bus/side"}]}',
                    *("event_bus", "side"),
                ),
            ]
        ),
        (
            {
                "type": "aws",
                "uri": SERVICE.format("sns:path//"),
                "requestParameters": {
                    "integration.request.querystring.TopicArn": "'arn:aws:sns:x:1:news'",
                    "integration.request.querystring.Message": "method.request.body",
                },
            },
            {
                "type": "aws",
                "topic": "news",
                "request_parameters": {
                    "integration.request.querystring.TopicArn": "'arn:aws:sns:x:1:news'",
                    "integration.request.querystring.Message": "method.request.body",
                },
            },
        ),
        (BACKEND, {"type": "http", "method": "GET", "uri": "http://127.0.0.1:9/${stage.v}/{id}"}),
        (
            {**BACKEND, "httpMethod": "ANY", "type": "http_proxy"},
            {"type": "http_proxy", "uri": "http://127.0.0.1:9/${stage.v}/{id}"},
        ),
        (
            {**BACKEND, "connectionType": "INTERNET", "httpMethod": "ANY"},
            {"type": "http", "uri": "http://127.0.0.1:9/${stage.v}/{id}"},
        ),
        (
            {**BACKEND, "connectionType": "VPC_LINK", "connectionId": "u"},
            {"type": "http", "method": "GET", "upstream": "u", "path": "/${stage.v}/{id}"},
        ),
        (
            {"type": "http", "uri": "http://u", "connectionType": "VPC_LINK", "connectionId": "u"},
            {"type": "http", "upstream": "u"},
        ),
        (
            {
                **MOCK,
                "passthroughBehavior": "NEVER",
                "contentHandling": "CONVERT_TO_TEXT",
                "requestParameters": {"integration.request.header.X": "'y'"},
                "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {
                    "default": {"statusCode": "200"},
                    "4\\d\\d": {
                        "statusCode": 404,
                        "responseParameters": {"method.response.header.X": "'y'"},
                        "responseTemplates": {"text/plain": "no"},
                        "contentHandling": "CONVERT_TO_BINARY",
                    },
                },
            },
            {
                "type": "mock",
                "passthrough": "never",
                "content_handling": "convert_to_text",
                "request_parameters": {"integration.request.header.X": "'y'"},
                "request_templates": {"application/json": '{"statusCode": 200}'},
                "responses": {
                    "default": {},
                    "4\\d\\d": {
                        "status": 404,
                        "parameters": {"method.response.header.X": "'y'"},
                        "templates": {"text/plain": "no"},
                        "content_handling": "convert_to_binary",
                    },
                },
            },
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_integration_of_a_method(tmp_path, integration, expected):
    assert said(one(tmp_path, integration).integration) == expected


@pytest.mark.parametrize(
    ("integration", "expected"),
    [
        ({**CALLS_F, **OF_ROUTE}, {"function": "f", "payload": "1.0"}),
        (
            {
                **OF_ROUTE,
                "type": "aws_proxy",
                "integrationSubtype": "SQS-SendMessage",
                "requestParameters": {
                    "QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/letters",
                    "MessageBody": "$request.body",
                    "Region": "us-east-1",
                },
            },
            {"service": {"queue": "letters", "parameters": {"MessageBody": "$request.body"}}},
        ),
        (
            {
                **OF_ROUTE,
                "type": "aws_proxy",
                "integrationSubtype": "EventBridge-PutEvents",
                "requestParameters": {
                    "EventBusName": "arn:aws:events:x:1:event-bus/side",
                    "Source": "s",
                    "DetailType": "t",
                    "Detail": "$request.body",
                },
            },
            {
                "service": {
                    "event_bus": "side",
                    "parameters": {"Source": "s", "DetailType": "t", "Detail": "$request.body"},
                }
            },
        ),
        ({**CALLS_F, "payloadFormatVersion": "2.0"}, {"function": "f"}),
        (
            {**CALLS_F, **OF_ROUTE, "timeoutInMillis": 1500},
            {"function": "f", "payload": "1.0", "timeout": 1.5},
        ),
        (
            {
                **OF_ROUTE,
                "type": "aws_proxy",
                "uri": URI.replace("/invocations", "/response-streaming-invocations").format(
                    f"{FUNCTION}f"
                ),
            },
            {"function": "f", "payload": "1.0", "invoke_mode": "response_stream"},
        ),
        (
            {**OF_ROUTE, "type": "HTTP_PROXY", "uri": "http://127.0.0.1:9/{id}"},
            {"http": {"url": "http://127.0.0.1:9/{id}"}},
        ),
        (
            {
                **OF_ROUTE,
                "type": "http_proxy",
                "httpMethod": "PUT",
                "connectionType": "VPC_LINK",
                "connectionId": "u",
                "uri": "arn:aws:elasticloadbalancing:eu-central-1:1:listener/x",
            },
            {"http": {"upstream": "u", "method": "PUT"}},
        ),
        (
            {
                **OF_ROUTE,
                "type": "http_proxy",
                "uri": "http://127.0.0.1:9",
                "requestParameters": {
                    "append:header.A": "$request.header.b",
                    "overwrite:header.B": "c",
                    "remove:header.C": "''",
                    "remove:header.D": "''",
                    "overwrite:querystring.e": "${request.path.id}-f",
                    "overwrite:path": "/g",
                },
                "responseParameters": {
                    "404": {"overwrite:statuscode": "410", "append:header.A": "b"},
                    "500": {"remove:header.Server": "''"},
                },
            },
            {
                "http": {"url": "http://127.0.0.1:9"},
                "request": {
                    "headers": {
                        "append": {"A": "$request.header.b"},
                        "set": {"B": "c"},
                        "remove": ("C", "D"),
                    },
                    "query": {"set": {"e": "${request.path.id}-f"}},
                    "path": "/g",
                },
                "response": {
                    "status": {
                        404: {"status": 410, "headers": {"append": {"A": "b"}}},
                        500: {"headers": {"remove": ("Server",)}},
                    }
                },
            },
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_integration_of_a_route(tmp_path, integration, expected):
    assert said(one(tmp_path, integration)) == expected


@pytest.mark.parametrize(
    ("subtype", "given", "expected"),
    [
        ("StartSyncExecution", "$request.body", {}),
        ("StartSyncExecution", '{"id": "$request.path.id"}', {"input": {"id": "$request.path.id"}}),
        ("StartExecution", "$request.body", {"mode": "async"}),
    ],
)
def test_a_route_that_starts_executions(tmp_path, subtype, given, expected):
    parameters = {"StateMachineArn": ARN, "Input": given}
    integration = {
        **OF_ROUTE,
        "type": "AWS_PROXY",
        "integrationSubtype": f"StepFunctions-{subtype}",
        "requestParameters": parameters,
    }
    found = said(one(tmp_path, integration))
    assert {"mode": "sync", **found} == {"state_machine": "charge:live", "mode": "sync", **expected}


def test_an_integration_may_be_a_reference(tmp_path):
    integrations = {"x-amazon-apigateway-integrations": {"f": {**CALLS_F, **OF_ROUTE}}}
    reference = {"$ref": "#/components/x-amazon-apigateway-integrations/f"}
    content = document({"/": {"get": operation(reference)}}, components=integrations)
    assert api_of(tmp_path, content).routes["GET /"].function == "f"


@pytest.mark.parametrize(
    ("path", "word", "words", "key"),
    [
        ("/x", "x-amazon-apigateway-any-method", {}, "ANY /x"),
        ("/$default", "x-amazon-apigateway-any-method", {"isDefaultRoute": True}, "$default"),
        ("/x/{p+}", "delete", {}, "DELETE /x/{p+}"),
    ],
)
def test_a_route_key(tmp_path, path, word, words, key):
    content = document({path: {word: operation({**CALLS_F, **OF_ROUTE}, **words)}})
    assert list(api_of(tmp_path, content).routes) == [key]


@pytest.mark.parametrize(
    ("integration", "told"),
    [
        (None, "expected an operation with an integration"),
        (
            {"type": "aws", "uri": "arn:aws:apigateway:x:dynamodb:action/PutItem"},
            "expected the ARN of a fun",
        ),
        ({"type": "aws_proxy"}, "expected the ARN of a function"),
        ({"type": "aws", "uri": STARTS.format("StopExecution")}, "expected a stateMachineArn"),
        (
            {"type": "aws", "uri": URI.format(FUNCTION + "${stageVariables.f}")},
            "expected the ARN of a function",
        ),
        (
            {
                "type": "aws",
                "uri": SERVICE.format("sqs:path/1/letters"),
                "requestTemplates": _template("Action=ReceiveMessage"),
            },
            "expected SendMessage of a queue that is named",
        ),
        (
            {"type": "aws", "uri": SERVICE.format("sns:action/CreateTopic")},
            "expected Publish of a topic that is named",
        ),
        (
            {"type": "aws", "uri": SERVICE.format("sns:action/Publish")},
            "expected Publish of a topic that is named",
        ),
        ({"type": "soap"}, 'expected aws, aws_proxy, http, http_proxy or mock, got "soap"'),
        ({"type": "http"}, "expected uri or upstream with type: http"),
        ({**MOCK, **OF_ROUTE}, 'expected aws_proxy or http_proxy, got "mock"'),
        (
            {**OF_ROUTE, "type": "aws_proxy", "integrationSubtype": "Kinesis-PutRecord"},
            (
                "expected a function, HTTP, a service, or the start of a state machine that is named, "
                'got "Kinesis-PutRecord"'
            ),
        ),
        (
            {**OF_ROUTE, "type": "aws_proxy", "integrationSubtype": "SQS-SendMessage"},
            "expected a QueueUrl that names a queue",
        ),
        (
            {
                **BACKEND,
                **OF_ROUTE,
                "type": "http_proxy",
                "requestParameters": {"set:header.A": "b"},
            },
            'expected a parameter mapping, got "set:header.A"',
        ),
        ({**CALLS_F, "uri": URI.format(f"{FUNCTION}ff")}, "did you mean f?"),
        ({**BACKEND, "timeoutInMillis": 1}, "expected a duration from 50ms to 30s"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_integration_that_cannot_answer_is_an_error_unless_the_file_has_the_operation(
    tmp_path, integration, told
):
    entry = {"responses": {}} | ({INTEGRATION: integration} if integration else {})
    content = document({"/x/{id}": {"get": entry}})
    (finding,) = faults(tmp_path, content)
    assert told in finding
    assert finding.startswith(f"{tmp_path}/api.json:1:")
    answer = (
        {"mock": {}} if "payloadFormatVersion" in (integration or {}) else {"integration": MOCK}
    )
    routes = (
        {"routes": {"GET /x/{other}": answer}}
        if "mock" in answer
        else {"resources": {"/x/{id}": {"GET": answer}}}
    )
    assert faults(tmp_path, content, **routes) == []
