"""Owns the integration request of a REST API: what becomes of the client's request before it is sent on.

Body: content handling, then a template or none. Header fields, query and path: mapped parameters, then
what the template has overridden. Source: AWS, "Set up an integration request"; recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from frontdesk.base.streams import Fields
from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply, Stage
from frontdesk.gateway.pipeline.integrations.rest_templates import Templates
from frontdesk.gateway.pipeline.integrations.rest_values import Values, bind_source
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.tracing import CALLED, Traces
from frontdesk.gateway.pipeline.transformation import Transformation
from frontdesk.rules.http.path import normalise
from frontdesk.rules.lang.vtl import written
from frontdesk.rules.rest.content import REQUEST, TEXTUAL
from frontdesk.rules.rest.expressions import (
    REQUEST_SOURCES,
    REQUEST_TARGETS,
    Target,
    parse_source,
    parse_target,
)
from frontdesk.rules.rest.headers import ILLEGAL, NAME, NOT_PASSED, NOT_SENT, UNFIT
from frontdesk.rules.rest.media import (
    DEFAULT_TYPE,
    BinaryTypes,
    media_type,
    passes_without,
    request_template,
)

PATH_SAFE: Final = "~!$&'()*+,;=:@/%"  # pchar of RFC 3986 §3.3 and triplets, several segments

INVOCATION_TYPE: Final = "x-amz-invocation-type"
"""The field that says how a function is called."""

ILLEGAL_HEADER: Final = "integration:illegal_header"

Transform = Callable[[Exchange], Reply | None]

Put = Callable[[Transformation, str, Sequence[bytes]], None]


def _put_header(given: Transformation, name: str, values: Sequence[bytes]) -> None:
    given.headers[name.lower()] = (name, values)


def _put_parameter(given: Transformation, name: str, values: Sequence[bytes]) -> None:
    given.parameters[name] = values


def _put_path(given: Transformation, name: str, values: Sequence[bytes]) -> None:
    given.path[name] = quote(values[-1], safe=PATH_SAFE)


_PUT: Final[Mapping[str, Put]] = {
    "integration.request.header": _put_header,
    "integration.request.path": _put_path,
    "integration.request.querystring": _put_parameter,
}
_OVERRIDES: Final[Mapping[str, Put]] = {
    "header": _put_header,
    "path": _put_path,
    "querystring": _put_parameter,
}
"""By member of `$context.requestOverride`."""


class RequestBody:
    """Makes the body that an integration gets."""

    __slots__ = ("_binary", "_conversions", "_passes", "templates")

    def __init__(self, build: RouteBuild) -> None:
        method, api = build.method, build.api
        assert method is not None
        assert isinstance(api, RestApi)
        integration = method.integration
        self._binary = BinaryTypes(api.binary_media_types)
        self._conversions = [
            REQUEST[binary, integration.content_handling] for binary in (False, True)
        ]
        self.templates = Templates(build, integration.request_templates)
        self._passes = passes_without(integration.passthrough, self.templates)

    def transform(self, ex: Exchange) -> Reply | None:
        """Change the body of an exchange whose transformation has begun."""
        found = media_type(ex.headers.get(b"content-type", b"").decode("latin-1"))
        convert = self._conversions[found in self._binary]
        body = convert(ex.body)
        key = request_template(found, self.templates)
        if key is None:
            if not self._passes:
                return refusal(415, "media_type")
        elif convert not in TEXTUAL:
            return refusal(500, "integration:content")  # AWS renders no template over bytes
        if body is None:
            return refusal(500, "integration:content")
        if key is not None:
            rendered = self.templates.render(key, ex, body)
            if not isinstance(rendered, str):
                return rendered
            body = rendered.encode()
        ex.body = body
        return None


class Parameters:
    """Makes header fields, query and path variables of the integration's request."""

    __slots__ = ("_illegal", "_mapped", "names", "read_body")

    def __init__(self, build: RouteBuild) -> None:
        method = build.method
        assert method is not None
        mapping = method.integration.request_parameters
        targets = [parse_target(text, REQUEST_TARGETS) for text in mapping]
        sources = [parse_source(text, REQUEST_SOURCES) for text in mapping.values()]
        self._illegal = ILLEGAL[method.integration.type]
        self._mapped: list[tuple[Put, str, Values]] = [
            (_PUT[target.kind], target.name, bind_source(source, build.parts.traces))
            for target, source in zip(targets, sources, strict=True)
        ]
        self.names = frozenset(target.name.lower() for target in targets if _is_header(target))
        """Header fields that are mapped, in lower case."""
        self.read_body = any(source.kind == "method.request.body" for source in sources)
        """Whether a value comes from the client's body."""

    @property
    def fail(self) -> bool:
        """Whether every call fails, because a field is mapped that may not be."""
        return not self._illegal.isdisjoint(self.names)

    def evaluate(self, ex: Exchange, given: Transformation) -> None:
        """Take the values from the client's request. Absent ones map nothing."""
        for put, name, values in self._mapped:
            found = values(ex)
            if found:
                put(given, name, found)

    def override(self, given: Transformation) -> None:
        """Take what the template has overridden."""
        for place, values in given.overrides("requestOverride").items():
            put = _OVERRIDES.get(place)
            if put is None or not isinstance(values, dict):
                continue
            for name, value in values.items():
                put(given, name, override_values(value))

    def refuse(self, given: Transformation) -> Reply | None:
        """Refuse what cannot be sent, whoever has made it."""
        if not self._illegal.isdisjoint(given.headers):
            return refusal(500, ILLEGAL_HEADER)
        for name, values in given.headers.values():
            if not NAME.fullmatch(name) or any(map(UNFIT.search, values)):
                return refusal(400, "mapping:unfit_value")
        for value in given.path.values():
            if normalise(f"/{value}") is None or not _DOTS.isdisjoint(value.split("/")):
                return refusal(400, "mapping:unfit_value")
        return None


