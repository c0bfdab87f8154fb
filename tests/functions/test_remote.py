"""Remote functions, over real sockets: a fake of AWS that checks signatures, and what can go wrong."""

import asyncio
import base64
import contextlib
import json
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.functions.remote import MAX_RESULT, RemoteFunctions, RemoteSettings, Signing
from frontdesk.ports.invoker import Invocation, Outcome
from frontdesk.rules.auth.sigv4 import Credentials
from tests.live.backends import holding, threaded
from tests.live.calls import free_port

CREDENTIALS = Credentials("AKIDEXAMPLE", "secret", "session")
ID = "8f7a2f6c-3c1f-4c54-9d6a-0f4a3c1b2d10"


ANSWERS = {
    "ok": (200, {}, b'{"a": 1}'),
    "fails": (200, {"X-Amz-Function-Error": "Unhandled"}, b'{"errorType": "E"}'),
    "full": (
        429,
        {"x-amzn-ErrorType": "TooManyRequestsException"},
        b'{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}',
    ),
    "gone": (
        404,
        {"x-amzn-ErrorType": "ResourceNotFoundException:http://internal"},
        b'{"Type":"User","Message":"Function not found: x"}',
    ),
    "odd": (502, {}, b"<html>"),
    "large": (200, {}, bytes(MAX_RESULT + 1)),
}


class Lambda(BaseHTTPRequestHandler):
    """AWS Lambda: `/2015-03-31/functions/NAME/invocations` answers as ANSWERS says, if the signature is good."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.split("/")[3]
        if not self.is_signed(body):
            answer = (
                403,
                {"x-amzn-ErrorType": "InvalidSignatureException"},
                b'{"message":"The request signature we calculated does not match"}',
            )
        elif name == "echo":
            seen = {key.lower(): value for key, value in self.headers.items()}
            answer = (200, {}, json.dumps({"seen": seen, "event": json.loads(body)}).encode())
        else:
            answer = ANSWERS[name]
        status, headers, content = answer
        self.send_response(status)
        headers = {"x-amzn-RequestId": ID, "X-Amz-Executed-Version": "3", **headers}
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)

    def is_signed(self, body):
        """Sign the same request with botocore's signer at the same second, and compare."""
        given = self.headers.get("authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        added = {"host", "x-amz-date", "x-amz-security-token"}
        headers = {name: self.headers[name] for name in names if name not in added}
        request = AWSRequest("POST", f"http://{self.headers['host']}{self.path}", headers, body)
        at = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007
        with patch("botocore.auth.get_current_datetime", lambda: at):
            SigV4Auth(BotoCredentials(*CREDENTIALS), "lambda", "eu-west-1").add_auth(request)
        return given == request.headers["Authorization"]

    def log_message(self, *_):
        """Silence."""


class Caller:
    """Calls remote functions on the loop of a test."""

    def __init__(self):
        self.clock = SystemClock()
        self.wheel = Wheel(self.clock.monotonic())
        self.functions = RemoteFunctions(self.clock, self.wheel)

    def invoker(self, url, *, timeout=30.0, credentials=CREDENTIALS):
        signing = Signing(credentials, "eu-west-1", "lambda") if credentials else None
        return self.functions.invoker(
            RemoteSettings(name="there", url=url, timeout=timeout, signing=signing, arn="arn")
        )

    def start(self, invoker, event=b"{}", *, wait=60.0, **more):
        done = asyncio.get_running_loop().create_future()
        invocation = Invocation(event, self.clock.monotonic() + wait, **more)
        return invoker.invoke(invocation, done.set_result), done

    async def __call__(self, url, event=b"{}", *, credentials=CREDENTIALS, **more):
        _, done = self.start(self.invoker(url, credentials=credentials), event, **more)
        return await done


@pytest.fixture
async def call():
    caller = Caller()
    yield caller
    caller.functions.close()
    await asyncio.sleep(0)


@pytest.fixture(scope="module")
def aws():
    with threaded(Lambda) as address:
        yield (
            lambda name: f"http://{address}/2015-03-31/functions/{name}/invocations?Qualifier=live"
        )


async def test_a_result_comes_back_with_its_version_and_id(call, aws):
    assert await call(aws("ok")) == Outcome(b'{"a": 1}', request_id=ID, version="3")


async def test_event_trace_and_client_context_go_out(call, aws):
    outcome = await call(
        aws("echo"), b'{"x": 1}', trace="Root=1-2-3", client_context='{"custom": {}}'
    )
    told = json.loads(outcome.payload)
    assert told["event"] == {"x": 1}
    seen = told["seen"]
    assert seen["x-amzn-trace-id"] == "Root=1-2-3"
    assert base64.b64decode(seen["x-amz-client-context"]) == b'{"custom": {}}'
    assert seen["x-amz-security-token"] == "session"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("fails", ("Unhandled", "", b'{"errorType": "E"}')),
        ("full", ("Throttled", "ConcurrentInvocationLimitExceeded", None)),
        (
            "gone",
            ("Unavailable", "status 404 ResourceNotFoundException: Function not found: x", b""),
        ),
        ("odd", ("Unavailable", "status 502 : ", b"")),
        ("large", ("Unavailable", f"the answer is longer than {MAX_RESULT} bytes", b"")),
    ],
)
async def test_errors_are_told_in_the_words_of_the_port(call, aws, name, outcome):
    found = await call(aws(name))
    error, reason, payload = outcome
    assert (found.error, found.reason) == (error, reason)
    assert payload is None or found.payload == payload


