"""Compares what was seen with what a case expects. Every check returns what differs, as text.

Matchers inside expected values: {"$any": true}, {"$uuid": true}, {"$regex": …}, {"$prefix": …},
{"$suffix": …}. `{region}`, `{account}`, `{apiId}` in texts were replaced before (see `project.fill`).
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

MATCHERS: dict[str, Callable[[Any, str], bool]] = {
    "$any": lambda _wanted, _seen: True,
    "$prefix": lambda wanted, seen: seen.startswith(wanted),
    "$regex": lambda wanted, seen: re.search(wanted, seen) is not None,
    "$suffix": lambda wanted, seen: seen.endswith(wanted),
    "$uuid": lambda _wanted, seen: re.fullmatch(_UUID, seen) is not None,
}

REWRITTEN = frozenset({"accept", "authorization", "content-type", "host", "user-agent"})
"""Header names whose case the recordings' CDN changed: compared without case."""


@dataclass
class Answer:
    """A response as it came over the wire."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.lines if key.lower() == name.lower()]
        return ", ".join(found) if found else None


def differences(wanted: Any, seen: Any, *, subset: bool = False, at: str = "$") -> Iterator[str]:
    """Compare JSON values; in a subset, objects may have more members than wanted."""
    if isinstance(wanted, dict) and len(wanted) == 1 and next(iter(wanted)) in MATCHERS:
        [(matcher, argument)] = wanted.items()
        text = seen if isinstance(seen, str) else json.dumps(seen)
        if not MATCHERS[matcher](argument, text):
            yield f"{at}: {seen!r} does not match {wanted}"
    elif isinstance(wanted, dict) and isinstance(seen, dict):
        for key in wanted:
            if key in seen:
                yield from differences(wanted[key], seen[key], subset=subset, at=f"{at}.{key}")
            else:
                yield f"{at}.{key}: missing"
        if not subset:
            yield from (f"{at}.{key}: not expected" for key in seen if key not in wanted)
    elif isinstance(wanted, list) and isinstance(seen, list) and len(wanted) == len(seen):
        for index, (one, other) in enumerate(zip(wanted, seen, strict=True)):
            yield from differences(one, other, subset=subset, at=f"{at}[{index}]")
    elif wanted != seen or isinstance(wanted, bool) is not isinstance(seen, bool):
        yield f"{at}: {seen!r} is not {wanted!r}"


def answer_differences(expect: dict[str, Any], answer: Answer) -> Iterator[str]:
    """Compare a response with the members of `expect` that speak of it."""
    for member, check in ANSWER_CHECKS.items():
        if member in expect:
            subset = expect.get("jsonMatch") == "subset"
            yield from check(expect[member], answer, subset)


def _json(wanted: Any, answer: Answer, subset: bool) -> Iterator[str]:
    try:
        seen = json.loads(answer.body)
    except ValueError:
        yield f"json: not JSON: {answer.body!r}"
    else:
        yield from differences(wanted, seen, subset=subset, at="json")


def _json_any_of(wanted: list[Any], answer: Answer, subset: bool) -> Iterator[str]:
    if all(any(_json(one, answer, subset)) for one in wanted):
        yield f"jsonAnyOf: none of them: {answer.body!r}"


def _headers(wanted: dict[str, Any], answer: Answer, _subset: bool) -> Iterator[str]:
    for name, value in wanted.items():
        yield from differences(value, answer.header(name), at=f"headers.{name}")


def _header_lines(wanted: list[Any], answer: Answer, _subset: bool) -> Iterator[str]:
    for line in wanted:
        name, value = line if isinstance(line, list) else (line["name"], line["value"])
        seen = [text for key, text in answer.lines if key.lower() == name.lower()]
        if all(any(differences(value, text)) for text in seen):
            yield f"headerLines: no line {name}: {value}, but {seen}"


def _present(wanted: list[str], answer: Answer, _subset: bool) -> Iterator[str]:
    yield from (f"headersPresent: {name}" for name in wanted if answer.header(name) is None)


def _absent(wanted: list[str], answer: Answer, _subset: bool) -> Iterator[str]:
    yield from (f"headersAbsent: {name}" for name in wanted if answer.header(name) is not None)


def _contain(wanted: dict[str, str], answer: Answer, _subset: bool) -> Iterator[str]:
    for name, value in wanted.items():
        if value not in (answer.header(name) or ""):
            yield f"headersContain: {name}: {answer.header(name)!r}"


def _match(wanted: dict[str, str], answer: Answer, _subset: bool) -> Iterator[str]:
    for name, pattern in wanted.items():
        if not re.search(pattern, answer.header(name) or ""):
            yield f"headersMatch: {name}: {answer.header(name)!r}"


def _raw_names(wanted: list[str], answer: Answer, _subset: bool) -> Iterator[str]:
    names = {name for name, _ in answer.lines}
    yield from (f"rawHeaderNames: {name}" for name in wanted if name not in names)


def _status(wanted: Any, answer: Answer, _subset: bool) -> Iterator[str]:
    yield from differences(wanted, answer.status, at="status")


def _text(wanted: Any, answer: Answer, _subset: bool) -> Iterator[str]:
    yield from differences(wanted, answer.body.decode("utf-8", "replace"), at="text")


def _body(wanted: str, answer: Answer, _subset: bool) -> Iterator[str]:
    yield from differences(wanted, base64.b64encode(answer.body).decode(), at="bodyBase64")


ANSWER_CHECKS: dict[str, Callable[[Any, Answer, bool], Iterator[str]]] = {
    "status": _status,
    "json": _json,
    "jsonAnyOf": _json_any_of,
    "text": _text,
    "bodyBase64": _body,
    "headers": _headers,
    "headerLines": _header_lines,
    "headersPresent": _present,
    "headersAbsent": _absent,
    "headersContain": _contain,
    "headersMatch": _match,
    "rawHeaderNames": _raw_names,
}


def event_differences(expect: dict[str, Any], event: dict[str, Any] | None) -> Iterator[str]:
    """Compare the event that a function got with the members of `expect` that speak of it."""
    wanted = expect.get("functionEvent")
    absent = expect.get("functionEventHeadersAbsent", [])
    no_keys = expect.get("functionEventKeysAbsent", [])
    if event is None:
        if wanted or absent or no_keys:
            yield "functionEvent: the function was not called"
        return
    seen = _fold(event)
    yield from differences(_fold(wanted or {}), seen, subset=True, at="event")
    names = {name.lower() for name in seen.get("headers") or {}}
    yield from (f"event.headers.{name}: there" for name in absent if name.lower() in names)
    yield from (f"event.{key}: there" for key in no_keys if key in event)


def _fold(event: dict[str, Any]) -> dict[str, Any]:
    """Write the names in `REWRITTEN` in lower case in the header maps."""
    folded = dict(event)
    for part in ("headers", "multiValueHeaders"):
        if isinstance(event.get(part), dict):
            folded[part] = {
                name.lower() if name.lower() in REWRITTEN else name: value
                for name, value in event[part].items()
            }
    return folded


def backend_differences(wanted: dict[str, Any], seen: dict[str, Any] | None) -> Iterator[str]:
    """Compare what an HTTP backend got with `expect.backendRequest`.

    seen: {method, path, query, headers: {lower-case name: value}, body: bytes}, or None.
    """
    if seen is None:
        yield "backendRequest: the backend was not called"
        return
    for member in ("method", "path", "query"):
        if member in wanted:
            yield from differences(wanted[member], seen[member], at=f"backend.{member}")
    if "queryMultiUnordered" in wanted:
        pairs = [item.partition("=")[::2] for item in seen["query"].split("&") if item]
        for name, values in wanted["queryMultiUnordered"].items():
            found = sorted(value for key, value in pairs if key == name)
            yield from differences(sorted(values), found, at=f"backend.query.{name}")
    for name, value in wanted.get("headers", {}).items():
        yield from differences(value, seen["headers"].get(name.lower()), at=f"backend.{name}")
    for name in (*wanted.get("headersAbsent", []), *wanted.get("headersAbsentMapped", [])):
        if name.lower() in seen["headers"]:
            yield f"backend.headers.{name}: there"
    body = Answer(0, [], seen["body"])
    for member, check in (("json", _json), ("body", _text), ("bodyBase64", _body)):
        if member in wanted:
            yield from check(wanted[member], body, False)
