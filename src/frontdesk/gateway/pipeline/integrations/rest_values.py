"""Owns the binding of a REST API's mapping expressions: where a value comes from becomes a function, at load.

Values are bytes, as a field or a URL will have them: what stood in a head keeps its bytes, what was decoded
is UTF-8. Several values come from the `multivalue…` sources only; none from whatever is not there.
The grammar is `rules.rest.expressions`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.streams import Fields
from frontdesk.gateway.pipeline.context import variable
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.tracing import CALLED, Traces
from frontdesk.gateway.pipeline.values import text_of
from frontdesk.rules.events.query import pairs
from frontdesk.rules.events.request import forwarding
from frontdesk.rules.events.rest import known_caller
from frontdesk.rules.lang.jsonpath import MISSING, PathLimitError, compile_path
from frontdesk.rules.rest.expressions import STATIC, Source
from frontdesk.rules.rest.headers import HIDDEN

Values = Callable[[Exchange], Sequence[bytes]]


class Answer(NamedTuple):
    """What an integration has answered.

    said: what chooses the integration response: a status, or the `errorMessage` of a function that failed,
    "" of one that did not. fields: end-to-end.
    """

    said: str
    fields: Fields
    body: bytes


AnswerValues = Callable[[Exchange, Answer], Sequence[bytes]]

_NONE: Final[Sequence[bytes]] = ()
_TRACE: Final = "X-Amzn-Trace-Id"


def bind_source(source: Source, traces: Traces) -> Values:
    """Compile where a value of the integration's request comes from."""
    if source.kind in _OF_HEADERS and source.name.lower() == _TRACE.lower():
        return lambda ex: (traces.amazon(ex, CALLED).encode("latin-1"),)
    return _REQUEST[source.kind](source.name)


def bind_answer_source(source: Source, traces: Traces) -> AnswerValues:
    """Compile where a value of the method's response comes from."""
    if source.kind in _ANSWER:
        return _ANSWER[source.kind](source.name)
    values = bind_source(source, traces)
    return lambda ex, _answer: values(ex)


def client_headers(ex: Exchange, fields: Fields, traces: Traces) -> dict[str, str]:
    """Return the header fields of a client that templates see, by the client's spelling.

    fields: the client's, without those that are held. What speaks of the way to us is what we know of it.
    """
    shown = {
        name.decode("latin-1"): value.decode("latin-1")
        for part in (fields, ex.held)
        for name, value in part
        if name.lower() not in _NOT_CLIENTS
    }
    shown[_TRACE] = traces.amazon(ex, CALLED)
    shown["X-Forwarded-For"], shown["X-Forwarded-Port"], shown["X-Forwarded-Proto"] = forwarding(ex)
    return shown


_FORWARDING: Final = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
_NOT_CLIENTS: Final = frozenset(name.encode() for name in (*HIDDEN, *_FORWARDING, _TRACE.lower()))
_OF_HEADERS: Final = frozenset({"method.request.header", "method.request.multivalueheader"})

# -- of any message -----------------------------------------------------------------------------


def _static(text: str) -> Values:
    values = (text.encode(),)
    return lambda _ex: values


_CLAIMS: Final = "authorizer.claims."


def _context(name: str) -> Values:
    if name.startswith(_CLAIMS):
        return _claim(name.removeprefix(_CLAIMS))
    found = variable(name)
    assert found is not None  # the parser refuses unknown names
    return lambda ex: _one(text_of(found(ex)))


def _claim(name: str) -> Values:
    """Take a claim as events show it."""

    def values(ex: Exchange) -> Sequence[bytes]:
        claims = (known_caller(ex) or {}).get("claims") or {}
        return _one(claims.get(name))

    return values


def _stage_variable(name: str) -> Values:
    return lambda ex: _one(ex.plan.api.variables.get(name))


def _one(text: str | None) -> Sequence[bytes]:
    return _NONE if text is None else (text.encode(),)


# -- of the method's request --------------------------------------------------------------------


# Differs: [header-names] AWS's mapping distinguishes capitals in the names of headers.
def _header(name: str) -> Values:
    lower = name.lower()
    if lower in HIDDEN:
        return lambda _ex: _NONE
    if lower in _FORWARDING:
        at = _FORWARDING.index(lower)
        return lambda ex: (forwarding(ex)[at].encode("latin-1"),)
    key = lower.encode()

    def values(ex: Exchange) -> Sequence[bytes]:
        found = ex.headers.get(key)
        return _NONE if found is None else (found,)

    return values


def _headers(name: str) -> Values:
    key = name.lower().encode()
    if key in _NOT_CLIENTS:
        return _header(name)
    return lambda ex: [
        value for part in (ex.fields, ex.held) for field, value in part if field.lower() == key
    ]


def _querystring(name: str) -> Values:
    return lambda ex: [value.encode() for key, value in pairs(ex.query) if key == name][-1:]


def _querystrings(name: str) -> Values:
    return lambda ex: [value.encode() for key, value in pairs(ex.query) if key == name]


def _path(name: str) -> Values:
    return lambda ex: _one(ex.params.get(name))


def _body(path: str) -> Values:
    found = _of_body(path)
    return lambda ex: found(ex.body)


def _of_body(path: str) -> Callable[[bytes], Sequence[bytes]]:
    if not path:
        return lambda body: (body,) if body else _NONE
    find = compile_path(path).find

    def values(body: bytes) -> Sequence[bytes]:
        try:
            found: Any = find(orjson.loads(body))
        except (ValueError, PathLimitError):
            return _NONE
        return _NONE if found is MISSING else _one(text_of(found))

    return values


_REQUEST: Final[dict[str, Callable[[str], Values]]] = {
    STATIC: _static,
    "context": _context,
    "method.request.body": _body,
    "method.request.header": _header,
    "method.request.multivalueheader": _headers,
    "method.request.multivaluequerystring": _querystrings,
    "method.request.path": _path,
    "method.request.querystring": _querystring,
    "stageVariables": _stage_variable,
}

# -- of the integration's answer ----------------------------------------------------------------


def _answer_header(name: str) -> AnswerValues:
    key = name.lower().encode()

    def values(_ex: Exchange, answer: Answer) -> Sequence[bytes]:
        found = [value for field, value in answer.fields if field.lower() == key]
        return (b",".join(found),) if found else _NONE

    return values


def _answer_headers(name: str) -> AnswerValues:
    key = name.lower().encode()
    return lambda _ex, answer: [value for field, value in answer.fields if field.lower() == key]


def _answer_body(path: str) -> AnswerValues:
    found = _of_body(path)
    return lambda _ex, answer: found(answer.body)


_ANSWER: Final[dict[str, Callable[[str], AnswerValues]]] = {
    "integration.response.body": _answer_body,
    "integration.response.header": _answer_header,
    "integration.response.multivalueheader": _answer_headers,
}
