"""One method of a REST API by hand: what its log tells, alone and in a gateway that runs."""

import asyncio
import json
import re

import pytest

from frontdesk.app.method_tests import asked, try_alone
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.method_test import MethodRequest
from tests.live.backends import unruly
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
functions: {{f: {{handler: code.f}}}}
upstreams:
  vendor: {{url: "http://{backend}", auth: {{api_key: {{header: X-Vendor, api_key: "${{env:KEY}}"}}}}}}
authorizers: {{closed: {{type: function, function: f}}}}
apis:
  pets:
    type: rest
    stage: {{variables: {{room: blue}}}}
    authorizer: closed
    throttle: 1/d
    resources:
      /pets/{{id}}:
        GET:
          integration:
            type: mock
            request_templates: {{application/json: "{{statusCode: 200}}"}}
            responses:
              default:
                templates: {{application/json: "$input.params('id') $stageVariables.room"}}
        POST:
          integration:
            type: aws
            function: f
            request_templates: {{application/json: '{{"id": "$input.params(''id'')"}}'}}
            responses: {{default: {{}}}}
        PUT: {{integration: {{type: http, upstream: vendor, path: "/v1/{{id}}", responses: {{default: {{}}}}}}}}
        DELETE: {{integration: {{type: mock}}}}
        PATCH: {{integration: {{type: aws_proxy, function: f}}}}
      /pets/all: {{GET: {{integration: {{type: http_proxy, upstream: vendor}}}}}}
"""
CODE = """
    import json

    def f(event, context):
        return {"statusCode": 201, "body": json.dumps(event.get("id"))}
"""
ENVIRON = {"KEY": "s3cret-of-the-vendor"}


@pytest.fixture
async def backend():
    async with unruly("vendor") as backend:
        yield backend


@pytest.fixture
def loaded(tmp_path, backend):
    path = project(tmp_path, CONFIG.format(backend=backend.address), code=CODE)
    return load([path], ENVIRON)


async def alone(loaded, method, path="", **more):
    return await try_alone(loaded, MethodRequest("pets", method, path, **more), lambda *_: None)


def said(answer):
    """The lines of a log without their time and without ids."""
    first, *lines = answer.log
    assert re.fullmatch(r"Execution log for request [0-9a-f-]{36}", first)
    times = [line.partition(" : ")[0] for line in lines]
    assert all(re.fullmatch(r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}", time) for time in times)
    return [line.partition(" : ")[2] for line in lines][1:]


async def test_a_mock_tells_request_and_response(loaded):
    answer = await alone(loaded, "GET", "/pets/7", query="a=1", headers=[("X-A", "b")])
    assert (answer.status, answer.body) == (200, b"7 blue")
    assert said(answer) == [
        "HTTP Method: GET, Resource Path: /pets/{id}",
        "Method request path: {id=7}",
        "Method request query string: {a=1}",
        "Method request headers: {X-A=b}",
        "Method request body before transformations: ",
        "Method response body after transformations: 7 blue",
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ]


async def test_a_function_tells_event_and_result(loaded):
    answer = await alone(loaded, "POST", "/pets/7", body=b'{"secret": 1}')
    assert json.loads(answer.body) == {"statusCode": 201, "body": '"7"'}
    lines = said(answer)
    assert 'Endpoint request body after transformations: {"id": "7"}' in lines
    assert any(
        re.match(r"Received response\. Status: 200, Integration latency: \d+ ms", line)
        for line in lines
    )
    assert lines[-2:] == ["Successfully completed execution", "Method completed with status: 200"]


async def test_a_backend_tells_what_it_was_sent_without_our_secret(loaded, backend):
    headers = [("Authorization", "Bearer of-the-client"), ("X-Api-Key", "k")]
    answer = await alone(loaded, "PUT", "/pets/7", headers=headers)
    assert (answer.status, answer.body) == (200, b"vendor")
    log = "\n".join(answer.log)
    assert f"Endpoint request URI: http://{backend.address}/v1/7" in log
    assert "X-Vendor=***" in log
    assert ENVIRON["KEY"] not in log
    assert "of-the-client" not in log
    assert "Endpoint response body before transformations: vendor" in log


async def test_a_proxy_is_told_of_too(loaded):
    answer = await alone(loaded, "GET", "/pets/all")
    assert answer.body == b"vendor"
    assert "Endpoint response body before transformations: vendor" in said(answer)
    answer = await alone(loaded, "PATCH", "/pets/7")
    assert answer.status == 201
    assert any('"resource":"/pets/{id}"' in line for line in said(answer))


async def test_a_failure_is_explained(loaded, backend):
    answer = await alone(loaded, "DELETE", "/pets/7")
    assert answer.status == 500
    assert (
        "Execution failed due to configuration error: Unable to parse statusCode. It should be"
        in ("\n".join(answer.log))
    )
    backend.orders.append("reset")
    answer = await alone(loaded, "PUT", "/pets/7")
    assert answer.status == 504
    assert "Execution failed due to a network error communicating with endpoint" in said(answer)


@pytest.mark.parametrize(
    ("request_of", "body"),
    [
        ({"resource": "/pets/{id}"}, b"{id} blue"),
        ({"resource": "/pets/{id}", "path": "/elsewhere"}, b" blue"),
        ({"resource": "/pets/{id}", "path": "/pets/8"}, b"8 blue"),
        ({"path": "/pets/8", "variables": {"room": "red"}}, b"8 red"),
    ],
)
async def test_which_path_and_variables_a_method_sees(loaded, request_of, body):
    assert (await alone(loaded, "GET", **request_of)).body == body


@pytest.mark.parametrize(
    ("request_of", "message"),
    [
        (MethodRequest("dogs", "GET", "/"), "no REST API of this name: dogs"),
        (MethodRequest("pets", "GET", "/cats"), "no method for this request: GET /cats"),
        (MethodRequest("pets", "HEAD", "/pets/1"), "no method for this request"),
        (MethodRequest("pets", "GET", resource="/cats"), "no such method: GET /cats"),
        (MethodRequest("pets", "GET", "/%zz"), "expected a path of URL characters"),
    ],
)
async def test_what_is_not_there_is_told(loaded, request_of, message):
    with pytest.raises(FrontdeskError, match=message):
        await try_alone(loaded, request_of, lambda *_: None)


async def test_a_gateway_that_runs_does_it_with_what_is_in_force(tmp_path, backend):
    path = project(tmp_path, CONFIG.format(backend=backend.address), code=CODE)
    async with serving(path, ENVIRON) as app:
        admin = app.config.admin.listen

        async def post(document):
            body = json.dumps(document)
            return await asyncio.to_thread(call, admin, "POST", "/test-invoke", body=body)

        for _ in range(3):  # the method's limit is one a day
            answer = await post(asked(MethodRequest("pets", "POST", "/pets/7")))
            assert (answer.status, answer.json["status"]) == (200, 200)
        assert json.loads(answer.json["body"])["body"] == '"7"'
        assert answer.json["multiValueHeaders"]["Content-Type"] == ["application/json"]
        assert "Successfully completed execution" in answer.json["log"]
        assert (await post({"api": "pets"})).status == 422
        refused = await post({"api": "pets", "method": "GET", "path": "/nowhere"})
        assert refused.json["message"] == "no method for this request: GET /nowhere"
