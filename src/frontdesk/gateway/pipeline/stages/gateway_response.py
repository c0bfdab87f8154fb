"""Owns the gateway responses of a REST API: every refusal and failure of ours in AWS's words, or the file's.

The types and what they say are `rules.rest.gateway_responses`. Of what the stages have answered the status,
the cause and the fields that clients act on (Retry-After, WWW-Authenticate) are left.
"""

import html
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.config.models.gateway_response import GatewayResponse
from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.field_values import UNFIT, bind_field_part
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.gateway.pipeline.values import Value, bind_part
from frontdesk.rules.lang.selectors import Part, Selector
from frontdesk.rules.rest.expressions import STATIC, Source, parse_source
from frontdesk.rules.rest.gateway_responses import (
    DEFAULT_TEMPLATE,
    TYPES,
    Response,
    fault_of,
    responses,
)
from frontdesk.rules.rest.media import DEFAULT_TYPE, wished_type
from frontdesk.rules.rest.substitution import SOURCES, parse_substitutions

Body = Callable[[Exchange], bytes]


def gateway_response(build: RouteBuild) -> Step:
    """Build the last word of a REST API where it answers itself."""
    api = build.api
    assert isinstance(api, RestApi)
    return build.once(("gateway responses", build.api_name), lambda: _step(build, api))


def _step(build: RouteBuild, api: RestApi) -> Step:
    given = {name: _given(response) for name, response in api.gateway_responses.items()}
    said = {name: _Said(name, response) for name, response in responses(given).items()}

    def say(ex: Exchange, reply: Reply) -> Reply:
        # A problem document (RFC 9457) has words of its own.
        if not reply.cause or JSON not in reply.fields:
            return reply
        ex.fault = fault_of(reply.cause, reply.status, reply.message)
        said[ex.fault.type].say(ex, reply)
        return reply

    at = ("apis", build.api_name, "gateway_responses")
    return Step("gateway response", say, ", ".join(given) or "AWS's words", at)


def _given(response: GatewayResponse) -> Response:
    return Response(response.status, response.headers, response.templates, is_default=False)


class _Said:
    """What is said for one type."""

    __slots__ = ("_bodies", "_error", "_headers", "_status")

    def __init__(self, name: str, response: Response) -> None:
        self._status = response.status
        self._error: Field = (b"x-amzn-ErrorType", TYPES[name].error.encode())
        self._headers = [
            (header.encode("ascii"), bind_field_part(_part(parse_source(text, SOURCES))))
            for header, text in response.headers.items()
        ]
        self._bodies = {
            media_type: _body(name, media_type, text)
            for media_type, text in response.templates.items()
        }

    def say(self, ex: Exchange, reply: Reply) -> None:
        """Rewrite a reply of this type."""
        media_type = self._wished(ex)
        fields: Fields = [(b"content-type", media_type.encode("ascii")), self._error]
        # Differs: [kept-fields] AWS sends none of them.
        fields += (field for field in reply.fields if field != JSON)
        for header, value in self._headers:
            found = value(ex)
            if found is not None and found is not UNFIT:
                fields.append((header, found))
        reply.fields = fields
        if self._status is not None:
            reply.status = self._status
        reply.body = self._bodies[media_type](ex)

    def _wished(self, ex: Exchange) -> str:
        """Choose the template that the client names first, else the one for JSON, else the first."""
        bodies = self._bodies
        wished = wished_type(ex.headers.get(b"accept", b"").decode("latin-1"))
        if wished in bodies:
            return wished
        return DEFAULT_TYPE if DEFAULT_TYPE in bodies else next(iter(bodies))


def _body(name: str, media_type: str, text: str) -> Body:
    if text == DEFAULT_TEMPLATE and media_type == DEFAULT_TYPE:
        form = _FORMS.get(name, b'{"message":%b}')
        return lambda ex: form % orjson.dumps(ex.fault and ex.fault.message)
    pieces = [_piece(piece, media_type) for piece in parse_substitutions(text)]
    return lambda ex: "".join([piece(ex) or "" for piece in pieces]).encode()


_SPACED: Final = b'{"message": %b}'
_FORMS: Final[Mapping[str, bytes]] = {
    "ACCESS_DENIED": b'{"Message":%b}',
    "API_CONFIGURATION_ERROR": _SPACED,
    "DEFAULT_5XX": _SPACED,
    "INTEGRATION_FAILURE": _SPACED,
    "INTEGRATION_TIMEOUT": _SPACED,
}
"""Types whose built-in words are written in another way than the template that AWS shows for them."""


def _part(source: Source) -> Part:
    """Write an expression as the selector whose binding it shares."""
    if source.kind == STATIC:
        return source.name
    lower = source.kind.endswith(".header")
    return Selector(
        source.kind.removeprefix("method."), source.name.lower() if lower else source.name
    )


def _piece(piece: str | Source, media_type: str) -> Value:
    """Bind a piece of a template. What clients have sent cannot leave the string that it stands in."""
    if isinstance(piece, str):
        return lambda _ex: piece
    value = bind_part(_part(piece))
    # Differs: [gateway-response-escapes] AWS puts values in as they are.
    escape = _ESCAPES.get(media_type.rpartition("/")[2].rpartition("+")[2], str)
    is_json = piece.name == "error.messageString"
    return value if is_json else lambda ex: escape(value(ex) or "")


_ESCAPES: Final[Mapping[str, Callable[[str], str]]] = {
    "html": html.escape,
    "json": lambda text: orjson.dumps(text).decode()[1:-1],
    "xml": html.escape,
}
"""By the end of a media type."""
