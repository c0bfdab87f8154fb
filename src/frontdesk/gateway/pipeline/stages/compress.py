"""Owns compression of answers: which are compressed, and the bodies that are as they come.

What may be coded and what is said of it then is `rules.http.encoding`. Sources: RFC 1952 (gzip),
RFC 8878 and RFC 9659 (zstd, and its window); AWS, "Payload compression for REST APIs".
"""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

from frontdesk.base.streams import Fields, Sink, Source
from frontdesk.config.models.api import Compression
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.rules.http.encoding import (
    NO_TRANSFORM,
    VARY,
    MediaTypes,
    coded,
    may_be_coded,
    not_modified,
    preferred,
    still_true,
    varied,
)

GZIP_LEVEL: Final = 5
ZSTD_LEVEL: Final = 3

PIECE: Final = 64 * 1024
"""Bytes that are compressed in one go: a millisecond or two, between which others are served."""


class Coding(NamedTuple):
    """One content coding. whole: compresses a body at once. begin: makes an Encoder for one as it comes."""

    name: bytes
    whole: Callable[[bytes], bytes]
    begin: Callable[[], "Encoder"]


class Encoder(NamedTuple):
    """piece: compresses the next bytes, and leaves none of them behind. end: completes the body."""

    piece: Callable[[bytes], bytes]
    end: Callable[[], bytes]


# Differs: [compressed-answers] AWS compresses answers of REST APIs only.
def compress(build: RouteBuild) -> Step | None:
    """Build the compression of a route's answers, where its API asks for it."""
    config = build.api.compression
    if config is None or (build.operation is not None and not build.operation.compression):
        return None
    return build.once(("compress", build.api_name), lambda: _step(build, config))


def _step(build: RouteBuild, config: Compression) -> Step:
    codings = available()
    shown = b" or ".join(coding.name for coding in codings).decode()
    return Step(
        "compress",
        compression(config, codings),
        f"{shown} from {config.minimum_size} bytes",
        ("apis", build.api_name, "compression"),
    )


def compression(
    config: Compression, codings: Sequence[Coding]
) -> Callable[[Exchange, Reply], Reply]:
    """Make the tail of an API. codings: in the order of our preference."""
    least, types = config.minimum_size, MediaTypes(config.types)
    by_name = {coding.name: coding for coding in codings}
    offered = tuple(by_name)

    @lru_cache(256)
    def choose(accepted: bytes) -> Coding | None:
        name = preferred(accepted, offered)
        return None if name is None else by_name[name]

    def run(ex: Exchange, reply: Reply) -> Reply:
        if reply.status == 304:
            asked = ex.headers.get(b"if-none-match", b"")
            reply.fields = not_modified(reply.fields, asked)
            return reply
        size = _size(ex, reply)
        if (size is not None and size < least) or not may_be_coded(
            reply.status, reply.fields, types
        ):
            return reply
        if NO_TRANSFORM in ex.headers.get(b"cache-control", b"").lower():
            return reply
        if not varied(reply.fields):
            reply.fields.append(VARY)
        coding = choose(ex.headers.get(b"accept-encoding", b""))
        if coding is not None:
            reply.fields = coded(reply.fields, coding.name)
            reply.body = _body(ex, reply.body, coding)
        return reply

    return run


def _size(ex: Exchange, reply: Reply) -> int | None:
    """Return the length of the body as it is, None where that is not known yet."""
    body = reply.body
    if not isinstance(body, bytes):
        return body.length
    if ex.method == "HEAD" and not body:
        for name, value in reply.fields:
            if name.lower() == b"content-length":
                return int(value)
    return len(body)


def _body(ex: Exchange, body: bytes | Source, coding: Coding) -> bytes | Source:
    if ex.method == "HEAD":
        return Withheld(body)
    if not isinstance(body, bytes):
        return CodedBody(body, coding.begin())
    return coding.whole(body) if len(body) <= PIECE else CodedBody(Pieces(body), coding.begin())


class Withheld:
    """The body of an answer to HEAD: nobody knows how long it would be in a coding."""

    length: int | None = None

    def __init__(self, body: bytes | Source) -> None:
        self._body = body

    def attach(self, sink: Sink) -> None:
        """It has no bytes."""
        self.cancel()
        sink.end()

    def pause(self) -> None:
        """It has no bytes."""

    def resume(self) -> None:
        """It has no bytes."""

    def cancel(self) -> None:
        """Let go of the body that it stands for."""
        if not isinstance(self._body, bytes):
            self._body.cancel()


class CodedBody:
    """A body that is compressed as it comes: Source of the coded one, Sink of the plain one."""

    length: int | None = None

    def __init__(self, source: Source, encoder: Encoder) -> None:
        self._source = source
        self._encoder = encoder
        self._sink: Sink

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._sink = sink
        self._source.attach(self)

    def pause(self) -> None:
        """See Source."""
        self._source.pause()

    def resume(self) -> None:
        """See Source."""
        self._source.resume()

    def cancel(self) -> None:
        """See Source."""
        self._source.cancel()

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._sink.write(self._encoder.piece(data))

    def end(self, trailers: Fields | None = None) -> None:
        """See Sink."""
        self._sink.write(self._encoder.end())
        self._sink.end(still_true(trailers) if trailers else None)

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._sink.abort(reason)


class Pieces:
    """A large body that is there as a whole, given away in pieces, so that no request waits for all."""

    length: int | None = None

    def __init__(self, data: bytes) -> None:
        self._left = memoryview(data)
        self._sink: Sink | None = None
        self._paused = False
        self._due = False

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._sink = sink
        self._give()

    def pause(self) -> None:
        """See Source."""
        self._paused = True

    def resume(self) -> None:
        """See Source."""
        self._paused = False
        self._give_later()

    def cancel(self) -> None:
        """See Source."""
        self._sink = None

    def _give_later(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._give)

    def _give(self) -> None:
        self._due = False
        if self._sink is None or self._paused:
            return
        piece, self._left = self._left[:PIECE], self._left[PIECE:]
        self._sink.write(bytes(piece))
        if self._left:
            self._give_later()
        elif self._sink is not None:
            sink, self._sink = self._sink, None
            sink.end()


def available() -> tuple[Coding, ...]:
    """Return the codings of this installation, the better ones first."""
    gzip = Coding(b"gzip", _gzip_whole, _gzip)
    return (_zstd(), gzip) if find_spec("zstandard") else (gzip,)


_GZIP_BITS: Final = 16 + zlib.MAX_WBITS


def _gzip_whole(data: bytes) -> bytes:
    return zlib.compress(data, GZIP_LEVEL, _GZIP_BITS)


def _gzip() -> Encoder:
    encoder = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_BITS)
    return Encoder(
        lambda data: encoder.compress(data) + encoder.flush(zlib.Z_SYNC_FLUSH), encoder.flush
    )


def _zstd() -> Coding:
    import zstandard

    def begin() -> Encoder:
        encoder: Any = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
        flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return Encoder(lambda data: encoder.compress(data) + encoder.flush(flush), encoder.flush)

    return Coding(b"zstd", zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress, begin)
