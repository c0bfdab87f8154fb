"""Owns HTTP/1.1 as the Runtime API speaks it: one local client per connection, blocking.

Standard library only, and nothing of `http.server`, whose imports would cost each cold start more than
the function itself. Knows no invocation.
"""

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

_LINE: Final = 16 * 1024
_FIELDS: Final = 100
_PIECE: Final = 64 * 1024
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class BrokenMessageError(Exception):
    """The client has gone in the middle of a message, or does not speak HTTP."""


class Request:
    """One request. fields, trailers: lower-case name → value; trailers after the last piece of the body.

    Its body must be read to its end before the next request of the connection.
    """

    def __init__(self, connection: "Connection", method: str, path: str, version: str) -> None:
        self.method = method
        self.path = path
        self.fields = connection.read_fields()
        self.trailers: Mapping[str, str] = {}
        self.last = version == "HTTP/1.0" or self.fields.get("connection", "").lower() == "close"
        self._connection = connection

    def pieces(self) -> Iterator[bytes]:
        """Read the body as it comes. Raises: BrokenMessageError when it breaks off."""
        connection = self._connection
        if self.fields.get("expect", "").lower() == "100-continue":
            connection.write(_CONTINUE)
        if "chunked" not in self.fields.get("transfer-encoding", "").lower():
            yield from connection.read(_number(self.fields.get("content-length", "0"), 10))
            return
        while size := _number(connection.line().partition(";")[0], 16):
            yield from connection.read(size)
            connection.line()
        self.trailers = connection.read_fields()

    def read(self, limit: int) -> bytes | None:
        """Read the whole body; None when it is longer than `limit` bytes. Raises: BrokenMessageError."""
        whole, size = [], 0
        for piece in self.pieces():
            size += len(piece)
            if size <= limit:
                whole.append(piece)
        return b"".join(whole) if size <= limit else None


class Connection:
    """One connection of the client."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._stream = connected.makefile("rb")

    def requests(self) -> Iterator[Request]:
        """Read requests until the client has no more. Raises: BrokenMessageError."""
        while line := self.line():
            try:
                method, path, version = line.split(" ")
            except ValueError:
                raise BrokenMessageError(f"not a request: {line[:80]}") from None
            request = Request(self, method, path, version)
            yield request
            if request.last:
                return

    def answer(self, status: int, body: bytes, fields: Mapping[str, str] | None = None) -> None:
        """Answer a request with JSON. Raises: BrokenMessageError."""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        lines.append(f"Content-Length: {len(body)}")
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def refuse(self, status: int, kind: str, message: str) -> None:
        """Answer with an error object of the Runtime API."""
        self.answer(status, json.dumps({"errorMessage": message, "errorType": kind}).encode())

    def gone(self) -> bool:
        """Tell whether the client has closed its end."""
        with contextlib.suppress(BlockingIOError):
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False

    def write(self, data: bytes) -> None:
        """Send. Raises: BrokenMessageError."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise BrokenMessageError(str(error)) from error

    def line(self) -> str:
        """Read a line; "" for an empty one and at the end."""
        try:
            line = self._stream.readline(_LINE)
        except OSError as error:
            raise BrokenMessageError(str(error)) from error
        if line and not line.endswith(b"\n"):
            raise BrokenMessageError("a line that does not end")
        return line.rstrip(b"\r\n").decode("latin-1")

    def read_fields(self) -> dict[str, str]:
        """Read header or trailer fields up to the empty line. Raises: BrokenMessageError."""
        fields: dict[str, str] = {}
        for _ in range(_FIELDS):
            name, colon, value = self.line().partition(":")
            if not colon and not name:
                return fields
            if not colon:
                break
            fields[name.lower()] = value.strip()
        raise BrokenMessageError("broken header fields")

    def read(self, size: int) -> Iterator[bytes]:
        """Read `size` bytes in pieces, each as soon as it is there. Raises: BrokenMessageError."""
        while size:
            try:
                piece = self._stream.read1(min(size, _PIECE))
            except OSError as error:
                raise BrokenMessageError(str(error)) from error
            if not piece:
                raise BrokenMessageError("the body breaks off")
            size -= len(piece)
            yield piece

    def close(self) -> None:
        """Be done with it."""
        self._stream.close()
        self._socket.close()


def _number(text: str, base: int) -> int:
    try:
        if text.strip().isalnum():  # int() takes signs and underscores, too
            return int(text, base)
    except ValueError:
        pass
    raise BrokenMessageError(f"not a length: {text[:20]}")
