"""Routes that start executions, tell of them, and answer tasks."""

import asyncio
import json
import re

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.router import Door
from frontdesk.ports.executions import ExecutionError
from tests.live.executions import ARN, PlayedExecutions

FILE = """
name: x
state_machines:
  charge: {{definition: {{StartAt: A, States: {{A: {{Type: Succeed}}}}}}}}
authorizers: {{key: {{type: api_key, keys: {{k: 0123456789abcdef0123}}}}}}
apis:
  shop:
    base_path: /shop
    versioning: {{by: header, header: X-Version, versions: {{v1: {{}}}}}}
    routes:
      {route}
  other:
    base_path: /other
    routes:
      {route}
"""
ASYNC = "POST /payments: {state_machine: charge, mode: async%s}"
SYNC = "POST /payments: {state_machine: charge%s}"
LOCATION = re.compile(r"/shop/payments/executions/run-1\.[\w-]{22}")


@pytest.fixture
def executions():
    return PlayedExecutions()


@pytest.fixture
def ask(make_exchange, compile_text, executions):
    """Ask a door with one route (its text), twice: below /shop and below /other."""
    doors = {}

    async def asked(route, method, path, body=b"", headers=(), *, gone=""):
        door = doors.get(route)
        if door is None:
            door = doors[route] = Door(
                compile_text(FILE.format(route=route), executions=executions)
            )
        fields = [(name.encode(), value.encode()) for name, value in headers]
        ex = make_exchange(fields, method=method, path=path, raw_path=path, body=body)
        ex.host = ""
        answered = asyncio.Event()
        ex.client.send = lambda ex, reply: (ex.client.replies.append(reply), answered.set())
        door.enter(ex)
        if gone:
            await asyncio.sleep(0)
            run.expire(ex) if gone == "timeout" else run.client_gone(ex)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if gone != "client":
            await answered.wait()
        ex.status = ex.client.replies[0].status if ex.client.replies else 0
        return ex

    return asked


def said(ex):
    """Status, header fields and document of an answer."""
    [reply] = ex.client.replies
    fields = {name.decode().lower(): value.decode() for name, value in reply.fields}
    return reply.status, fields, json.loads(reply.body) if reply.body else None


# -- what an execution is given ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "body", "given"),
    [
        ("", b'{"a": 1}', {"a": 1}),
        ("", b"", {}),
        ("", b"[1, null]", [1, None]),
        (", input: $request.body.order", b'{"order": {"id": 7}}', {"id": 7}),
        (", input: $request.body.order", b"{}", {}),
        (
            ", input: {id: $request.body.id, no: $request.body.no, all: $request.body, n: [5, $request.body.no]}",
            b'{"id": 7}',
            {"id": 7, "all": {"id": 7}, "n": [5, None]},
        ),
        (
            ", input: {at: $context.routeKey, by: $request.header.X-By, as: '${request.header.X-By}!'}",
            b"no JSON",
            {"at": "POST /payments", "by": "ann", "as": "ann!"},
        ),
    ],
    ids=["body", "no body", "any JSON", "a part", "no part", "a document", "other selectors"],
)
async def test_an_execution_is_given_what_the_route_says(ask, executions, settings, body, given):
    await ask(ASYNC % settings, "POST", "/shop/payments", body, [("x-by", "ann")])
    assert executions.calls[0][:3] == ("start", "charge", given)


@pytest.mark.parametrize(
    ("settings", "body", "status"),
    [
        ("", b"{", 400),
        (", input: {a: $request.body.a}", b"{", 400),
        ("", b'"%s"' % (b"x" * 262_143), 413),
    ],
    ids=["no JSON", "no JSON to look into", "too large"],
)
async def test_what_cannot_be_given_is_refused(ask, executions, settings, body, status):
    route = ASYNC % (settings + ", max_body: 1MB")
    ex = await ask(route, "POST", "/shop/payments", body)
    assert (said(ex)[0], executions.calls) == (status, [])


