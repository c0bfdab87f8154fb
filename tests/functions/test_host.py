import asyncio
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from frontdesk.base.errors import StartError
from frontdesk.functions import zygote_link
from frontdesk.functions.frames import MAX_RESULT, TOO_LARGE
from frontdesk.functions.temporary import TemporaryFolders
from frontdesk.ports.invoker import Invocation

HANDLERS = Path(__file__).parent / "handlers"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

REPORT = (
    r"Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
    r"Memory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t"
)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def running(pid: int) -> bool:
    """Tell whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def error_of(outcome) -> dict:
    assert outcome.error in {"Unhandled", "Unloadable"}, outcome
    return json.loads(outcome.payload)


# -- what works -------------------------------------------------------------------------------------


async def test_a_handler_answers_with_json_in_the_form_of_awss_runtime(serve):
    async with serve("well.echo") as rig:
        outcome = await rig.call({"a": [1, None, True, "ü"], "b": 1.5})
        assert outcome.error == ""
        assert outcome.payload == b'{"a": [1, null, true, "\\u00fc"], "b": 1.5}'
        assert UUID.fullmatch(outcome.request_id)
        assert (await rig.call(None)).payload == b"null"


async def test_integers_of_any_size_survive(serve):
    async with serve("well.echo") as rig:
        assert await rig.result(10**40) == 10**40


async def test_an_async_handler_runs_in_one_loop_for_all_calls(serve):
    async with serve("well.gentle") as rig:
        first = await rig.result(1)
        second = await rig.result(2)
        assert [first["event"], second["event"]] == [1, 2]
        assert first["loop"] == second["loop"]


async def test_a_warm_child_is_used_again_and_keeps_its_globals(serve):
    async with serve("well.count") as rig:
        seen = [await rig.result() for _ in range(5)]
        assert len({one["pid"] for one in seen}) == 1
        assert [one["calls"] for one in seen] == [1, 2, 3, 4, 5]


async def test_the_context_object_is_complete(serve):
    async with serve("well.describe", memory=256, timeout=20.0, region="eu-west-1") as rig:
        client = {"client": {"app_title": "Desk"}, "custom": {"a": 1}, "env": {"locale": "de"}}
        outcome = await rig.call(trace="Root=1-2-3", client_context=json.dumps(client))
        seen = json.loads(outcome.payload)
        assert 0 < seen.pop("remaining") <= 20_000
        assert re.fullmatch(
            r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", seen.pop("log_stream_name")
        )
        assert seen == {
            "function_name": "f",
            "function_version": "$LATEST",
            "invoked_function_arn": "arn:aws:lambda:eu-west-1:000000000000:function:f",
            "memory_limit_in_mb": "256",
            "aws_request_id": outcome.request_id,
            "log_group_name": "/aws/lambda/f",
            "identity": [None, None],
            "client": ["Desk", {"a": 1}, {"locale": "de"}],
            "tenant_id": None,
            "trace": "Root=1-2-3",
        }
        again = await rig.result(wait=5.0)
        assert again["client"] is None
        assert again["trace"] == ""  # not the one of the call before
        assert again["remaining"] <= 5_100


async def test_a_child_sees_its_own_environment_and_nothing_of_the_gateway(serve, monkeypatch):
    monkeypatch.setenv("GATEWAY_SECRET", "must not leak")
    async with serve("well.environment", environment={"TABLE": "slots", "TZ": "UTC"}) as rig:
        seen = await rig.result()
        environment = seen["environment"]
        assert "GATEWAY_SECRET" not in environment
        expected = {
            "TABLE": "slots",
            "TZ": "UTC",
            "_HANDLER": "well.environment",
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "LAMBDA_TASK_ROOT": str(rig.code),
        }
        assert expected.items() <= environment.items()
        assert seen["cwd"] == seen["path"][0] == str(rig.code)
        assert seen["frontdesk"] is False
        assert seen["tmp"] == environment["TMPDIR"]
        assert seen["files"] == ["0", "1", "2", "3", "4", "5"]  # 5 is the listing itself
        assert seen["group"] is True


async def test_large_events_and_results_pass_and_too_large_results_are_an_error(serve):
    async with serve("well.echo", {"handler": "well.large", "name": "large"}) as rig:
        event = "x" * 5_000_000
        assert await rig.result(event) == event
        assert len((await rig.call(MAX_RESULT - 2, name="large")).payload) == MAX_RESULT
        refused = error_of(await rig.call(MAX_RESULT, name="large"))
        assert refused == {
            "errorMessage": TOO_LARGE,
            "errorType": "Function.ResponseSizeTooLarge",
        }
        assert await rig.result(2, name="large") == "xx"


async def test_an_event_that_is_no_json_is_the_runtimes_error(serve):
    async with serve("well.echo") as rig:
        assert error_of(await rig.call(b"{nonsense"))["errorType"] == "Runtime.UnmarshalError"
        assert await rig.result(1) == 1


# -- many calls ---------------------------------------------------------------------------------------


async def test_a_child_runs_one_event_at_a_time_and_everyone_is_served_in_order(serve, tmp_path):
    gate = str(tmp_path / "gate")
    async with serve("well.wait_for_file", concurrency=1) as rig:
        order = []
        answers = []
        for n in range(20):
            answer = rig.start({"path": gate, "n": n})[1]
            answer.add_done_callback(lambda done: order.append(json.loads(done.result().payload)))
            answers.append(answer)
        (tmp_path / "gate").touch()
        await asyncio.gather(*answers)
        assert [one["n"] for one in order] == list(range(20))
        assert len({one["pid"] for one in order}) == 1


async def test_blocked_calls_get_more_children_up_to_the_limit(serve, tmp_path):
    async with serve("well.wait_for_file", concurrency=3) as rig:
        calls = [rig.start({"path": str(tmp_path / f"gate{n}")})[1] for n in range(3)]
        await rig.until(lambda: sum(b"START" in line for line in rig.log) == 3 + 3)  # INIT_START
        for n in range(3):
            (tmp_path / f"gate{n}").touch()
        pids = {json.loads(one.payload)["pid"] for one in await asyncio.gather(*calls)}
        assert len(pids) == 3


async def test_reserved_concurrency_refuses_at_once_and_recovers(serve, tmp_path):
    async with serve("well.wait_for_file", reserved_concurrency=1) as rig:
        gate = {"path": str(tmp_path / "gate")}
        running = rig.start(gate)[1]
        refused = await rig.call(gate)
        assert (refused.error, refused.reason) == (
            "Throttled",
            "ReservedFunctionConcurrentInvocationLimitExceeded",
        )
        assert json.loads(refused.payload) == {
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        }
        (tmp_path / "gate").touch()
        assert (await running).error == ""
        assert (await rig.call(gate)).error == ""


async def test_reserved_concurrency_zero_runs_nothing(serve):
    async with serve("well.echo", reserved_concurrency=0) as rig:
        assert (await rig.call()).error == "Throttled"


async def test_functions_share_the_pool_and_none_starves(serve):
    async with serve("well.count", {"handler": "well.count", "name": "g"}, concurrency=1) as rig:
        for _ in range(3):
            outcomes = await asyncio.gather(*(rig.call(name=name) for name in "ffggfg"))
            assert [one.error for one in outcomes] == [""] * 6


async def test_a_call_that_waits_too_long_is_throttled(serve, tmp_path):
    async with serve("well.wait_for_file", concurrency=1) as rig:
        running = rig.start({"path": str(tmp_path / "gate")})[1]
        late = await rig.call({"path": "/"}, wait=0.1)
        assert (late.error, late.reason) == ("Throttled", "ConcurrentInvocationLimitExceeded")
        (tmp_path / "gate").touch()
        assert (await running).error == ""


async def test_a_call_makes_no_task_and_no_timer_of_the_loop(serve, monkeypatch):
    async with serve("well.echo") as rig:
        await rig.call()
        answers = [rig.loop.create_future() for _ in range(50)]

        def refuse(*args, **rest):
            raise AssertionError(args)

        with monkeypatch.context() as patched:
            for name in ("create_task", "call_later", "call_at"):
                patched.setattr(rig.loop, name, refuse)
            rig.ticker.cancel()
            for answer in answers:
                invocation = Invocation(b"1", rig.clock.monotonic() + 60)
                rig.invoker().invoke(invocation, answer.set_result)
            for answer in answers:
                assert (await answer).payload == b"1"
        rig.turn()


# -- what hangs ---------------------------------------------------------------------------------------


async def test_an_endless_handler_does_not_outlive_its_timeout(serve):
    async with serve("ill.spin", timeout=1.0) as rig:
        pid = await rig.result("well")
        outcome = await rig.call()
        assert error_of(outcome) == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {outcome.request_id} Error: Task timed out after 1.00 seconds",
        }
        await rig.until(lambda: not alive(pid))
        assert await rig.result("well") != pid
        assert any(line.endswith("Task timed out after 1.00 seconds") for line in rig.lines)
        assert any("\tStatus: timeout\t" in line for line in rig.lines)


@pytest.mark.parametrize("handler", ["ill.deaf", "ill.sleepy"])
async def test_a_timeout_ends_the_whole_process_group(serve, handler):
    async with serve(handler, timeout=0.2) as rig:
        assert error_of(await rig.call())["errorType"] == "Sandbox.Timedout"
        # `serve` looks for processes that are left


def told(rig, word: str) -> list[int]:
    """Process ids that a handler has printed after `word`."""
    [line] = (line for line in rig.lines if line.startswith(word))
    return [int(pid) for pid in line.split()[1:]]


async def test_a_timeout_ends_processes_that_have_left_the_group(serve):
    async with serve("ill.escapes", timeout=1.0) as rig:
        assert error_of(await rig.call("spin"))["errorType"] == "Sandbox.Timedout"
        pids = told(rig, "escaped")
        assert len(pids) == 2
        await rig.until(lambda: not any(map(alive, pids)))


async def test_stopping_ends_processes_that_have_left_the_group(serve):
    async with serve("ill.escapes") as rig:
        await rig.call()
        pids = told(rig, "escaped")
        assert len(pids) == 2
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


async def test_a_cancelled_call_with_kill_ends_the_function(serve):
    async with serve("ill.spin", concurrency=1) as rig:
        pid = await rig.result("well")
        call, answer = rig.start()
        call.cancel(kill=True)
        assert await rig.result("well") != pid
        await rig.until(lambda: not alive(pid))
        assert not answer.done()


async def test_a_cancelled_call_without_kill_runs_on_unheard(serve, tmp_path):
    async with serve("well.wait_for_file", concurrency=1) as rig:
        call, answer = rig.start({"path": str(tmp_path / "gate")})
        await rig.until(lambda: any(line.startswith("START") for line in rig.lines))
        call.cancel(kill=False)
        (tmp_path / "gate").touch()
        await rig.until(lambda: any(line.startswith("REPORT") for line in rig.lines))
        assert not answer.done()
        assert (await rig.result({"path": "/"}))["n"] is None


async def test_a_cancelled_call_that_waits_never_runs(serve, tmp_path):
    async with serve("well.wait_for_file", concurrency=1) as rig:
        running = rig.start({"path": str(tmp_path / "gate")})[1]
        waiting, unheard = rig.start({"path": "/"})
        waiting.cancel(kill=True)
        (tmp_path / "gate").touch()
        await running
        await rig.call({"path": "/"})
        assert sum(line.startswith("START") for line in rig.lines) == 2
        assert not unheard.done()


# -- what breaks --------------------------------------------------------------------------------------


async def test_an_exception_is_reported_with_the_handlers_frames_only(serve):
    async with serve("ill.fail") as rig:
        outcome = await rig.call("x")
        place = f'  File "{rig.code}/ill.py", line 37, in fail\n'
        assert error_of(outcome) == {
            "errorMessage": "('no slot', 'x')",
            "errorType": "ValueError",
            "requestId": outcome.request_id,
            "stackTrace": [f'{place}    raise ValueError("no slot", event)\n'],
        }
        assert "[ERROR] ValueError: ('no slot', 'x')" in rig.lines
        assert b"[ERROR]" in outcome.log_tail


async def test_an_exception_of_an_async_handler_is_reported_alike(serve):
    async with serve("ill.fail_later") as rig:
        error = error_of(await rig.call())
        assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'slot'")
        assert len(error["stackTrace"]) == 1


async def test_endless_recursion_is_an_ordinary_error(serve):
    async with serve("ill.deep") as rig:
        assert error_of(await rig.call())["errorType"] == "RecursionError"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("os._exit(127)", "Runtime exited with error: exit status 127"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("exit(0)", "Runtime exited without providing a reason"),
        ("exit()", "Runtime exited without providing a reason"),
        ("exit(3)", "Runtime exited with error: exit status 3"),
        ("exit(text)", "Runtime exited with error: exit status 1"),
        ("kill", "Runtime exited with error: signal: killed"),
        ("crash", "Runtime exited with error: signal: segmentation fault"),
        ("closes everything", "Runtime exited with error: exit status 1"),
        ("writes to the channel", "Runtime exited with error: signal: killed"),
        ("writes a frame", "Runtime exited with error: signal: killed"),
        ("exits in a thread", "Runtime exited with error: exit status 5"),
        ("fails without words", "Runtime exited with error: exit status 1"),
    ],
)
async def test_a_process_that_ends_is_reported_and_replaced(serve, how, message):
    async with serve("ill.end") as rig:
        outcome = await rig.call(how)
        assert error_of(outcome) == {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: {outcome.request_id} Error: {message}",
        }
        assert (await rig.call("well")).error == ""


async def test_a_child_that_dies_between_calls_is_not_given_the_next(serve):
    async with serve("ill.dies_later") as rig:
        first = await rig.result()
        await rig.until(lambda: not rig.host._children)
        assert await rig.result() != first


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("set", "Object of type set is not JSON serializable"),
        ("object", "Object of type object is not JSON serializable"),
        ("function", "Object of type function is not JSON serializable"),
        ("key", "keys must be str, int, float, bool or None, not tuple"),
        ("loop", "Circular reference detected"),
        ("generator", "a part is int, not str or bytes"),
    ],
)
async def test_a_result_that_is_no_json_is_a_marshal_error(serve, what, message):
    async with serve("ill.nonsense") as rig:
        error = error_of(await rig.call(what))
        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == f"Unable to marshal response: {message}"


async def test_a_flood_of_output_neither_blocks_nor_fills_the_log(serve):
    async with serve("ill.flood") as rig:
        assert await rig.result(8 * 1024) == "done"  # 8 MiB
        assert sum(map(len, rig.log)) < 6 << 20
        assert any("bytes of output dropped" in line for line in rig.lines)
        assert await rig.result(1) == "done"


@pytest.mark.parametrize("handler", ["ill.closes_stdout", "ill.has_no_stdout", "ill.forks"])
async def test_odd_handlers_are_answered_once_each(serve, handler):
    async with serve(handler, concurrency=1) as rig:
        for _ in range(3):
            assert (await rig.call()).payload in {b'"done"', b""}


@pytest.mark.parametrize(
    ("place", "name", "number"),
    [
        pytest.param(os, "pipe", errno.EMFILE, id="descriptors"),
        pytest.param(TemporaryFolders, "make", errno.ENOSPC, id="room on the disk"),
    ],
)
async def test_a_lack_of_means_fails_who_waits_and_takes_no_place_for_good(
    serve, monkeypatch, caplog, place, name, number
):
    real, lacking = getattr(place, name), [OSError(number, os.strerror(number))] * 2

    def lack(*args):
        if lacking:
            raise lacking.pop()
        return real(*args)

    monkeypatch.setattr(place, name, lack)
    async with serve("well.echo", concurrency=1, reserved_concurrency=1) as rig:
        while lacking:
            assert error_of(await rig.call())["errorType"] == "Runtime.ExitError"
        error = f"no process can be started: [Errno {number}] {os.strerror(number)}"
        assert caplog.messages.count(error) == 2
        assert await rig.result("well") == "well"
        await rig.host.replace([rig.definition("well.echo", timeout=2.0)])
        assert await rig.result("well") == "well"


async def test_threads_left_running_do_not_disturb(serve):
    async with serve("well.threads") as rig:
        assert await rig.result() == 2
        assert await rig.result() == 3


async def test_a_function_that_takes_too_much_memory_is_killed(serve):
    async with serve("ill.hungry", memory=128) as rig:
        assert await rig.result("well") == "well"
        error = error_of(await rig.call())
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith("signal: killed")
        assert await rig.result("well") == "well"


async def test_memory_of_processes_that_a_function_starts_counts(serve):
    async with serve("ill.hungry_child", memory=128) as rig:
        assert error_of(await rig.call())["errorType"] == "Runtime.ExitError"


async def test_processes_that_a_function_leaves_end_with_it(serve):
    async with serve("well.starts_a_process") as rig:
        pid = await rig.result()
        assert alive(pid)
    await rig.until(lambda: not alive(pid))


# -- what cannot start ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("nowhere.handler", "Runtime.ImportModuleError",
         "Unable to import module 'nowhere': No module named 'nowhere'"),
        ("well.nothing", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'well'"),
        ("well", "Runtime.MalformedHandlerName",
         "Bad handler 'well': not enough values to unpack (expected 2, got 1)"),
    ],
)  # fmt: skip
async def test_a_handler_that_cannot_be_loaded_is_reported_to_every_caller(
    serve, caplog, handler, kind, message
):
    async with serve(handler) as rig:
        for outcome in await asyncio.gather(*(rig.call() for _ in range(5))):
            assert outcome.error == "Unloadable"
            assert error_of(outcome) == {
                "errorMessage": message,
                "errorType": kind,
                "requestId": "",
                "stackTrace": [],
            }
    told = f"function cannot be loaded: {kind}: {message}"
    assert told in {record.getMessage() for record in caplog.records}


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'made'"),
        ("raise RuntimeError('no table')\n", "RuntimeError", "no table"),
        ("import os; os._exit(9)\n", "Runtime.ExitError", "exit status 9"),
        ("import sys; sys.exit(4)\n", "Runtime.ExitError", "exit status 4"),
        ("while True: pass\n", "Sandbox.Timedout", "Task timed out after"),
    ],
    ids=["syntax", "raises", "os._exit", "sys.exit", "hangs"],
)
async def test_a_module_that_fails_at_import_is_reported_and_may_be_mended(
    serve, monkeypatch, source, kind, message
):
    monkeypatch.setattr("frontdesk.functions.process._INIT_BUDGET", 0.2)
    timeout = 0.2 if "while" in source else 30.0
    async with serve("well.echo", timeout=timeout) as rig:
        (rig.code / "made.py").write_text(source)
        await rig.host.replace([rig.definition("made.handler", timeout=timeout)])
        error = error_of(await rig.call())
        assert error["errorType"] == kind
        assert message in error["errorMessage"]
        (rig.code / "made.py").write_text("def handler(event, context):\n    return 'mended'\n")
        await rig.host.replace([rig.definition("made.handler")])
        assert await rig.result() == "mended"


async def test_a_missing_code_folder_is_a_clear_start_error(serve, tmp_path):
    with pytest.raises(StartError, match="function f: no such folder"):
        async with serve("well.echo", code=tmp_path / "nowhere"):
            pass


# -- logs -----------------------------------------------------------------------------------------------


async def test_the_log_reads_as_lambdas(serve):
    async with serve("well.talk", memory=256) as rig:
        outcome = await rig.call()
        one = outcome.request_id
        assert outcome.log_tail.decode() == "\n".join(rig.lines[1:]) + "\n"
        # stdout and stderr share a pipe, so they stand in the order of writing.
        patterns = [
            r"INIT_START Runtime Version: python:3\.\d+",
            rf"START RequestId: {one} Version: \$LATEST",
            "from print",
            "from stderr",
            rf"\[WARNING\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{one}\tfrom logging",
            "raw, without end",
            rf"END RequestId: {one}",
            rf"REPORT RequestId: {one}\t" + REPORT,
        ]
        assert len(rig.lines) == len(patterns)
        for line, pattern in zip(rig.lines, patterns, strict=True):
            assert re.fullmatch(pattern, line), line
        await rig.call()
        assert "Init Duration" not in rig.lines[-1]


# -- reload and stop ------------------------------------------------------------------------------------


async def test_replacing_runs_the_code_as_it_stands_and_lets_calls_finish(serve, tmp_path):
    gate = tmp_path / "gate"
    async with serve("well.wait_for_file") as rig:
        before = rig.start({"path": str(gate), "n": 7})[1]
        await rig.until(lambda: any(line.startswith("START") for line in rig.lines))
        (rig.code / "new.py").write_text("def handler(event, context):\n    return 'new'\n")
        await rig.host.replace(
            [rig.definition("new.handler"), rig.definition("well.echo", name="g")]
        )
        assert await rig.result() == "new"
        assert await rig.result(1, name="g") == 1
        gate.touch()
        assert json.loads((await before).payload)["n"] == 7
        await rig.host.replace([rig.definition("well.echo", name="g")])
        assert (await rig.call()).error == "Unavailable"


async def test_stopping_lets_a_call_finish_within_the_grace(serve, tmp_path):
    async with serve("well.wait_for_file", grace=30.0) as rig:
        running = rig.start({"path": str(tmp_path / "gate"), "n": 1})[1]
        await rig.until(lambda: any(line.startswith("START") for line in rig.lines))
        invoker = rig.invoker()
        stopping = asyncio.ensure_future(rig.host.stop(30.0))
        await asyncio.sleep(0)
        refused = rig.loop.create_future()
        invoker.invoke(Invocation(b"1", rig.clock.monotonic() + 60), refused.set_result)
        assert (await refused).error == "Unavailable"
        (tmp_path / "gate").touch()
        assert json.loads((await running).payload)["n"] == 1
        await stopping


async def test_stopping_kills_what_outlives_the_grace(serve):
    async with serve("ill.deaf") as rig:
        _, answer = rig.start()
        await rig.until(lambda: any(line.startswith("START") for line in rig.lines))
    assert answer.result().error == "Unavailable"


async def test_children_end_and_come_back_when_their_zygote_dies(serve):
    async with serve("well.count") as rig:
        before = (await rig.result())["pid"]
        rig.host._zygote._process.kill()
        await rig.until(lambda: rig.host._zygote._control is None)
        assert await rig.result() != before


async def test_a_zygote_that_a_function_has_stopped_is_replaced(serve, monkeypatch):
    monkeypatch.setattr(zygote_link, "_PATIENCE", 1.0)
    async with serve("ill.stops_its_zygote", timeout=0.5) as rig:
        zygote = rig.host._zygote._process
        assert error_of(await rig.call())["errorType"] == "Sandbox.Timedout"
        [pid] = told(rig, "spins")
        await rig.until(lambda: rig.host._zygote._process is not zygote)
        await rig.until(lambda: not running(pid))
        while (again := await rig.call("well")).error:  # a child may have gone with the zygote
            assert error_of(again)["errorType"] == "Runtime.ExitError"
        assert alive(int(again.payload))


async def test_a_child_is_killed_and_stopping_ends_while_the_zygote_is_stopped(serve, monkeypatch):
    monkeypatch.setattr(zygote_link, "_EXIT_GRACE", 0.2)
    async with serve("ill.stops_its_zygote", timeout=0.5) as rig:
        assert error_of(await rig.call())["errorType"] == "Sandbox.Timedout"
        [pid] = told(rig, "spins")
        await rig.until(lambda: not running(pid))


GATEWAY = """
import asyncio, pathlib, sys
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from frontdesk.ports.invoker import Invocation

async def main():
    clock = SystemClock()
    folder = pathlib.Path(sys.argv[1])
    host = FunctionHost(
        clock, Wheel(clock.monotonic()),
        data_dir=folder / "data", processes=2, log=lambda *_: None,
    )
    deaf = FunctionSettings(name="f", handler="ill.deaf", code=folder / "handlers")
    await host.start([FunctionDefinition(name="f", latest=deaf)])
    call = host.invoker("f").invoke(Invocation(b"1", 1e9), print)
    while call.child is None:
        await asyncio.sleep(0.01)
    print(call.child.pid, flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


def test_a_gateway_that_is_killed_leaves_no_process_and_its_folders_to_the_next(tmp_path):
    shutil.copytree(HANDLERS, tmp_path / "handlers")
    command = [sys.executable, "-c", GATEWAY, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as gateway:
        pid = int(gateway.stdout.readline())
        assert alive(pid)
        gateway.kill()
    deadline = time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pid)
    [left] = (tmp_path / "data" / "tmp").iterdir()
    following = TemporaryFolders(left.parent)
    following.open()
    following.close()
    assert list(left.parent.iterdir()) == []
