"""Owns the HTTP and HTTP_PROXY integrations of REST APIs: a backend, with its policies, in AWS's manner.

HTTP sends what the integration request says and answers what the integration response says; HTTP_PROXY passes
both through. The way to backends is that of HTTP APIs. Source: AWS, "Set up HTTP integrations in API Gateway".
"""

from typing import Final
from urllib.parse import quote, unquote

from frontdesk.config.models.integration import HttpIntegration
from frontdesk.config.models.rest_api import Method
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.gathering import TOO_LARGE, Gathering
from frontdesk.gateway.pipeline.integrations.http import (
    MadeOf,
    Manner,
    forwarding,
    picks_by_body,
)
from frontdesk.gateway.pipeline.integrations.http_forwarder import (
    CredentialedForwarder,
    Forwarder,
)
from frontdesk.gateway.pipeline.integrations.http_target import (
    Text,
    fill_target,
    path_variables,
)
from frontdesk.gateway.pipeline.integrations.rest_response import IntegrationResponses
from frontdesk.gateway.pipeline.integrations.rest_values import Answer
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.http.forwarding import loops, via
from frontdesk.rules.lang.urls import Url
from frontdesk.rules.rest.headers import PROXY_REMAPPED, remapped

MOST_ANSWERED: Final = 10 * 1024**2
"""Bytes of a backend's answer that is transformed: AWS's limit."""


def http(build: RouteBuild) -> Step:
    """Build the HTTP integration of a method."""
    responses = IntegrationResponses(build)

    def deliver(ex: Exchange, reply: Reply) -> None:
        status, fields = str(reply.status), reply.fields

        def answer(body: bytes) -> None:
            run.resume_by(ex, responses.reply, ex, Answer(status, fields, body))

        def fail(reason: str) -> None:
            ex.integration_error = reason
            too_large = reason == TOO_LARGE
            cause = "integration:answer_size" if too_large else "upstream:closed"
            run.resume(ex, refusal(500 if too_large else 504, cause))

        body = reply.body
        if isinstance(body, bytes):
            answer(body)
            return
        gathering = Gathering(body, MOST_ANSWERED, answer, fail)

        def stop(why: str) -> None:
            ex.integration_error = why
            gathering.cancel()

        ex.cancel_work = stop
        gathering.begin()

    manner = Manner(_Mapped, _CredentialedMapped, _target, deliver, "uri")
    return _step(build, manner, responses.told)


# Differs: [proxied-bytes] AWS reads bodies as text where their media type is not binary.
def http_proxy(build: RouteBuild) -> Step:
    """Build the HTTP_PROXY integration of a method. Bodies pass as they come, in both directions."""
    manner = Manner(Forwarder, CredentialedForwarder, _target, _pass_through, "uri")
    return _step(build, manner, "answers as they come")


def _step(build: RouteBuild, manner: Manner, told: str) -> Step:
    """told: of the answers, for `explain`."""
    method = build.method
    assert method is not None
    at = (*build.at, "integration")
    backend = _backend(method)
    made_of = MadeOf(
        build.api_name,
        build.facts.stage,
        backend,
        method.timeout,
        _maps_host(method),
        path_variables(build.key),
    )
    stage, detail = forwarding(build, made_of, at, manner)
    by_body = picks_by_body(build, backend)
    return Step("http", stage, f"{detail}, {told}", at, needs_body=by_body)


def _backend(method: Method) -> HttpIntegration:
    integration = method.integration
    said = {
        "url": integration.uri,
        "upstream": integration.upstream,
        "path": integration.path,
        "method": None if integration.method == "ANY" else integration.method,
    }
    return HttpIntegration.model_validate({key: value for key, value in said.items() if value})


def _maps_host(method: Method) -> bool:
    """Whether the integration's request may have a Host of its own: mapped, or overridden by a template."""
    integration = method.integration
    names = [target.lower() for target in integration.request_parameters]
    return bool(integration.request_templates) or "integration.request.header.host" in names


# -- the request --------------------------------------------------------------------------------


class _Mapped(Forwarder):
    """Sends what the integration request has made, and nothing of the client."""

    __slots__ = ()

    def _introduce(self, ex: Exchange, _host: bytes) -> bytes | None:
        # Differs: [http-via] AWS sends no Via, and cannot tell that a request goes round in circles.
        received = ex.headers.get(b"via", b"")
        if loops(received):
            return None
        return b"Via: %b\r\n" % via(b"", ex.version.removeprefix("HTTP/").encode())


class _CredentialedMapped(CredentialedForwarder, _Mapped):
    """One whose backend knows us by a header field of our own."""

    __slots__ = ()


def _target(url: Url, _variables: object, *, append: bool) -> Text:
    """Make the request target: its variables are the integration's, or else those of the resource."""
    # Differs: [path-variables] AWS leaves a variable as it is written where no parameter is mapped to it.
    in_path = {name: _path_value(name) for name in url.variables}
    in_query = {name: _query_value(value) for name, value in in_path.items()}
    return fill_target(url, in_path, in_query, append=append)


def _path_value(name: str) -> Text:
    def value(ex: Exchange) -> str:
        given = ex.transformation
        mapped = given.path.get(name) if given is not None else None
        return ex.params.get(name, "") if mapped is None else mapped

    return value


def _query_value(value: Text) -> Text:
    return lambda ex: quote(unquote(value(ex)), safe="")


# -- the answer ---------------------------------------------------------------------------------


# Differs: [remapped-connection] AWS tells of the backend's Connection field, too.
def _pass_through(ex: Exchange, reply: Reply) -> None:
    """Pass an answer on; what speaks of the backend itself gets another name."""
    body = reply.body
    length = len(body) if isinstance(body, bytes) else body.length
    reply.fields = [
        (remapped(name.decode("latin-1")).encode("latin-1"), value)
        if name.lower() in _REMAPPED
        else (name, value)
        for name, value in reply.fields
    ]
    if length is not None and reply.tunnel is None:
        reply.fields.append((remapped("Content-Length").encode(), b"%d" % length))
    run.resume(ex, reply)


_REMAPPED: Final = frozenset(
    name.encode() for name in PROXY_REMAPPED if name not in ("connection", "content-length")
)