async def test_a_name_comes_from_the_request(ask, executions):
    route = ASYNC % ", name: $request.header.Idempotency-Key"
    await ask(route, "POST", "/shop/payments", headers=[("idempotency-key", "k1")])
    await ask(route, "POST", "/shop/payments")
    assert [call[3] for call in executions.calls] == ["k1", ""]


async def test_the_execution_knows_the_trace(ask, executions):
    await ask(SYNC % ", timeout: 2s", "POST", "/shop/payments", gone="timeout")
    assert executions.calls[0][4].startswith("Root=1-")
    assert executions.calls[0][5] == 2.0


# -- mode: sync ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ('{"a":1}', (200, "application/json", b'{"a":1}')),
        ('"text"', (200, "application/json", b'"text"')),
        ("null", (200, "application/json", b"null")),
        (
            '{"statusCode":402,"body":"no","headers":{"Content-Type":"text/x"}}',
            (402, "text/x", b"no"),
        ),
        ('{"statusCode":"402","body":{"a":1}}', (402, "application/json", b'{"a":1}')),
        ('{"statusCode":204}', (204, None, b"")),
        (
            '{"statusCode":200,"body":"aGk=","isBase64Encoded":true}',
            (200, "text/plain; charset=utf-8", b"hi"),
        ),
        ('{"statusCode":"soon"}', (502, "application/json", b'{"message":"Bad Gateway"}')),
    ],
    ids=["JSON", "text", "null", "status", "JSON body", "no content", "base64", "malformed"],
)
async def test_the_output_is_the_answer(ask, executions, output, answer):
    executions.ends_as["charge"] = {"status": "SUCCEEDED", "output": output}
    ex = await ask(SYNC % "", "POST", "/shop/payments")
    [reply] = ex.client.replies
    fields = {name.lower(): value.decode() for name, value in reply.fields}
    assert (reply.status, fields.get(b"content-type"), reply.body) == answer


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
async def test_a_failure_says_nothing_but_502(ask, executions, status):
    executions.ends_as["charge"] = {"status": status, "error": "E", "cause": "secret"}
    ex = await ask(SYNC % "", "POST", "/shop/payments")
    assert said(ex)[::2] == (502, {"message": "Bad Gateway"})
    assert ex.integration_error == f"{status} E: secret"


@pytest.mark.parametrize("gone", ["timeout", "client"])
async def test_an_execution_that_nobody_waits_for_is_given_up(ask, executions, gone):
    ex = await ask(SYNC % "", "POST", "/shop/payments", gone=gone)
    assert executions.given_up == ["run-1"]
    assert ex.integration_latency >= 0
    assert ex.status == (504 if gone == "timeout" else 0)


async def test_one_that_still_runs_at_the_end_of_its_time_is_504(ask, executions):
    executions.run = lambda *_given, **_named: executions.start("charge", "{}")
    assert (await ask(SYNC % "", "POST", "/shop/payments")).status == 504


# -- mode: async --------------------------------------------------------------------------------


async def test_a_start_is_answered_with_where_to_look(ask):
    status, fields, document = said(await ask(ASYNC % "", "POST", "/shop/payments"))
    assert (status, fields["retry-after"]) == (202, "1")
    assert LOCATION.fullmatch(fields["location"])
    assert document == {
        "status": "RUNNING",
        "startDate": "1970-01-01T00:00:10.000Z",
        "location": fields["location"],
    }


@pytest.fixture
async def begun(ask):
    """A location, and the ARN of its execution."""
    location = said(await ask(ASYNC % "", "POST", "/shop/payments"))[1]["location"]
    return location, f"{ARN}:execution:charge:run-1"


async def test_the_status_tells_where_it_stands(ask, executions, begun):
    location, arn = begun
    status, fields, document = said(await ask(ASYNC % "", "GET", location))
    assert (status, fields["retry-after"], fields["cache-control"]) == (200, "1", "no-store")
    assert document == {"status": "RUNNING", "startDate": "1970-01-01T00:00:10.000Z"}
    executions.end(arn, status="SUCCEEDED", output='{"statusCode":201}')
    status, fields, document = said(await ask(ASYNC % "", "GET", location))
    assert (status, "retry-after" in fields) == (200, False)
    assert document["output"] == {"statusCode": 201}
    assert document["stopDate"] == "1970-01-01T00:00:11.000Z"


