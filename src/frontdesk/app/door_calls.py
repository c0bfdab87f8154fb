"""Owns requests that an operator sends to the door of this gateway: read, sent as any client does, and told."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple

from frontdesk.base.addresses import Address
from frontdesk.base.errors import FrontdeskError

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""What may be sent."""

WITHIN: Final = 35.0
"""Seconds for an answer: longer than any integration may take."""

SHOWN: Final = 65_536
"""Bytes of an answer that are told."""

_OURS: Final = frozenset(
    ("connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade")
)
"""Fields that the request has of its own."""


class Door(NamedTuple):
    """Where clients connect. tls: whether by TLS."""

    address: Address
    tls: bool


class DoorCall(NamedTuple):
    """One request. target: path and query. headers: without those that follow from the rest. host: "" for ours."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    host: str

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "DoorCall":
        """Read `{"method", "path", "query", "headers": [[name, value]], "body", "host"}`; a field Host goes before `host`.

        Raises: FrontdeskError.
        """
        try:
            method, path = str(given["method"]).upper(), str(given["path"])
            query, host = str(given.get("query") or ""), str(given.get("host") or "")
            headers = [(str(name), str(value)) for name, value in given.get("headers") or ()]
            body = str(given.get("body") or "").encode()
        except (ValueError, TypeError, LookupError) as error:
            raise FrontdeskError(
                'expected a body such as {"method": "GET", "path": "/"}'
            ) from error
        if method not in METHODS:
            raise FrontdeskError(f"expected a method of {', '.join(METHODS)}, found: {method[:40]}")
        target = f"{path}?{query}" if query else path
        is_plain = target.isascii() and target.isprintable() and " " not in target
        if not (is_plain and target.startswith("/")):
            hint = "other characters are written with %"
            raise FrontdeskError(
                f"expected a path such as /pets, found: {target[:80]!r}", hint=hint
            )
        theirs = [each for each in headers if each[0].lower() not in _OURS]
        # A field has the port as well, which functions make addresses of.
        named = next((value for name, value in headers if name.lower() == "host"), host)
        return cls(method, target, theirs, body, named)


class DoorError(FrontdeskError):
    """The door has not answered."""


async def send(door: Door | None, call: DoorCall) -> dict[str, Any]:
    """Send a request; tell the answer: `status`, `reason`, `headers`, `body`, whether that is `whole`.

    door: None where nobody is let in yet. Raises: FrontdeskError where it cannot be sent, DoorError where nothing
    comes back.
    """
    if door is None:
        raise FrontdeskError("nobody is let in yet", hint="try again")
    return await asyncio.to_thread(_sent, door, call)


def _sent(door: Door, call: DoorCall) -> dict[str, Any]:
    host, port = door.address.from_here
    connection = HTTPConnection(host, port, timeout=WITHIN)
    if door.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is ourselves
        connection = HTTPSConnection(host, port, timeout=WITHIN, context=context)
    try:
        try:
            connection.putrequest(
                call.method, call.target, skip_host=bool(call.host), skip_accept_encoding=True
            )
            for name, value in (*_own(call), *call.headers):
                connection.putheader(name, value)
            connection.endheaders(call.body or None)
        except ValueError as error:  # of a field
            raise FrontdeskError(f"this cannot be sent: {error}") from error
        answer = connection.getresponse()
        told = answer.read(SHOWN)
        return {
            "status": answer.status,
            "reason": answer.reason,
            "headers": answer.getheaders(),
            "body": told.decode("utf-8", "replace"),
            "whole": not answer.read(1),
        }
    except (OSError, HTTPException) as error:
        hint = "a listener that asks for certificates is not reached from here"
        raise DoorError(f"the door does not answer: {error}", hint=hint) from error
    finally:
        connection.close()


def _own(call: DoorCall) -> Sequence[tuple[str, str]]:
    host = [("Host", call.host)] if call.host else []
    has_body = call.body or call.method in ("POST", "PUT", "PATCH")
    return [*host, ("Content-Length", str(len(call.body)))] if has_body else host
