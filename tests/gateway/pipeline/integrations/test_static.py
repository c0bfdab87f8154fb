"""Static files, from real folders."""

import asyncio
import os
from types import SimpleNamespace

import pytest

from frontdesk.config.models.http_api import Route
from frontdesk.gateway.pipeline.integrations import static
from frontdesk.gateway.pipeline.integrations.static import PIECE, READ_AT_ONCE, FileSource

MODIFIED = 784_111_777
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
ETAG = b'"%x-%x"' % (MODIFIED * 10**9, 5)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "public"
    (root / "docs" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    for name, text in {
        "a.txt": "hello",
        "docs/index.html": "<p>docs",
        ".env": "SECRET=1",
        ".git/config": "x",
        "docs/.hidden": "x",
        "50%.txt": "half",
        "caf\u00e9.txt": "c",
        "../outside.txt": "outside",
    }.items():
        (root / name).write_text(text)
    os.utime(root / "a.txt", (MODIFIED, MODIFIED))
    (root / "inside").symlink_to("a.txt")
    (root / "outside").symlink_to("../outside.txt")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    return root


def serve(root, key="GET /board/{file+}"):
    build = SimpleNamespace(
        route=Route.model_validate({"static": str(root)}),
        at=("apis", "site", "routes", key),
        key=key,
        parts=SimpleNamespace(clock=SimpleNamespace(time=lambda: MODIFIED + 60.0)),
        place=lambda *keys: ".".join(keys),
        shown=lambda value, *_path: str(value),
    )
    return static.integration(build).run


@pytest.fixture
def get(root, make_exchange):
    def send(below, *fields, method="GET", query=""):
        path = f"/board/{below}"
        ex = make_exchange(
            fields, method=method, params={"file": below}, path=path, stage_path=path, query=query
        )
        return serve(root)(ex)

    return send


def test_other_routes_have_no_step():
    assert static.integration(SimpleNamespace(route=None)) is None
    assert static.integration(SimpleNamespace(route=SimpleNamespace(static=None))) is None


def test_a_file_is_served_with_its_validators(get):
    reply = get("a.txt")
    assert (reply.status, reply.body, reply.made) == (200, b"hello", "integration")
    assert reply.fields == [
        (b"etag", ETAG),
        (b"last-modified", DATE),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"accept-ranges", b"bytes"),
    ]


FOUND = {
    "file": ("a.txt", b"hello"),
    "index": ("docs/", b"<p>docs"),
    "decoded name": ("50%.txt", b"half"),
    "UTF-8 name": ("caf\u00e9.txt", b"c"),
    "link that stays inside": ("inside", b"hello"),
}

MISSING = {
    "no such file": "b.txt",
    "no such folder": "x/y/z.txt",
    "a file is no folder": "a.txt/",
    "below a file": "a.txt/x",
    "folder without index": "docs/deep/",
    "dot file": ".env",
    "dot folder": ".git/config",
    "dot file below": "docs/.hidden",
    "traversal": "../outside.txt",
    "traversal later": "docs/../../outside.txt",
    "absolute": "/etc/hostname",
    "link to the outside": "outside",
    "folder link to the outside": "up/outside.txt",
    "link to itself": "loop",
    "pipe": "pipe",
    "too long": "x" * 5000,
}


@pytest.mark.parametrize(("below", "body"), FOUND.values(), ids=FOUND)
def test_found(get, below, body):
    reply = get(below)
    assert (reply.status, reply.body) == (200, body)


@pytest.mark.parametrize("below", MISSING.values(), ids=MISSING)
def test_not_found(get, below):
    reply = get(below)
    assert (reply.status, reply.body, reply.made) == (404, b'{"message":"Not Found"}', "gateway")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_find_nothing(get, method):
    assert get("a.txt", method=method).status == 404


def test_a_folder_without_its_slash_is_redirected(get):
    reply = get("docs", query="a=1")
    assert (reply.status, reply.fields) == (308, [(b"location", b"./docs/?a=1")])


