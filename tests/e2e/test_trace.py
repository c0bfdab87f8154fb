"""One request has one trace: in its authorizer's event, its function's event and the access log."""

import asyncio
import json

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

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
