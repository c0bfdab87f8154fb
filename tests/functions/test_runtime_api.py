"""Commands in any language: Node.js, a shell with curl, AWS's own Python client, and a raw one."""

import json
import shutil
import sys

import pytest

from frontdesk.functions import host, process
from frontdesk.functions.frames import MAX_RESULT, TOO_LARGE
from tests.functions.streams import Taker

RAW = (sys.executable, "raw_bootstrap.py")
NODE = ("node", "bootstrap.mjs")

pytestmark = pytest.mark.timeout(120)

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")


def error_of(outcome):
    assert outcome.error == "Unhandled", outcome
    return json.loads(outcome.payload)


@needs_node
async def test_a_function_in_node_gets_events_and_answers(serve):
    async with serve("", command=NODE, region="eu-west-1") as rig:
        outcome = await rig.call({"a": "ü"}, trace="Root=1-2-3", client_context='{\n"custom": 1}')
        seen = json.loads(outcome.payload)
        assert seen["event"] == {"a": "ü"}
        headers = seen["headers"]
        assert headers["lambda-runtime-aws-request-id"] == outcome.request_id
        assert headers["lambda-runtime-trace-id"] == "Root=1-2-3"
        assert headers["lambda-runtime-client-context"] == '{"custom": 1}'
        arn = "arn:aws:lambda:eu-west-1:000000000000:function:f"
        assert headers["lambda-runtime-invoked-function-arn"] == arn
        assert int(headers["lambda-runtime-deadline-ms"]) > rig.clock.time() * 1000
        assert (await rig.result([1]))["pid"] == seen["pid"]
        assert 'node got {"a": "\\u00fc"}' in rig.lines
        assert "Max Memory Used: 0 MB" not in "".join(rig.lines)


@needs_node
async def test_an_error_that_a_command_reports_is_the_outcome(serve):
    async with serve("", command=NODE) as rig:
        error = error_of(await rig.call({"fail": "no slot"}))
        assert error == {"errorType": "Sad", "errorMessage": "no slot", "stackTrace": []}


@needs_node
async def test_node_streams_metadata_and_parts(serve):
    async with serve("", command=NODE) as rig:
        taker = Taker()
        outcome = await rig.call({"parts": 3}, stream=taker.take)
        assert (outcome.error, outcome.payload) == ("", b"")
        assert taker.stream.content_type == "application/vnd.awslambda.http-integration-response"
        assert taker.stream.request_id == outcome.request_id
        metadata, _, body = taker.data.partition(b"\0" * 8)
        assert json.loads(metadata)["statusCode"] == 203
        assert body == b"part 0\npart 1\npart 2\n"
        assert taker.ended == "end"


async def test_the_shell_runtime_of_awss_tutorial_runs(serve):
    async with serve("", command=("./shell_bootstrap",)) as rig:
        assert await rig.result({}) == "Echoing request: '{}'"
        assert await rig.result([]) == "Echoing request: '[]'"


async def test_awss_own_python_client_runs_the_same_handlers(serve):
    command = (sys.executable, "-m", "awslambdaric", "well.describe")
    async with serve("well.describe", command=command) as rig:
        outcome = await rig.call({}, client_context='{"client": {}, "custom": {"a": 1}}')
        seen = json.loads(outcome.payload)
        assert seen["aws_request_id"] == outcome.request_id
        assert seen["function_name"] == "f"
        assert seen["client"] == [None, {"a": 1}, None]
        assert 0 < seen["remaining"] <= 30_000


async def test_awss_own_python_client_reports_errors_as_our_runtime_does(serve):
    ours, theirs = {"name": "ours"}, {"name": "theirs"}
    command = (sys.executable, "-m", "awslambdaric", "ill.fail")
    async with serve(
        "ill.fail", {"handler": "ill.fail", "command": command, **theirs}, **ours
    ) as rig:
        errors = [error_of(await rig.call({}, name=name)) for name in ("ours", "theirs")]
        requests = [error.pop("requestId") for error in errors]
        assert errors[0] == errors[1]
        assert all(requests)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit 0", "Runtime exited without providing a reason"),
        ("exit 127", "Runtime exited with error: exit status 127"),
        ("kill", "Runtime exited with error: signal: killed"),
        ("abort", "Runtime exited with error: signal: aborted"),
        ("kill the adapter", "Runtime exited with error: signal: killed"),
        ("kill the zygote", "Runtime exited with error: signal: killed"),
    ],
)
async def test_the_end_of_any_process_ends_the_call_that_hit_it_only(serve, how, message):
    async with serve("", command=RAW) as rig:
        before = await rig.result("before")
        error = error_of(await rig.call({"do": "leave", "how": how}))
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith(f"Error: {message}")
        after = await rig.result("after")
        assert after["event"] == "after"
        assert after["pid"] != before["pid"]


async def test_a_command_and_all_that_it_started_end_with_its_time(serve):
    async with serve("", command=RAW, timeout=0.5) as rig:
        error = error_of(await rig.call({"do": "hang"}))
        assert error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith("Task timed out after 0.50 seconds")
        assert (await rig.result("after"))["event"] == "after"


@pytest.mark.parametrize("how", ["multiply", "stop_the_adapter"])
async def test_a_command_out_of_hand_ends_with_its_time(serve, how):
    async with serve("", command=RAW, timeout=2.0) as rig:
        assert error_of(await rig.call({"do": how}))["errorType"] == "Sandbox.Timedout"
        assert (await rig.result("after"))["event"] == "after"