_DOTS: Final = frozenset((".", ".."))


def _is_header(target: Target) -> bool:
    return target.kind == "integration.request.header"


def override_values(value: Any) -> Sequence[bytes]:
    """Write what a template has left in an override: one value, or several of a list."""
    several = value if isinstance(value, list) else [value]
    return [written(each).encode() for each in several]


def encoded_query(given: Transformation) -> str:
    """Write the mapped parameters as a query."""
    return "&".join(
        [
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, values in given.parameters.items()
            for value in values
        ]
    )


# -- the stages ---------------------------------------------------------------------------------


def integration_request(build: RouteBuild) -> Step | None:
    """Build what stands before the integration of a method; see `_STAGES`."""
    method = build.method
    if method is None or method.integration.type not in _STAGES:
        return None
    integration = method.integration
    at = (*build.at, "integration")
    parameters = Parameters(build)
    if parameters.fail:
        return Step("integration request", _fail, "always 500: a field that may not be mapped", at)
    stage = _STAGES[integration.type](build, parameters)
    told = {
        "parameters": integration.request_parameters,
        "templates": integration.request_templates,
    }
    detail = ", ".join(f"{what} {' '.join(names)}" for what, names in told.items() if names)
    body = integration.type in _WHOLE or parameters.read_body
    return Step("integration request", stage, detail or "body as it is", at, needs_body=body)


def _fail(_ex: Exchange) -> Reply:
    return refusal(500, ILLEGAL_HEADER)


def _of_body(build: RouteBuild, _parameters: Parameters) -> Transform:
    """Transform the body alone: a function gets nothing else, and nobody gets anything of a mock."""
    body = RequestBody(build)

    def apply(ex: Exchange) -> Reply | None:
        ex.transformation = Transformation(ex.fields, ex.query)
        return body.transform(ex)

    return apply


def _of_aws(build: RouteBuild, parameters: Parameters) -> Stage:
    """Transform the body; of the parameters a function has use of one only: how it is called."""
    stage = _of_body(build, parameters)
    assert build.method is not None
    if build.method.integration.is_called and INVOCATION_TYPE not in parameters.names:
        return stage

    def apply(ex: Exchange) -> Reply | None:
        refused = stage(ex)
        if refused is not None:
            return refused
        given = ex.transformation
        assert given is not None  # the stage has made it
        parameters.evaluate(ex, given)
        if given.context is not None:
            parameters.override(given)
        return None

    return apply


