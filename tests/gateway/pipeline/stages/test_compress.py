"""Compression of answers: whole ones, large ones, and those that come bit by bit."""

import asyncio
import gzip
import zlib

import pytest
import zstandard

from frontdesk.config.models.api import Compression
from frontdesk.config.models.http_api import HttpApi, Route
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.pipeline.stages.compress import (
    PIECE,
    available,
    compress,
    compression,
)

TEXT = b"the same words again and again; " * 100
JSON = (b"content-type", b"application/json")
VARY = (b"vary", b"Accept-Encoding")


@pytest.fixture
def answer(make_exchange):
    """Send a reply through the tail of an API."""
    run = compression(Compression(), available())

    def send(body=TEXT, *fields, accept=b"gzip", status=200, **attributes):
        head = [(b"Accept-Encoding", accept)] if accept is not None else []
        ex = make_exchange([*head, *attributes.pop("head", ())], **attributes)
        return run(ex, Reply(status, [JSON, *fields], body))

    return send


class FakeSource:
    """A body that a test fills by hand."""

    def __init__(self, length=None):
        self.length = length
        self.calls = []

    def attach(self, sink):
        self.sink = sink

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def cancel(self):
        self.calls.append("cancel")


class FakeSink:
    """Takes a body; `plain` is what a client makes of it so far."""

    def __init__(self, decoder):
        self.plain = b""
        self.ended = None
        self.on_write = lambda: None
        self._decoder = decoder

    def write(self, data):
        assert data
        self.plain += self._decoder.decompress(data)
        self.on_write()

    def end(self, trailers=None):
        self.ended = ("end", trailers)

    def abort(self, reason):
        self.ended = ("abort", reason)


DECODERS = {
    b"gzip": lambda: zlib.decompressobj(31),
    b"zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


@pytest.mark.parametrize("coding", DECODERS)
def test_a_whole_answer_is_compressed(answer, coding):
    reply = answer(accept=coding)
    assert reply.fields == [JSON, VARY, (b"content-encoding", coding)]
    assert DECODERS[coding]().decompress(reply.body) == TEXT
    assert len(reply.body) < 200


@pytest.mark.parametrize(
    ("how", "vary"),
    [
        ({"accept": None}, True),
        ({"accept": b"br"}, True),
        ({"accept": b"gzip;q=0"}, True),
        ({"body": b"x" * 1023}, False),
        ({"body": b""}, False),
        ({"status": 206}, False),
        ({"head": [(b"Cache-Control", b"no-transform")]}, False),
    ],
)
def test_an_answer_stays_as_it_is(answer, how, vary):
    reply = answer(**how)
    assert reply.body == how.get("body", TEXT)
    assert reply.fields == ([JSON, VARY] if vary else [JSON])


def test_a_304_has_the_tag_of_the_compressed_answer(answer):
    reply = answer(b"", (b"etag", b'"a"'), status=304, head=[(b"If-None-Match", b'W/"a"')])
    assert reply.fields == [JSON, (b"etag", b'W/"a"'), VARY]


def test_vary_is_not_repeated(answer):
    reply = answer(TEXT, (b"Vary", b"Origin, Accept-Encoding"))
    assert [value for name, value in reply.fields if name.lower() == b"vary"] == [
        b"Origin, Accept-Encoding"
    ]


@pytest.mark.parametrize("coding", DECODERS)
def test_a_body_that_comes_bit_by_bit_is_passed_on_bit_by_bit(answer, coding):
    source = FakeSource()
    sink = FakeSink(DECODERS[coding]())
    reply = answer(source, accept=coding)
    assert reply.body.length is None
    reply.body.attach(sink)
    for number in range(1, 4):
        source.sink.write(b"event %d\n" % number)
        assert sink.plain == b"".join(b"event %d\n" % n for n in range(1, number + 1))
    reply.body.pause()
    reply.body.resume()
    source.sink.end([(b"Content-Digest", b"x"), (b"Server-Timing", b"y")])
    assert sink.ended == ("end", [(b"Server-Timing", b"y")])
    assert source.calls == ["pause", "resume"]


def test_a_body_that_breaks_off_breaks_off(answer):
    source, sink = FakeSource(4096), FakeSink(DECODERS[b"gzip"]())
    body = answer(source).body
    body.attach(sink)
    source.sink.write(b"half")
    source.sink.abort("upstream")
    assert (sink.plain, sink.ended) == (b"half", ("abort", "upstream"))
    body.cancel()
    assert source.calls == ["cancel"]


def test_a_short_streaming_body_is_left_alone(answer):
    source = FakeSource(100)
    assert answer(source).body is source


async def test_a_large_body_is_compressed_in_pieces_between_which_others_are_served(answer):
    large = TEXT * 100
    sink = FakeSink(DECODERS[b"gzip"]())
    body = answer(large).body
    seen = []
    sink.on_write = lambda: seen.append(len(sink.plain))
    body.attach(sink)
    assert seen == [PIECE]
    body.pause()
    await asyncio.sleep(0)
    assert seen == [PIECE]
    body.resume()
    body.resume()
    for _ in range(len(large) // PIECE + 1):
        await asyncio.sleep(0)
    assert sink.plain == large
    assert sink.ended == ("end", None)


async def test_a_large_body_that_nobody_takes_is_given_up(answer):
    sink = FakeSink(DECODERS[b"gzip"]())
    body = answer(TEXT * 100).body
    body.attach(sink)
    body.cancel()
    await asyncio.sleep(0)
    assert (len(sink.plain), sink.ended) == (PIECE, None)


@pytest.mark.parametrize("body", [b"", TEXT, FakeSource(5000)], ids=["proxied", "whole", "source"])
def test_head_is_answered_like_get_without_a_length(answer, body):
    reply = answer(body, (b"content-length", b"5000"), method="HEAD")
    assert reply.fields == [JSON, VARY, (b"content-encoding", b"gzip")]
    assert reply.body.length is None
    sink = FakeSink(None)
    reply.body.attach(sink)
    assert sink.ended == ("end", None)


def build(api, route=None):
    return RouteBuild(
        key="GET /",
        api_name="a",
        api=HttpApi.model_validate(api),
        facts=None,
        operation=None if route is None else Route.model_validate({"mock": {}} | route),
        at=("apis", "a", "routes", "GET /"),
        config=None,
        parts=None,
        place=lambda *keys: ".".join(keys),
        shown=lambda value, *_path: str(value),
    )


def test_a_route_without_it_has_no_step():
    assert compress(build({}, {})) is None
    assert compress(build({"compression": {}}, {"compression": False})) is None
    step = compress(build({"compression": {"minimum_size": "2KB"}}, {}))
    assert (step.name, step.detail) == ("compress", "zstd or gzip from 2048 bytes")
    assert step.at == ("apis", "a", "compression")


def test_gzip_is_there_without_zstd(monkeypatch):
    monkeypatch.setattr("frontdesk.gateway.pipeline.stages.compress.find_spec", lambda _name: None)
    (only,) = available()
    assert gzip.decompress(only.whole(TEXT)) == TEXT
