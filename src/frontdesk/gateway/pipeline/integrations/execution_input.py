"""Owns what an execution is given of a request: the JSON body, or a document whose texts are selectors.

A text that is one selector becomes the JSON value that it finds. Where it finds nothing, the member is left
out, and an item of a list is null.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from frontdesk.gateway.pipeline.context import variable
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.values import bind, bind_selector, reads_body
from frontdesk.rules.lang.selectors import Selector, parse

MAX_INPUT: Final = 262_144
"""Bytes of what an execution is given: AWS's quota."""

Input = Callable[[Exchange], bytes | None]
"""Writes the input as JSON; None where the body is none."""

_Value = Callable[[Exchange, Any], Any]
"""Gives a JSON value of a request and of its body's document, or _NOTHING."""

_NOTHING: Final = object()
"""A value that is not there: JSON has a null of its own."""


def bind_input(template: Any) -> Input:
    """Compile the `input` of a route; None: the body."""
    return _body if template is None else _document(template)


def _body(ex: Exchange) -> bytes | None:
    if not ex.body:
        return b"{}"
    try:
        orjson.loads(ex.body)
    except orjson.JSONDecodeError:
        return None
    return ex.body


def _document(template: Any) -> Input:
    value, reads = _bind(template), any(map(reads_body, _texts(template)))

    def given(ex: Exchange) -> bytes | None:
        body = _NOTHING
        if reads and ex.body:
            try:
                body = orjson.loads(ex.body)
            except orjson.JSONDecodeError:
                return None
        found = value(ex, body)
        return b"{}" if found is _NOTHING else orjson.dumps(found)

    return given


def _texts(template: Any) -> list[str]:
    if isinstance(template, str):
        return [template]
    several = template.values() if isinstance(template, dict) else template
    return (
        [text for each in several for text in _texts(each)]
        if isinstance(template, (dict, list))
        else []
    )


def _bind(template: Any) -> _Value:
    if isinstance(template, dict):
        return _object({key: _bind(each) for key, each in template.items()})
    if isinstance(template, list):
        return _array([_bind(each) for each in template])
    if isinstance(template, str):
        return _text(template)
    return lambda _ex, _body: template


def _object(members: dict[str, _Value]) -> _Value:
    def value(ex: Exchange, body: Any) -> Any:
        found = {key: each(ex, body) for key, each in members.items()}
        return {key: each for key, each in found.items() if each is not _NOTHING}

    return value


def _array(items: list[_Value]) -> _Value:
    def value(ex: Exchange, body: Any) -> Any:
        found = [each(ex, body) for each in items]
        return [None if each is _NOTHING else each for each in found]

    return value


def _text(text: str) -> _Value:
    parts = parse(text)
    selector = parts[0] if len(parts) == 1 else None
    if not isinstance(selector, Selector):
        whole = bind(text)
        return lambda ex, _body: whole(ex)
    if selector.source == "request.body":
        return _of_body(selector.path)
    found = variable(selector.name) if selector.source == "context" else bind_selector(selector)
    assert found is not None  # the parser refuses unknown names

    def value(ex: Exchange, _body: Any) -> Any:
        there = found(ex)
        return _NOTHING if there is None else there

    return value


def _of_body(path: tuple[str | int, ...]) -> _Value:
    def value(_ex: Exchange, body: Any) -> Any:
        found = body
        for step in path:
            try:
                found = _NOTHING if isinstance(found, str) else found[step]
            except (LookupError, TypeError):
                return _NOTHING
        return found

    return value