async def test_a_wrong_secret_is_refused_there_and_not_shown(call, aws):
    found = await call(aws("ok"), credentials=CREDENTIALS._replace(secret_access_key="wrong"))
    assert found.error == "Unavailable"
    assert found.reason.startswith("status 403 InvalidSignatureException")
    assert "wrong" not in found.reason


async def test_nobody_there_is_unavailable(call):
    found = await call(f"http://127.0.0.1:{free_port()}/2015-03-31/functions/x/invocations")
    assert found.error == "Unavailable"
    assert found.reason.startswith("connect: ")


async def test_the_log_says_what_is_wrong_there_but_not_for_each_call(call, caplog):
    invoker = call.invoker(f"http://127.0.0.1:{free_port()}/2015-03-31/functions/x/invocations")
    for _ in range(3):
        _, done = call.start(invoker)
        await done
    (record,) = caplog.records
    assert record.function == "there"
    assert record.getMessage().startswith("function elsewhere cannot be used: connect: ")


async def test_an_answer_that_breaks_off_is_unavailable(call):
    async def cut(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        found = await call(f"http://{address}/x")
    assert found.error == "Unavailable"
    assert found.reason.startswith("the answer breaks off")


@pytest.mark.parametrize(
    ("own", "callers"), [pytest.param(5.0, 60.0, id="own"), pytest.param(30.0, 5.0, id="callers")]
)
async def test_what_takes_too_long_is_ended(call, own, callers):
    async with holding() as backend:
        invoker = call.invoker(f"http://{backend.address}/x", timeout=own)
        _, done = call.start(invoker, wait=callers)
        await backend.asked.wait()
        call.wheel.advance(call.clock.monotonic() + 6.0)
        outcome = await done
        await backend.gone.wait()
    assert outcome.error == "Unhandled"
    assert json.loads(outcome.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"Task timed out after {own:.2f} seconds",
    }


async def test_who_kills_hangs_up(call):
    async with holding() as backend:
        running, done = call.start(call.invoker(f"http://{backend.address}/x"))
        await backend.asked.wait()
        running.cancel(kill=True)
        await backend.gone.wait()
    assert not done.done()


async def test_who_goes_away_lets_it_run_on(call):
    async with holding() as backend:
        running, done = call.start(call.invoker(f"http://{backend.address}/x"))
        await backend.asked.wait()
        running.cancel(kill=False)
        backend.release()
        call.wheel.advance(time.monotonic())
        await asyncio.sleep(0)
        assert not backend.gone.is_set()
    assert not done.done()


async def test_a_function_without_credentials_is_asked_without(call):
    heads = []

    async def answer(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnull")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname())
    async with server:
        assert (await call(f"http://{address}/x", credentials=None)).payload == b"null"
    assert b"authorization" not in heads[0].lower()
