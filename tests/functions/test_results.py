"""Results in parts at the gateway, without a child: what is kept, who is paused, how they end."""

import json

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.functions.frames import MAX_RESULT, MAX_STREAM
from frontdesk.functions.results import Gathered, Streamed
from frontdesk.ports.invoker import Outcome
from tests.functions.streams import Taker

GOOD, BAD = Outcome(b"", request_id="r"), Outcome(b"{}", "Unhandled", request_id="r")


class Sender(list):
    def pause(self):
        self.append("pause")

    def resume(self):
        self.append("resume")


@pytest.fixture
def sender():
    return Sender()


@pytest.fixture
def streamed(sender):
    return Streamed("text/plain", "r", sender)


@pytest.mark.parametrize(("outcome", "end"), [(GOOD, "end"), (BAD, "function:unhandled")])
def test_what_came_before_there_was_a_sink_is_delivered_in_order(streamed, outcome, end):
    taker = Taker()
    streamed.add(b"a")
    streamed.add(b"b")
    assert streamed.close(outcome) == outcome
    taker.take(streamed)
    assert (taker.data, taker.ended) == (b"ab", end)


def test_a_stream_that_nobody_has_taken_yet_is_paused_until_then(streamed, sender):
    streamed.add(bytes(HIGH_WATER))
    assert sender == []
    streamed.add(b"x")
    assert sender == ["pause"]
    taker = Taker()
    taker.take(streamed)
    assert sender == ["pause", "resume"]
    assert len(taker.data) == HIGH_WATER + 1


def test_a_sink_that_pauses_at_once_stays_paused(streamed, sender):
    class Full(Taker):
        def write(self, data):
            self.stream.pause()

    streamed.add(b"a")
    Full().take(streamed)
    assert sender == ["resume", "pause"]


def test_a_sink_that_cancels_hears_nothing_more(streamed, sender):
    class Leaves(Taker):
        def write(self, data):
            super().write(data)
            self.stream.cancel()

    taker = Leaves()
    streamed.add(b"a")
    taker.take(streamed)
    assert streamed.add(b"b")
    streamed.close(BAD)
    assert (taker.data, taker.ended) == (b"a", "")
    assert sender[-1] == "resume"


def test_after_the_end_nobody_is_paused(streamed, sender):
    Taker().take(streamed)
    streamed.close(GOOD)
    sender.clear()
    streamed.pause()
    streamed.resume()
    streamed.cancel()
    assert sender == []


def test_a_stream_has_200_megabytes_whoever_hears_them(streamed):
    streamed.cancel()
    piece = bytes(1 << 20)
    assert all(streamed.add(piece) for _ in range(MAX_STREAM >> 20))
    assert not streamed.add(b"x")


def test_gathered_parts_are_the_payload_of_a_call_that_went_well():
    gathered = Gathered()
    assert gathered.add(b"a")
    assert gathered.add(b"b")
    assert gathered.close(GOOD) == GOOD._replace(payload=b"ab")
    assert gathered.close(BAD) == BAD


@pytest.mark.parametrize(("size", "error"), [(MAX_RESULT, ""), (MAX_RESULT + 1, "Unhandled")])
def test_gathered_parts_have_the_limit_of_a_whole_result(size, error):
    gathered = Gathered()
    gathered.add(bytes(size - 1))
    assert gathered.add(b"x")
    outcome = gathered.close(GOOD)
    assert outcome.error == error
    if error:
        assert json.loads(outcome.payload)["errorType"] == "Function.ResponseSizeTooLarge"