@pytest.mark.parametrize(("how", "answer"), [("fall_silent", "silent"), ("knock", "answered")])
async def test_an_odd_command_is_answered_all_the_same(serve, how, answer):
    async with serve("", command=RAW, memory=512) as rig:
        assert await rig.result({"do": how}) == answer
        assert (await rig.result("after"))["event"] == "after"


async def test_an_init_error_is_told(serve):
    async with serve("", command=(*RAW, "init error")) as rig:
        outcome = await rig.call()
        assert outcome.error == "Unloadable"
        assert json.loads(outcome.payload)["errorMessage"] == "cannot begin"


@pytest.mark.parametrize(
    ("command", "kind", "message"),
    [
        ((*RAW, "exit at init"), "Runtime.ExitError", "exit status 3"),
        (("./missing",), "Runtime.InvalidEntrypoint", "./missing: No such file or directory"),
        (("./well.py",), "Runtime.InvalidEntrypoint", "./well.py: Permission denied"),
    ],
    ids=["ends", "missing", "no program"],
)
async def test_a_command_that_cannot_start_is_told_from_one_that_fails(
    serve, command, kind, message
):
    async with serve("", command=command) as rig:
        outcome = await rig.call()
        assert outcome.error == "Unloadable"
        error = json.loads(outcome.payload)
        assert error["errorType"] == kind
        assert message in error["errorMessage"]


async def test_requests_out_of_turn_are_refused_and_harm_nothing(serve):
    async with serve("", command=RAW) as rig:
        unknown, empty, next_, init, put = await rig.result({"do": "wrong_id"})
        invalid = [400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}]
        assert (unknown, empty) == (invalid, invalid)
        assert [next_[0], next_[1]["errorType"]] == [403, "InvalidStateTransition"]
        assert [init[0], init[1]["errorType"]] == [403, "InvalidStateTransition"]
        assert put[0] == 404
        assert await rig.result({"do": "garbage"}) == "still here"


async def test_an_event_goes_to_the_poll_that_still_waits(serve):
    async with serve("", command=(*RAW, "impatient")) as rig:
        await rig.until(lambda: "gave up" in rig.lines)
        assert (await rig.result("x"))["event"] == "x"


async def test_six_megabytes_pass_both_ways_and_one_byte_more_does_not(serve):
    async with serve("", command=RAW) as rig:
        event = json.dumps({"do": "count", "x": ""})
        event = event.replace('""', f'"{"x" * (MAX_RESULT - len(event))}"').encode()
        assert await rig.result(event) == len(event) == MAX_RESULT
        fits = await rig.call({"do": "too_large", "size": MAX_RESULT})
        assert len(fits.payload) == MAX_RESULT
        error = error_of(await rig.call({"do": "too_large", "size": MAX_RESULT + 1}))
        assert error == {"errorMessage": TOO_LARGE, "errorType": "Function.ResponseSizeTooLarge"}
        await rig.result("after")
        message = f"Exceeded maximum allowed payload size ({MAX_RESULT} bytes)."
        told = json.dumps([413, {"errorMessage": message, "errorType": "RequestEntityTooLarge"}])
        assert told in rig.lines


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("stream_and_fail", {"errorType": "Sad", "errorMessage": "midway"}),
        (
            "stream_and_break_off",
            {
                "errorType": "Runtime.TruncatedResponse",
                "errorMessage": "Response ended prematurely",
            },
        ),
    ],
)
async def test_a_stream_that_fails_midway_is_broken_off(serve, what, error):
    async with serve("", command=RAW) as rig:
        taker = Taker()
        assert error_of(await rig.call({"do": what}, stream=taker.take)) == error
        assert taker.data.startswith(b"first")
        assert taker.ended == "function:unhandled"
        assert (await rig.result("after"))["event"] == "after"


async def test_a_stream_that_nobody_wants_in_parts_is_gathered(serve):
    async with serve("", command=RAW) as rig:
        outcome = await rig.call({"do": "stream_plain", "size": 1000, "parts": 10})
        assert outcome.payload == b"x" * 10_000
        error = error_of(await rig.call({"do": "stream_plain", "size": 1 << 20, "parts": 7}))
        assert error["errorType"] == "Function.ResponseSizeTooLarge"
        assert (await rig.result("after"))["event"] == "after"


async def test_a_command_is_asked_to_end_before_it_is_ended(serve, monkeypatch):
    monkeypatch.setattr(process, "_EXIT_GRACE", 30.0)
    monkeypatch.setattr(host, "_END_GRACE", 30.0)
    async with serve("", command=(*RAW, "tidy")) as rig:
        await rig.result("x")
    assert "tidied up" in rig.lines


async def test_a_command_gets_the_environment_of_its_function_alone(serve, monkeypatch):
    monkeypatch.setenv("FRONTDESK_TEST_SECRET", "x")
    script = 'curl -sS -d "{\\"errorType\\": \\"$(env | cut -d= -f1 | sort | tr "\\n" " ")\\"}" '
    script += '"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"'
    async with serve("", command=("sh", "-c", script), environment={"OWN": "1"}) as rig:
        names = json.loads((await rig.call()).payload)["errorType"].split()
        assert {"OWN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "TMPDIR"} <= set(names)
        assert not {"FRONTDESK_TEST_SECRET", "AWS_EXECUTION_ENV"} & set(names)