def _of_http(build: RouteBuild, parameters: Parameters) -> Stage:
    body, fields = RequestBody(build), HttpFields(build)

    def apply(ex: Exchange) -> Reply | None:
        given = ex.transformation = Transformation(ex.fields, ex.query)
        parameters.evaluate(ex, given)
        refused = body.transform(ex)
        if refused is not None:
            return refused
        if given.context is not None:
            parameters.override(given)
        refused = parameters.refuse(given)
        if refused is not None:
            return refused
        ex.fields, ex.query = fields.of_template(ex, given), encoded_query(given)
        return None

    return apply


def _of_http_proxy(build: RouteBuild, parameters: Parameters) -> Stage:
    fields = HttpFields(build)

    def apply(ex: Exchange) -> Reply | None:
        given = ex.transformation = Transformation(ex.fields, ex.query)
        parameters.evaluate(ex, given)
        refused = parameters.refuse(given)
        if refused is not None:
            return refused
        ex.fields = fields.of_client(ex, given)
        ex.query = "&".join(filter(None, (ex.query, encoded_query(given))))
        return None

    return apply


_STAGES: Final[Mapping[str, Callable[[RouteBuild, Parameters], Stage]]] = {
    "aws": _of_aws,
    "http": _of_http,
    "http_proxy": _of_http_proxy,
    "mock": _of_body,
}
"""By type of integration. AWS_PROXY sends the request itself."""

_WHOLE: Final = frozenset({"aws", "http", "mock"})
"""Types whose integration gets the body as a whole."""


# -- what is sent to HTTP backends ----------------------------------------------------------------


class HttpFields:
    """The header fields of a request to an HTTP backend that are not the client's."""

    __slots__ = ("_api", "_traces", "_usual")

    def __init__(self, build: RouteBuild) -> None:
        api = build.facts.id.encode()
        self._traces: Traces = build.parts.traces
        self._api = (b"X-Amzn-Apigateway-Api-Id", api)
        self._usual = {
            "accept": ("Accept", (DEFAULT_TYPE.encode(),)),
            "user-agent": ("User-Agent", (b"AmazonAPIGateway_" + api,)),
        }

    def of_template(self, ex: Exchange, given: Transformation) -> Fields:
        """Write those of `http`: nothing of the client's but the type of a body."""
        headers = self._usual | given.headers
        fields = _written(headers)
        if ex.body and "content-type" not in headers:
            found = ex.headers.get(b"content-type", DEFAULT_TYPE.encode())
            fields.append((b"Content-Type", found))
        return [*fields, *self._ids(ex)]

    def of_client(self, ex: Exchange, given: Transformation) -> Fields:
        """Write those of `http_proxy`: the client's, less some, and the mapped ones in their place."""
        # Differs: [proxied-encoding] AWS drops Content-Encoding beside a body, too, which nobody can read then.
        gone = _NOT_PROXIED if ex.body or ex.source is not None else _NOT_PROXIED_ALONE
        if given.headers:
            gone |= {name.encode("ascii") for name in given.headers}
        kept = [field for field in ex.fields if field[0].lower() not in gone]
        return [*kept, *_written(given.headers), *self._ids(ex)]

    def _ids(self, ex: Exchange) -> Fields:
        trace = self._traces.amazon(ex, CALLED).encode("latin-1")
        return [self._api, (b"X-Amzn-Trace-Id", trace)]


_NOT_PROXIED_ALONE: Final = frozenset(
    name.encode() for name in (*NOT_PASSED, "x-amzn-apigateway-api-id", "x-amzn-trace-id")
)
_NOT_PROXIED: Final = _NOT_PROXIED_ALONE - {b"content-encoding"}


def _written(headers: Mapping[str, tuple[str, Sequence[bytes]]]) -> Fields:
    return [
        (name.encode("ascii", "replace"), value)
        for lower, (name, values) in headers.items()
        if lower not in NOT_SENT
        for value in values
    ]