async def test_a_failure_is_told_without_its_cause(ask, executions, begun):
    location, arn = begun
    executions.end(arn, status="FAILED", error="Card.Declined", cause="at line 5 of …")
    document = said(await ask(ASYNC % "", "GET", location))[2]
    assert document.pop("stopDate")
    assert document.pop("startDate")
    assert document == {"status": "FAILED", "error": "Card.Declined"}
    assert said(await ask(ASYNC % "", "GET", f"{location}/result"))[0] == 502


async def test_the_result_is_what_sync_would_answer(ask, executions, begun):
    location, arn = begun
    assert said(await ask(ASYNC % "", "GET", f"{location}/result"))[0] == 202
    executions.end(arn, status="SUCCEEDED", output='{"statusCode":201,"body":{"a":1}}')
    assert said(await ask(ASYNC % "", "GET", f"{location}/result"))[::2] == (201, {"a": 1})


async def test_it_can_be_stopped_once(ask, executions, begun):
    location, _ = begun
    assert said(await ask(ASYNC % "", "DELETE", location))[2]["status"] == "ABORTED"
    assert said(await ask(ASYNC % "", "DELETE", location))[0] == 409


async def test_nobody_can_make_a_link_of_a_name(ask, executions, begun):
    location, _ = begun
    for path in (
        "/shop/payments/executions/run-1",
        location[:-1] + ("A" if location[-1] != "A" else "B"),
        location.replace("/shop", "/other"),
        location.replace("run-1", "run-2"),
    ):
        for method in ("GET", "DELETE"):
            assert said(await ask(ASYNC % "", method, path))[0] == 404
    assert [call[0] for call in executions.calls] == ["start"]


async def test_an_execution_that_is_no_more_is_404(ask, executions, begun):
    executions.known.clear()
    assert said(await ask(ASYNC % "", "GET", begun[0]))[0] == 404


async def test_the_place_of_the_status_can_be_said(ask):
    route = (
        "'POST /of/{who}/payments': {state_machine: charge, mode: async, "
        "location: '/paid/{execution}/by/{who}'}"
    )
    location = said(await ask(route, "POST", "/shop/of/a%20b/payments"))[1]["location"]
    assert re.fullmatch(r"/shop/paid/run-1\.[\w-]+/by/.+", location)
    assert said(await ask(route, "GET", location))[0] == 200


async def test_names_that_are_no_url_stand_encoded(ask, executions):
    route = ASYNC % ", name: $request.header.X-Name"
    ex = await ask(route, "POST", "/shop/payments", headers=[("x-name", "a=b+c")])
    location = said(ex)[1]["location"]
    assert "/a%3Db%2Bc." in location


async def test_who_may_start_may_look_and_nobody_else(ask):
    key = [("x-api-key", "0123456789abcdef0123")]
    route = ASYNC % ", authorizer: key"
    location = said(await ask(route, "POST", "/shop/payments", headers=key))[1]["location"]
    for method, path in (("GET", location), ("GET", f"{location}/result"), ("DELETE", location)):
        assert said(await ask(route, method, path))[0] == 403
    assert said(await ask(route, "GET", location, headers=key))[0] == 200


async def test_each_resource_has_the_limits_of_its_route(ask):
    route = ASYNC % ", throttle: {rate: 1/h, burst: 1}"
    location = said(await ask(route, "POST", "/shop/payments"))[1]["location"]
    assert said(await ask(route, "POST", "/shop/payments"))[0] == 429
    assert [said(await ask(route, "GET", location))[0] for _ in range(2)] == [200, 429]


