"""Methods whose function is called later, in a whole gateway: 202 when it is on the disk, in workers too."""

import asyncio
import json

import pytest

from frontdesk.base.errors import StoreError
from tests.live.calls import call
from tests.live.gateways import gateway, project, serving
from tests.live.processes import until

CONFIG = """
functions:
  f: {handler: code.f, on_success: queue:done}
queues: {done: {}}
apis:
  partners:
    type: rest
    stages: {prod: {}}
    resources:
      /letters:
        POST:
          integration:
            type: aws
            function: f
            request_parameters: {integration.request.header.X-Amz-Invocation-Type: "'Event'"}
            responses: {default: {status: 202, templates: {application/json: '{"accepted": true}'}}}
          responses: {"202": {}}
      /either:
        POST:
          integration:
            type: aws
            function: f
            request_parameters: {integration.request.header.X-Amz-Invocation-Type: method.request.header.InvocationType}
            responses: {default: {}}
          responses: {"200": {}}
"""
CODE = """
def f(event, context):
    return {"id": context.aws_request_id, **event}
"""


@pytest.fixture
async def app(tmp_path):
    async with serving(project(tmp_path, CONFIG, code=CODE)) as app:
        yield app


async def post(app, path, body=b'{"n": 1}', **headers):
    address = str(app.addresses[0])
    fields = {"Content-Type": "application/json", **headers}
    return await asyncio.to_thread(call, address, "POST", f"/prod{path}", body=body, headers=fields)


async def record(app):
    queues = app._works.part.durable.queues.queues
    (message,) = await queues.receive(queues.find("done"), most=1, wait=20)
    return json.loads(message.body)


async def test_a_mapped_event_is_accepted_and_runs_later_with_its_request_id(app):
    answer = await post(app, "/letters")
    assert (answer.status, answer.json) == (202, {"accepted": True})
    found = await record(app)
    assert found["requestPayload"] == {"n": 1}
    assert found["responsePayload"] == {"id": found["requestContext"]["requestId"], "n": 1}


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        pytest.param({}, 200, b'"n"', id="nothing-told"),
        pytest.param({"InvocationType": "RequestResponse"}, 200, b'"n"', id="at-once"),
        pytest.param({"InvocationType": "Event"}, 200, b"", id="later"),
        pytest.param({"InvocationType": "Sometime"}, 500, b"message", id="neither"),
    ],
)
async def test_the_client_may_be_left_the_choice(app, kind, status, body):
    answer = await post(app, "/either", **kind)
    assert answer.status == status
    assert body in answer.body


async def test_an_event_that_is_none_or_not_kept_is_refused(app, monkeypatch):
    assert (await post(app, "/letters", b"{")).status == 500
    large = b'"' + b"x" * 1024 * 1024 + b'"'
    assert (await post(app, "/letters", large)).status == 413

    async def fail(*_given, **_named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(app._works.part.durable.invocations.all._store, "send", fail)
    assert (await post(app, "/letters")).status == 500


def test_workers_hand_events_to_the_supervisor(tmp_path):
    with gateway(project(tmp_path, f"workers: 2\n{CONFIG}", code=CODE)) as running:
        headers = {"Content-Type": "application/json"}
        answer = running.call("POST", "/prod/letters", body=b'{"n": 2}', headers=headers)
        assert (answer.status, answer.json) == (202, {"accepted": True})
        log = tmp_path / ".frontdesk" / "logs" / "f.log"
        until(lambda: log.exists() and "REPORT" in log.read_text())
