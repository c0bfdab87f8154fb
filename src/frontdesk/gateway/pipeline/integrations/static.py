"""Owns static files: a folder under a greedy path variable, or one file.

Small files are read at once; larger ones are read on the event loop in pieces that the page cache answers
in microseconds, as fast as the client takes them. Conditions and ranges are `rules.http.ranges`.
"""

import asyncio
import os
import re
import stat
from collections.abc import Callable
from io import FileIO
from mimetypes import MimeTypes
from pathlib import Path
from typing import Final

from frontdesk.base.streams import Fields, Sink, Source
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.http.dates import write_date
from frontdesk.rules.http.ranges import Part, Representation, Whole, decide

READ_AT_ONCE: Final = 256 * 1024
PIECE: Final = 64 * 1024

_GREEDY: Final = re.compile(r"\{([^{}]+)\+\}$")

_TYPES: Final = MimeTypes()  # Python's own table, not the machine's
for _suffix, _type in {
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
}.items():
    _TYPES.add_type(_type, _suffix)


def integration(build: RouteBuild) -> Step | None:
    """Build the file server of a route."""
    if build.route is None or build.route.static is None:
        return None
    root = build.route.static.root
    find = _finder(root, build.key)
    now = build.parts.clock.time

    def serve(ex: Exchange) -> Reply:
        if ex.method not in {"GET", "HEAD"}:
            return refusal(404, "static:method")  # HTTP APIs have no 405
        path = find(ex)
        if path is None or (descriptor := _open(path)) is None:
            return refusal(404, "static:missing")
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            if stat.S_ISDIR(found.st_mode) and not ex.stage_path.endswith("/"):
                return _to_folder(ex)
            return refusal(404, "static:missing")
        reply = _answer(ex, path.name, FileIO(descriptor), found, now())
        ex.integration_status = reply.status
        return reply

    at = (*build.at, "static")
    shown = build.shown(root, *build.at, "static", "root")
    return Step("static", serve, shown, at)


def _finder(root: Path, route_key: str) -> Callable[[Exchange], Path | None]:
    """Return what turns a request into a path that may be served, or None where nothing may.

    Links are followed as long as they stay inside the folder as it was when the plan was made.
    """
    greedy = _GREEDY.search(route_key)
    if greedy is None:
        return lambda _ex: Path(os.path.realpath(root))
    variable = greedy[1]
    folder = Path(os.path.realpath(root))

    def find(ex: Exchange) -> Path | None:
        below = ex.params[variable]
        # A leading dot: `.`, `..`, and files that nobody means to publish (.git, .env).
        if any(name.startswith(".") for name in below.split("/")):
            return None
        if below.endswith("/"):
            below += "index.html"
        path = Path(os.path.realpath(folder / below))
        return path if path.is_relative_to(folder) else None

    return find


def _to_folder(ex: Exchange) -> Reply:
    """Redirect to the path with a slash at its end, on which relative links of an index page rest."""
    # Relative, since a proxy in front may have taken a prefix off; `./` keeps a colon from being a scheme.
    location = f"./{ex.path.rpartition('/')[2]}/" + (f"?{ex.query}" if ex.query else "")
    return Reply(308, [(b"location", location.encode("latin-1"))])


def _open(path: Path) -> int | None:
    try:
        # Not blocking: opening a named pipe would wait for its writer.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def _answer(ex: Exchange, name: str, file: FileIO, found: os.stat_result, now: float) -> Reply:
    modified, size = int(found.st_mtime), found.st_size
    etag = b'"%x-%x"' % (found.st_mtime_ns, size)
    fields: Fields = [(b"etag", etag), (b"last-modified", write_date(modified))]
    verdict = decide(ex.method, ex.headers, Representation(etag, modified, size), now)
    if isinstance(verdict, Whole) and verdict is not Whole.SEND:
        file.close()
        if verdict is Whole.NOT_SATISFIABLE:
            fields = [(b"content-range", b"bytes */%d" % size)]
        return Reply(verdict.value, fields)
    fields += [(b"content-type", _content_type(name)), (b"accept-ranges", b"bytes")]
    if ex.method == "HEAD":
        file.close()
        return Reply(200, [*fields, (b"content-length", b"%d" % size)])
    if isinstance(verdict, Part):
        first, last = verdict.first, verdict.last
        fields.append((b"content-range", b"bytes %d-%d/%d" % (first, last, size)))
        return Reply(206, fields, _body(file, first, last + 1))
    return Reply(200, fields, _body(file, 0, size))


def _content_type(name: str) -> bytes:
    kind, encoding = _TYPES.guess_type(name)
    if kind is None or encoding is not None:
        return b"application/octet-stream"
    return f"{kind}; charset=utf-8".encode() if kind.startswith("text/") else kind.encode()


def _body(file: FileIO, start: int, end: int) -> bytes | Source:
    if end - start > READ_AT_ONCE:
        return FileSource(file, start, end)
    with file:
        return os.pread(file.fileno(), end - start, start)


class FileSource:
    """A Source of bytes `start` to `end` (excluded) of an open file, which it closes."""

    def __init__(self, file: FileIO, start: int, end: int) -> None:
        self.length: int | None = end - start
        self._file = file
        self._at = start
        self._end = end
        self._paused = False
        self._due = False
        self._sink: Sink | None = None

    def attach(self, sink: Sink) -> None:
        """Begin to deliver, one piece per turn of the event loop."""
        self._sink = sink
        self._read()

    def pause(self) -> None:
        """Deliver nothing until `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._paused = False
        self._schedule()

    def cancel(self) -> None:
        """Close the file; the sink is called no more."""
        self._sink = None
        self._file.close()

    def _schedule(self) -> None:
        if self._sink is not None and not self._paused and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._read)

    def _read(self) -> None:
        self._due = False
        sink = self._sink
        if sink is None or self._paused:
            return
        try:
            piece = os.pread(self._file.fileno(), min(PIECE, self._end - self._at), self._at)
        except OSError:
            piece = b""
        if not piece:  # cut short since it was opened
            self.cancel()
            sink.abort("file_truncated")
            return
        self._at += len(piece)
        sink.write(piece)
        if self._at < self._end:
            self._schedule()
        elif self._sink is not None:
            self.cancel()
            sink.end()