async def test_a_location_is_said_as_the_client_says_the_version(ask):
    route = "POST /v1/payments: {state_machine: charge, mode: async}"
    version = [("x-version", "v1")]
    location = said(await ask(route, "POST", "/shop/payments", headers=version))[1]["location"]
    assert location.startswith("/shop/payments/executions/")
    assert said(await ask(route, "GET", location, headers=version))[0] == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ExecutionError("ExecutionAlreadyExists", "…"), 409),
        (ExecutionError("InvalidName", "…"), 400),
        (ExecutionError("InvalidExecutionInput", "…"), 400),
        (ExecutionError("StateMachineDoesNotExist", "…"), 500),
        (StoreError("disk full"), 503),
        (RuntimeError("a bug"), 500),
    ],
    ids=lambda value: getattr(value, "code", None),
)
@pytest.mark.parametrize("route", [ASYNC, SYNC])
async def test_a_start_that_is_refused(ask, executions, route, error, status):
    executions.error = error
    ex = await ask(route % "", "POST", "/shop/payments")
    assert said(ex)[0] == status
    assert "…" not in str(said(ex)[2])


async def test_without_anybody_who_runs_machines_it_is_503(make_exchange, compile_text):
    door = Door(compile_text(FILE.format(route=SYNC % "")))
    ex = make_exchange(method="POST", path="/shop/payments")
    answered = asyncio.Event()
    ex.client.send = lambda ex, reply: (ex.client.replies.append(reply), answered.set())
    door.enter(ex)
    await answered.wait()
    assert said(ex)[0] == 503
    assert "nobody runs state machines" in ex.integration_error


# -- callbacks ----------------------------------------------------------------------------------

CALLBACK = "'POST /callbacks/{token}': {task_token: $request.path.token, outcome: %s}"


@pytest.mark.parametrize(
    ("outcome", "body", "answered"),
    [
        ("success", b'{"paid": true}', ("succeed", '{"paid": true}')),
        ("success", b"", ("succeed", "{}")),
        ("success", b"null", ("succeed", "null")),
        ("failure", b'{"error": "E", "cause": "C"}', ("fail", "E", "C")),
        ("failure", b"", ("fail", None, None)),
        ("heartbeat", b"whatever", ("beat",)),
    ],
)
async def test_a_callback_answers_the_task(ask, executions, outcome, body, answered):
    ex = await ask(CALLBACK % outcome, "POST", "/shop/callbacks/t0ken", body)
    assert (said(ex)[0], executions.calls) == (204, [answered])


@pytest.mark.parametrize(
    ("outcome", "token", "body", "status"),
    [
        ("success", "none", b"{}", 404),
        ("success", "over", b"{}", 410),
        ("heartbeat", "over", b"", 410),
        ("success", "t0ken", b"{", 400),
        ("failure", "t0ken", b"[]", 400),
        ("failure", "t0ken", b'{"error": 5}', 400),
        ("failure", "t0ken", b'{"error": "%s"}' % (b"E" * 257), 400),
        ("failure", "t0ken", b'{"cause": "%s"}' % (b"C" * 32_769), 400),
    ],
)
async def test_a_callback_that_cannot_be_is_refused(ask, executions, outcome, token, body, status):
    executions.tokens["over"] = [("fail",)]
    ex = await ask(CALLBACK % outcome, "POST", f"/shop/callbacks/{token}", body)
    assert said(ex)[0] == status


@pytest.mark.parametrize(
    ("route", "path", "query", "logged"),
    [
        (CALLBACK % "success", "/shop/callbacks/t0ken", "", "/shop/callbacks/{token}"),
        ("POST /cb: {task_token: $request.querystring.t}", "/shop/cb", "t=t0ken", "/shop/cb"),
        ("'$default': {task_token: $request.path.t}", "/shop/t0ken", "", "/shop$default"),
    ],
)
async def test_the_log_does_not_show_the_token(ask, route, path, query, logged):
    ex = await ask(route, "POST", path)
    ex.query = query
    ex.plan.log(ex)
    assert (ex.path, ex.query) == (logged, "")
    assert "t0ken" not in f"{ex.path} {ex.raw_path} {ex.stage_path}"
