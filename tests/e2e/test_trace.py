"""One request has one trace: in its authorizer's event, its function's event and the access log."""

import asyncio
import json

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving
from tests.live.vendors import vendor

CONFIG = """
logs: {access: {path: access.log}}
functions: {check: {handler: f.check}, show: {handler: f.show}}
authorizers: {a: {type: function, function: check, identity: [], cache: 0}}
apis:
  a: {authorizer: a, routes: {GET /: {function: show}}}
"""

FUNCTIONS = """
import os

def check(event, context):
    seen = [event["headers"]["x-amzn-trace-id"], os.environ["_X_AMZN_TRACE_ID"]]
    return {"isAuthorized": True, "context": {"seen": seen}}

def show(event, context):
    own = [event["headers"]["x-amzn-trace-id"], os.environ["_X_AMZN_TRACE_ID"]]
    return event["requestContext"]["authorizer"]["lambda"]["seen"] + own
"""

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("sent", [{}, {"X-Amzn-Trace-Id": ROOT}], ids=["none sent", "a root sent"])
async def test_a_request_has_one_trace(tmp_path, sent):
    async with serving(project(tmp_path, CONFIG, f=FUNCTIONS)) as app:
        answer = await asyncio.to_thread(call, app.addresses[0], headers=sent)
    seen = answer.json
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert seen[0].startswith(sent.get("X-Amzn-Trace-Id", "Root=1-"))
    [line] = (tmp_path / "access.log").read_text().splitlines()
    assert seen[0].split(";")[0] == f"Root={json.loads(line)['xrayTraceId']}"
    assert json.loads(line)["traceId"] == seen[0].split(";")[0][7:].replace("-", "")


WAY = """
functions:
  show: {{handler: f.show, environment: {{VENDOR: "{url}"}}}}
state_machines:
  order:
    type: express
    definition:
      StartAt: Show
      States:
        Show: {{Type: Task, Resource: "arn:aws:states:::lambda:invoke", Parameters: {{FunctionName: show}}, Next: Ask}}
        Ask:
          Type: Task
          Resource: "arn:aws:states:::http:invoke"
          Parameters: {{ApiEndpoint: "{url}/of-machine", Method: GET}}
          End: true
apis:
  a: {{routes: {{POST /orders: {{state_machine: order}}}}}}
"""

CALLING = """
import os
from frontdesk import SyncClient

def show(event, context):
    with SyncClient(os.environ["VENDOR"]) as vendor:
        vendor.get("/of-function")
    return {}
"""


async def test_door_machine_function_and_what_they_call_have_one_trace(tmp_path):
    trace = "ab" * 16
    async with vendor(lambda _asked: (200, {}, {})) as other:
        async with serving(project(tmp_path, WAY.format(url=other.url), f=CALLING)) as app:
            answer = await asyncio.to_thread(
                call,
                app.addresses[0],
                "POST",
                "/orders",
                headers={"traceparent": f"00-{trace}-{'cd' * 8}-01"},
                body="{}",
            )
        assert answer.status == 200, answer.body
        parents = {asked.target: asked.headers["traceparent"].split("-") for asked in other.seen}
    assert {target: parts[1] for target, parts in parents.items()} == {
        "/of-function": trace,
        "/of-machine": trace,
    }
    assert len({parts[2] for parts in parents.values()}) == 2
