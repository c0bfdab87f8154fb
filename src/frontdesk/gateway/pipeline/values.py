"""Owns the binding of selectors to an Exchange: configured text becomes a function, once, at load.

The grammar is `rules.lang.selectors`; the `$context` variables are `context`. Header values come out as
they stood on the wire (latin-1), multiple values comma-joined, JSON values as compact JSON.
"""

from collections.abc import Callable
from typing import Any

import orjson

from frontdesk.gateway.pipeline.context import variable
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.events.query import joined
from frontdesk.rules.lang.selectors import Part, Selector, parse

Value = Callable[[Exchange], str | None]
ReplyValue = Callable[[Exchange, Reply], str | None]

JSON_LIMIT = 100 * 1024
"""Bytes of a body that a JSON path looks at, as in AWS: a longer document is cut and then unreadable."""


def bind(text: str) -> Value:
    """Compile a request-side value.

    One selector gives None where the request has no such thing; in a text of several parts a missing one
    is empty. The configuration has refused bad syntax and `$response.…`.
    """
    parts = parse(text)
    if len(parts) == 1:
        return bind_part(parts[0])
    values = tuple(bind_part(part) for part in parts)
    return lambda ex: "".join([value(ex) or "" for value in values])


def reads_body(text: str) -> bool:
    """Whether a value needs the whole request or response body."""
    return any(isinstance(part, Selector) and part.source.endswith(".body") for part in parse(text))


def bind_selector(selector: Selector) -> Value:
    """Compile one selector."""
    return _REQUEST[selector.source](selector)


def bind_part(part: Part) -> Value:
    """Compile one part of a request-side value."""
    if isinstance(part, str):
        return lambda _ex: part
    return bind_selector(part)


def bind_reply_part(part: Part) -> ReplyValue:
    """Compile one part of a response-side value: `$response.…` too."""
    if isinstance(part, Selector) and part.source in _RESPONSE:
        return _RESPONSE[part.source](part)
    value = bind_part(part)
    return lambda ex, _reply: value(ex)


# -- request ------------------------------------------------------------------------------------


def _header(selector: Selector) -> Value:
    name = selector.name.encode()

    def value(ex: Exchange) -> str | None:
        found = ex.headers.get(name)
        return None if found is None else found.decode("latin-1")

    return value


def _cookie(selector: Selector) -> Value:
    name = selector.name

    def value(ex: Exchange) -> str | None:
        for cookie in ex.headers.get(b"cookie", b"").decode("latin-1").split(";"):
            key, equals, found = cookie.strip().partition("=")
            if equals and key == name:
                return found
        return None

    return value


def _querystring(selector: Selector) -> Value:
    return lambda ex: joined(ex.query).get(selector.name)


def _path(selector: Selector) -> Value:
    if not selector.name:
        return lambda ex: ex.stage_path
    return lambda ex: ex.params.get(selector.name)


def _body(selector: Selector) -> Value:
    path = selector.path
    if not path:
        return lambda ex: ex.body.decode("utf-8", "replace") or None
    return lambda ex: _json_text(ex.body, path)


def _context(selector: Selector) -> Value:
    found = variable(selector.name)
    assert found is not None  # the parser refuses unknown names
    return lambda ex: text_of(found(ex))


def _stage_variable(selector: Selector) -> Value:
    return lambda ex: ex.plan.api.variables.get(selector.name)


_REQUEST: dict[str, Callable[[Selector], Value]] = {
    "context": _context,
    "request.body": _body,
    "request.cookie": _cookie,
    "request.header": _header,
    "request.path": _path,
    "request.querystring": _querystring,
    "stageVariables": _stage_variable,
}

# -- response -----------------------------------------------------------------------------------


def _response_header(selector: Selector) -> ReplyValue:
    name = selector.name.encode()

    def value(_ex: Exchange, reply: Reply) -> str | None:
        found = [value for key, value in reply.fields if key.lower() == name]
        return b",".join(found).decode("latin-1") if found else None

    return value


def _response_body(selector: Selector) -> ReplyValue:
    path = selector.path

    def value(_ex: Exchange, reply: Reply) -> str | None:
        # Differs: [streaming-body] one that still streams has no value; AWS reads it whole first.
        body = reply.body if isinstance(reply.body, bytes) else b""
        return _json_text(body, path) if path else body.decode("utf-8", "replace") or None

    return value


_RESPONSE: dict[str, Callable[[Selector], ReplyValue]] = {
    "response.body": _response_body,
    "response.header": _response_header,
}

# -- JSON ---------------------------------------------------------------------------------------


def text_of(value: Any) -> str | None:
    """Write a JSON value as text: strings as they are, all else as compact JSON; None where there is none.

    What nests too deeply to be written (254 levels) has no text, though it can be read.
    """
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return None


def _json_text(body: bytes, path: tuple[str | int, ...]) -> str | None:
    try:
        found = orjson.loads(body[:JSON_LIMIT])
        for step in path:
            if isinstance(found, str):  # Python would index its characters
                return None
            found = found[step]
    except (ValueError, LookupError, TypeError):
        return None
    return text_of(found)