def test_head_has_the_length_and_no_body(get):
    reply = get("a.txt", (b"Range", b"bytes=0-1"), method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert dict(reply.fields)[b"content-length"] == b"5"


def test_what_the_client_has_is_304(get):
    for condition in ((b"If-None-Match", ETAG), (b"If-Modified-Since", DATE)):
        reply = get("a.txt", condition)
        assert (reply.status, reply.body) == (304, b"")
        assert reply.fields == [(b"etag", ETAG), (b"last-modified", DATE)]


def test_a_failed_precondition_is_412(get):
    assert get("a.txt", (b"If-Match", b'"other"')).status == 412


def test_a_range_is_206(get):
    reply = get("a.txt", (b"Range", b"bytes=1-3"))
    assert (reply.status, reply.body) == (206, b"ell")
    assert dict(reply.fields)[b"content-range"] == b"bytes 1-3/5"


def test_a_range_after_the_end_is_416(get):
    reply = get("a.txt", (b"Range", b"bytes=5-"))
    assert (reply.status, reply.fields) == (416, [(b"content-range", b"bytes */5")])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", b"text/html; charset=utf-8"),
        ("a.js", b"text/javascript; charset=utf-8"),
        ("a.css", b"text/css; charset=utf-8"),
        ("a.json", b"application/json"),
        ("a.svg", b"image/svg+xml"),
        ("a.woff2", b"font/woff2"),
        ("a.webp", b"image/webp"),
        ("a.js.gz", b"application/octet-stream"),
        ("a", b"application/octet-stream"),
    ],
)
def test_content_types(root, get, name, kind):
    (root / name).write_bytes(b"")
    assert dict(get(name).fields)[b"content-type"] == kind


def test_a_route_without_greedy_variable_serves_one_file(root, make_exchange):
    assert serve(root / "a.txt", "GET /pets/6")(make_exchange()).body == b"hello"
    assert serve(root / "inside", "GET /pets/6")(make_exchange()).body == b"hello"
    assert serve(root / "none", "GET /pets/6")(make_exchange()).status == 404


# -- large files -------------------------------------------------------------------------------


class Collector:
    """A Sink that counts pieces and may pause or cancel its source."""

    def __init__(self, source, *, pause=False, cancel=False):
        self.source = source
        self.pause, self.cancel = pause, cancel
        self.pieces, self.over = [], asyncio.Event()
        self.reason = None

    def write(self, data):
        self.pieces.append(data)
        if self.cancel:
            self.source.cancel()
        if self.pause:
            self.source.pause()
            asyncio.get_running_loop().call_soon(self.source.resume)

    def end(self, trailers=None):
        self.over.set()

    def abort(self, reason):
        self.reason = reason
        self.over.set()


@pytest.fixture
def large(root):
    data = os.urandom(READ_AT_ONCE + 3 * PIECE + 17)
    (root / "large.bin").write_bytes(data)
    return data


async def test_a_large_file_is_streamed_in_pieces(get, large):
    source = get("large.bin").body
    assert isinstance(source, FileSource)
    assert source.length == len(large)
    sink = Collector(source)
    source.attach(sink)
    await sink.over.wait()
    assert b"".join(sink.pieces) == large
    assert max(map(len, sink.pieces)) == PIECE


async def test_a_large_range_is_streamed(get, large):
    reply = get("large.bin", (b"Range", b"bytes=10-%d" % (READ_AT_ONCE + 10)))
    sink = Collector(reply.body)
    reply.body.attach(sink)
    await sink.over.wait()
    assert b"".join(sink.pieces) == large[10 : READ_AT_ONCE + 11]


async def test_a_paused_reader_gets_everything_after_all(get, large):
    source = get("large.bin").body
    sink = Collector(source, pause=True)
    source.attach(sink)
    await sink.over.wait()
    assert b"".join(sink.pieces) == large


async def test_nothing_is_read_while_paused(get, large):
    source = get("large.bin").body
    sink = Collector(source)
    source.pause()
    source.attach(sink)
    for _ in range(10):
        await asyncio.sleep(0)
    assert sink.pieces == []
    source.cancel()


async def test_a_cancelled_source_says_nothing_more(get, large):
    source = get("large.bin").body
    sink = Collector(source, cancel=True)
    source.attach(sink)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(sink.pieces) == 1
    assert not sink.over.is_set()


async def test_a_file_cut_short_aborts(root, get, large):
    source = get("large.bin").body
    os.truncate(root / "large.bin", PIECE)
    sink = Collector(source)
    source.attach(sink)
    await sink.over.wait()
    assert sink.reason == "file_truncated"


def test_a_large_head_opens_no_stream(get, large):
    reply = get("large.bin", method="HEAD")
    assert reply.body == b""
    assert dict(reply.fields)[b"content-length"] == b"%d" % len(large)
