"""Owns parameter mapping: what a route changes in a request for its backend, and in the answer.

Values come from selectors bound at load (`values`); reserved names were refused by the configuration.
What a client or backend can influence never breaks out of a header or climbs out of a path.
Source: AWS, "Transform API requests and responses for HTTP APIs".
"""

from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote_plus

from frontdesk.base.streams import Fields
from frontdesk.config.models.mapping import HeaderMapping, QueryMapping, ResponseMapping
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.field_values import UNFIT, bind_field, bind_reply_field
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.values import bind, bind_selector, reads_body
from frontdesk.rules.http.path import normalise
from frontdesk.rules.lang.selectors import Part, parse

Change = Callable[[Exchange], bool]
"""Changes a request in place; False when a value cannot be sent."""

_PATH_SAFE = "~!$&'()*+,;=:@"  # pchar of RFC 3986 §3.3, beside the unreserved ones


def request_mapping(build: RouteBuild) -> Step | None:
    """Build the changes of `request` for a route."""
    mapping = build.route.request if build.route else None
    if mapping is None:
        return None
    changes: list[Change] = []
    if any(_texts(mapping.headers)) or mapping.headers.remove:
        changes.append(_request_headers(mapping.headers))
    if any(_texts(mapping.query)) or mapping.query.remove:
        changes.append(_query(mapping.query))
    if mapping.path is not None:
        changes.append(_path(mapping.path))

    def apply(ex: Exchange) -> Reply | None:
        for change in changes:
            if not change(ex):
                # Differs: [unfit-value] AWS does not say what it answers.
                return refusal(400, "mapping:unfit_value")
        return None

    texts = [*_texts(mapping.headers), *_texts(mapping.query), mapping.path or ""]
    at = (*build.at, "request")
    detail = ", ".join(_changes("header", mapping.headers) + _changes("query", mapping.query))
    detail += (", path" if detail else "path") if mapping.path is not None else ""
    return Step("request mapping", apply, detail, at, needs_body=any(map(reads_body, texts)))


def response_mapping(build: RouteBuild) -> Step | None:
    """Build the changes of `response`: those for every answer, then those of the integration's status.

    Answers of the gateway itself (401, 404, …) are left alone.
    """
    mapping = build.route.response if build.route else None
    if mapping is None:
        return None
    apply = _response(mapping)
    at = (*build.at, "response")
    detail = "headers" + "".join(f", {status}" for status in mapping.status)
    return Step("response mapping", apply, detail, at)


def _changes(what: str, mapping: HeaderMapping[str] | QueryMapping) -> list[str]:
    """Name what is changed, without the values."""
    names = {"set": mapping.set, "append": mapping.append, "remove": mapping.remove}
    return [f"{verb} {what} {' '.join(given)}" for verb, given in names.items() if given]


def _texts(mapping: HeaderMapping[str] | QueryMapping) -> Iterable[str]:
    return (*mapping.set.values(), *mapping.append.values())


# -- headers ------------------------------------------------------------------------------------


def _request_headers(mapping: HeaderMapping[str]) -> Change:
    sets = [(name.encode("ascii"), bind_field(text)) for name, text in mapping.set.items()]
    appends = [(name.encode("ascii"), bind_field(text)) for name, text in mapping.append.items()]
    gone = frozenset(name.lower().encode("ascii") for name in (*mapping.remove, *mapping.set))

    def change(ex: Exchange) -> bool:
        added = [(name, value(ex)) for name, value in (*sets, *appends)]
        # Differs: [set-without-value] a `set` without one still takes the client's own field away:
        # what a backend trusts must not be forged by leaving the source out.
        fields = _without(ex.fields, gone)
        headers = {name: value for name, value in ex.headers.items() if name not in gone}
        for name, value in added:
            if value is UNFIT:
                return False
            if value is None:
                continue
            fields.append((name, value))
            key = name.lower()
            headers[key] = headers[key] + b"," + value if key in headers else value
        ex.fields, ex.headers = fields, headers
        return True

    return change


def _without(fields: Fields, gone: frozenset[bytes]) -> Fields:
    return [field for field in fields if field[0].lower() not in gone]


# -- query and path -----------------------------------------------------------------------------


def _query(mapping: QueryMapping) -> Change:
    """Replace, add and drop parameters; the others keep their bytes and their order."""
    added = [(name, bind(text)) for name, text in (*mapping.set.items(), *mapping.append.items())]
    gone = frozenset((*mapping.remove, *mapping.set))

    def change(ex: Exchange) -> bool:
        items = [
            item
            for item in ex.query.split("&")
            if item and unquote_plus(item.partition("=")[0]) not in gone
        ]
        for name, value in added:
            text = value(ex)
            if text is not None:
                items.append(f"{quote(name, safe='')}={quote(text, safe='')}")
        ex.query = "&".join(items)
        return True

    return change


def _path(text: str) -> Change:
    parts = parse(text)
    pieces = [_path_piece(part) for part in parts]

    def change(ex: Exchange) -> bool:
        path = "/" + "".join([piece(ex) for piece in pieces]).removeprefix("/")
        if normalise(path) is None or not _DOTS.isdisjoint(path.split("/")):
            return False
        ex.forward_path = path
        return True

    return change


_DOTS = frozenset((".", ".."))


def _path_piece(part: Part) -> Callable[[Exchange], str]:
    """Static text and `$request.path` are encoded already; what a variable holds was decoded."""
    if isinstance(part, str):
        return lambda _ex: part
    value = bind_selector(part)
    if part.source != "request.path":
        return lambda ex: quote(value(ex) or "", safe=_PATH_SAFE)
    if part.name:  # a greedy variable has slashes of its own
        return lambda ex: quote(value(ex) or "", safe=_PATH_SAFE + "/")
    return lambda ex: value(ex) or ""


# -- response -----------------------------------------------------------------------------------

ReplyChange = Callable[[Exchange, Reply], bool]


def _response(mapping: ResponseMapping) -> Callable[[Exchange, Reply], Reply]:
    always = _reply_headers(mapping.headers)
    by_status = {
        status: (change.status or status, _reply_headers(change.headers))
        for status, change in mapping.status.items()
    }

    def apply(ex: Exchange, reply: Reply) -> Reply:
        if reply.made != "integration":
            return reply
        status, change = by_status.get(reply.status, (reply.status, None))
        if not always(ex, reply) or (change is not None and not change(ex, reply)):
            reply.discard()
            return refusal(500, "mapping:unfit_value")
        reply.status = status
        return reply

    return apply


def _reply_headers(mapping: HeaderMapping[str]) -> ReplyChange:
    sets = [(name.encode("ascii"), bind_reply_field(text)) for name, text in mapping.set.items()]
    appends = [
        (name.encode("ascii"), bind_reply_field(text)) for name, text in mapping.append.items()
    ]
    gone = frozenset(name.lower().encode("ascii") for name in (*mapping.remove, *mapping.set))

    def change(ex: Exchange, reply: Reply) -> bool:
        added = [(name, value(ex, reply)) for name, value in (*sets, *appends)]
        fields = _without(reply.fields, gone)
        for name, value in added:
            if value is UNFIT:
                return False
            if value is None:
                continue
            fields.append((name, value))
        reply.fields = fields
        return True

    return change
