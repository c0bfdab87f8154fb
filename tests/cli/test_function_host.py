"""`invoke --later` and `functions waiting|drop`: asynchronous invocations of a running gateway."""

import asyncio
import json
import re
from base64 import b64encode
from uuid import UUID
from zipfile import ZipFile

import pytest

from frontdesk.base.errors import StoreError
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """
functions:
  send: {handler: code.send, aliases: {live: {version: "1"}}, versions: {"1": {}}, on_success: queue:done}
  fail: {handler: code.fail}
queues: {done: {}}
"""
CODE = """
def send(event, context):
    return [event, context.invoked_function_arn]

def fail(event, context):
    raise LookupError("no slot")
"""


@pytest.fixture
async def app(tmp_path):
    async with serving(project(tmp_path, CONFIG, code=CODE)) as app:
        yield app


@pytest.fixture
def frontdesk(run):
    """Run a command while the gateway answers; gives its exit code and output."""

    async def frontdesk(*arguments):
        result = await asyncio.to_thread(run, *arguments)
        return result.exit_code, result.output

    return frontdesk


async def record(app):
    queues = app._works.part.durable.queues.queues
    (message,) = await queues.receive(queues.find("done"), most=1, wait=20)
    return json.loads(message.body)


async def test_an_invocation_is_accepted_and_made_by_the_gateway(app, frontdesk):
    status, output = await frontdesk("invoke", "send:live", "--later", "-e", '["ü", 1.50]')
    assert status == 0
    found = await record(app)
    assert found["requestContext"]["requestId"] == str(UUID(output.strip()))
    assert found["responsePayload"] == [["ü", 1.5], found["requestContext"]["functionArn"]]
    assert found["requestContext"]["functionArn"].endswith(":function:send:live")


async def test_what_waits_is_shown_and_dropped(app, frontdesk):
    assert await frontdesk("functions", "waiting") == (0, "FUNCTION  WAITING  OLDEST\n")
    await frontdesk("invoke", "fail", "--later")
    await frontdesk("invoke", "fail", "--later")
    status, output = await frontdesk("functions", "waiting")
    assert (status, re.findall(r"^fail +2 +\d+s$", output, re.MULTILINE)) == (
        0,
        output.split("\n")[1:-1],
    )
    assert await frontdesk("functions", "drop", "fail", "--yes") == (0, "2 invocations dropped\n")
    assert await frontdesk("functions", "waiting") == (0, "FUNCTION  WAITING  OLDEST\n")


@pytest.mark.usefixtures("app")
async def test_a_function_that_is_not_there_is_refused(frontdesk):
    status, output = await frontdesk("invoke", "nobody", "--later")
    assert (status, output) == (1, "refused: there is no such function: nobody\n")


async def test_what_is_not_kept_is_refused(app, frontdesk, monkeypatch):
    async def fail(*_given, **_named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(app._works.part.durable.invocations.all._store, "send", fail)
    status, output = await frontdesk("invoke", "send", "--later")
    assert (status, output) == (1, "refused: the disk is full\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/invocations/send", b"{", 422, "expected an object of JSON"),
        ("POST", "/invocations/send", b"[]", 422, "expected an object of JSON"),
        ("POST", "/invocations/send", b"{}", 422, "expected an object of JSON"),
        (
            "POST",
            "/invocations/send",
            b'{"event": "' + b"x" * 1024 * 1024 + b'"}',
            422,
            "at most 1048576",
        ),
        ("GET", "/invocations/send", b"", 405, ""),
        ("POST", "/invocations/send/keep", b"", 404, ""),
    ],
    ids=["not-json", "array", "no-event", "large", "method", "action"],
)
async def test_what_nobody_can_do_is_refused(app, method, path, body, status, words):
    answer = await asyncio.to_thread(call, str(app.config.admin.listen), method, path, body=body)
    assert answer.status == status
    assert words in answer.body.decode()


async def test_functions_of_a_gateway_are_listed(app, frontdesk):
    status, output = await frontdesk("functions", "list")
    assert status == 0
    head, fail, send = (line.split() for line in output.splitlines())
    assert head[:2] == ["FUNCTION", "HANDLER"]
    assert fail == ["fail", "code.fail", "$LATEST", "-", "0", "0", "-"]
    assert send[:7] == ["send", "code.send", "$LATEST,", "1", "live", "->", "1"]


async def test_functions_of_the_api_are_published_and_shifted(app, frontdesk, tmp_path):
    with ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("code.py", CODE)
    asked = {
        "FunctionName": "made",
        "Runtime": "python3.11",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Handler": "code.send",
        "Code": {"ZipFile": b64encode((tmp_path / "made.zip").read_bytes()).decode()},
    }
    listen = str(app.config.admin.listen)
    await asyncio.to_thread(call, listen, "POST", "/2015-03-31/functions", body=json.dumps(asked))
    assert await frontdesk("functions", "publish", "made") == (0, "1\n")
    assert await frontdesk("functions", "shift", "made", "live", "1") == (0, "live -> 1\n")
    assert "live -> 1" in (await frontdesk("functions", "list"))[1]
    status, output = await frontdesk("functions", "shift", "made", "live", "1", "--also", "2=x")
    assert (status, "expected VERSION=SHARE" in output) == (2, True)
    status, output = await frontdesk("functions", "publish", "send")
    assert (status, "is in the configuration file" in output) == (1, True)
