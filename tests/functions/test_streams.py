"""Results in parts of Python handlers, from the child to whoever takes them."""

import json

import pytest

from frontdesk.functions.frames import MAX_STREAM
from tests.functions.streams import Taker

HTTP = "application/vnd.awslambda.http-integration-response"
PLAIN = "application/octet-stream"


@pytest.mark.parametrize("handler", ["plain", "gentle"])
async def test_a_generator_answers_in_parts_text_as_utf8(serve, handler):
    async with serve(f"streaming.{handler}") as rig:
        taker = Taker()
        outcome = await rig.call(["a", "", "ü", "b"], stream=taker.take)
        assert (outcome.error, outcome.payload, taker.ended) == ("", b"", "end")
        assert (taker.stream.content_type, taker.data) == (PLAIN, "aüb".encode())
        assert taker.stream.length is None
        again = await rig.call(["c"], stream=Taker().take)
        assert again.error == ""


async def test_a_dict_that_comes_first_is_the_metadata_of_a_response(serve):
    async with serve("streaming.response") as rig:
        taker = Taker()
        await rig.call(stream=taker.take)
        metadata, end, body = taker.data.partition(b"\0" * 8)
        assert (taker.stream.content_type, len(end), body.decode()) == (HTTP, 8, "grüße")
        assert json.loads(metadata) == {
            "statusCode": 201,
            "headers": {"x-a": "b"},
            "cookies": ["c=1"],
        }


@pytest.mark.parametrize(("handler", "payload"), [("whole", b"ab"), ("nothing", b"")])
async def test_parts_are_gathered_for_a_caller_that_wants_one_payload(serve, handler, payload):
    async with serve(f"streaming.{handler}") as rig:
        outcome = await rig.call()
        assert (outcome.error, outcome.payload) == ("", payload)


async def test_the_first_part_is_there_while_the_function_still_runs(serve, tmp_path):
    async with serve("streaming.waits") as rig:
        taker = Taker()
        _, answer = rig.start(str(tmp_path / "go"), stream=taker.take)
        await rig.until(lambda: taker.data)
        assert (taker.data, taker.ended, answer.done()) == (b"first", "", False)
        (tmp_path / "go").touch()
        await answer
        assert (taker.data, taker.ended) == (b"firstsecond", "end")


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("at once", "ValueError"),
        ("later", "ValueError"),
        ("no text", "Runtime.MarshalError"),
        ("exit", "Runtime.ExitError"),
        ("garbage", "Runtime.ExitError"),
        ("another call's part", "Runtime.ExitError"),
        ("closes the channel", "Runtime.ExitError"),
        ("hang", "Sandbox.Timedout"),
    ],
)
async def test_an_error_on_the_way_breaks_the_stream_off(serve, how, kind):
    async with serve("streaming.fails", timeout=1.0 if how == "hang" else 30.0) as rig:
        taker = Taker()
        outcome = await rig.call(how, stream=taker.take)
        assert outcome.error == "Unhandled"
        assert json.loads(outcome.payload)["errorType"] == kind
        # What comes in one piece with garbage is lost with it.
        begun = bool(taker.data) if how == "garbage" else how != "at once"
        assert taker.data == (b"first" if begun else b"")
        assert taker.ended == ("function:unhandled" if begun else "")


async def test_a_stream_may_outlast_the_time_in_which_it_must_begin(serve, tmp_path):
    async with serve("streaming.waits") as rig:
        taker = Taker()
        _, answer = rig.start(str(tmp_path / "go"), stream=taker.take, wait=2.0)
        await rig.until(lambda: taker.data)
        rig.clock.ahead += 5.0
        rig.wheel.advance(rig.clock.monotonic())
        (tmp_path / "go").touch()
        assert (await answer).error == ""


async def test_who_is_paused_makes_the_function_wait(serve, tmp_path):
    told = tmp_path / "told"
    async with serve("streaming.endless", {"name": "g", "handler": "well.echo"}) as rig:
        taker = Taker()
        event = {"file": str(told), "parts": 100, "size": 1 << 16}
        _, answer = rig.start(event, stream=lambda stream: (taker.take(stream), stream.pause()))
        await rig.until(lambda: taker.data)
        read = len(taker.data)
        for turn in range(10):
            assert await rig.result(turn, name="g") == turn
        assert len(taker.data) == read < 10 << 16
        assert told.stat().st_size < 50
        taker.stream.resume()
        assert (await answer).error == ""
        assert len(taker.data) == 100 << 16


async def test_a_function_runs_on_when_nobody_hears_it_any_more(serve, tmp_path):
    told = tmp_path / "told"
    async with serve("streaming.endless") as rig:
        taker = Taker()
        event = {"file": str(told), "parts": 50, "size": 1 << 16}
        _, answer = rig.start(event, stream=lambda stream: (taker.take(stream), stream.cancel()))
        assert (await answer).error == ""
        assert told.stat().st_size == 50
        assert taker.ended == ""


async def test_a_stream_ends_at_200_megabytes(serve, tmp_path):
    async with serve("streaming.endless") as rig:
        size = 0

        class Counter(Taker):
            def write(self, data: bytes) -> None:
                nonlocal size
                size += len(data)

        counter = Counter()
        event = {"file": str(tmp_path / "told"), "parts": 60, "size": 4 << 20}
        outcome = await rig.call(event, stream=counter.take)
        assert json.loads(outcome.payload)["errorType"] == "Function.ResponseSizeTooLarge"
        assert size <= MAX_STREAM
        assert counter.ended == "function:unhandled"


async def test_a_caller_that_stopped_waiting_gets_no_stream(serve, tmp_path):
    async with serve("streaming.waits") as rig:
        taker = Taker()
        call, answer = rig.start(str(tmp_path / "go"), stream=taker.take)
        call.cancel(kill=False)
        (tmp_path / "go").touch()
        assert (await rig.call(str(tmp_path / "go"))).payload == b"firstsecond"
        assert not taker.data
        answer.cancel()
