"""Models of an HTTP API and its routes."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from frontdesk.config.models.api import Api
from frontdesk.config.models.integration import (
    FunctionName,
    HttpField,
    InvokeMode,
    Mock,
    StaticField,
)
from frontdesk.config.models.mapping import RequestMapping, ResponseMapping
from frontdesk.config.models.model import HintedError, broken_rule
from frontdesk.config.models.operation import Operation
from frontdesk.config.route_keys import meant_by, parse_route_key

INTEGRATIONS = ("function", "http", "mock", "static")


class Route(Operation):
    """What happens to the requests of one route key. Exactly one of function, http, mock, static."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias."""

    http: HttpField | None = None
    """An HTTP backend: a URL, or {url | upstream, path, method, host}."""

    mock: Mock | None = None
    """An answer made at the door: {status, headers, body}."""

    static: StaticField | None = None
    """A folder or file to serve."""

    payload: Literal["1.0", "2.0"] = "2.0"
    """Format of the event that a function gets. Default 2.0."""

    # Differs: [stream-routes] AWS streams at REST APIs and function URLs only.
    invoke_mode: InvokeMode = "buffered"
    """`response_stream` passes on the parts of a function's result as they come. Default buffered."""

    request: RequestMapping | None = None
    """Changes to the request before it is passed on."""

    response: ResponseMapping | None = None
    """Changes to the integration's answer."""

    @model_validator(mode="after")
    def _has_one_integration(self) -> Self:
        chosen = [key for key in INTEGRATIONS if getattr(self, key) is not None]
        if len(chosen) != 1:
            found = " and ".join(chosen) or "none"
            raise broken_rule(f"expected exactly one of {', '.join(INTEGRATIONS)}, got {found}")
        if chosen != ["function"] and self.invoke_mode == "response_stream":
            raise broken_rule("expected invoke_mode on a route with function only")
        # Differs: [request-mapping] AWS maps for functions, too.
        if chosen != ["http"] and self.request is not None:
            raise broken_rule("expected request mapping on a route with http only")
        return self

    @property
    def called(self) -> str | None:
        """See Operation."""
        return self.function

    @property
    def upstream(self) -> str | None:
        """See Operation."""
        return self.http.upstream if self.http is not None else None

    def calling(self, function: str) -> Self:
        """See Operation."""
        return self.model_copy(update={"function": function})


def _route_key(text: str) -> str:
    try:
        parse_route_key(text)
    except ValueError as error:
        meant = meant_by(text)
        raise HintedError(str(error), f"did you mean {meant}?" if meant else "") from None
    return text


RouteKeyText = Annotated[str, AfterValidator(_route_key)]


class HttpApi(Api):
    """An HTTP API: routes behind one host or base path."""

    type: Literal["http"] = "http"
    """`http`"""

    routes: dict[RouteKeyText, Route] = Field(default_factory=dict)
    """What to do, by route key: `METHOD /path`, `ANY /path/{proxy+}`, `$default`."""

    def operations(self) -> Iterator[tuple[tuple[str, ...], str, Route]]:
        """See Api."""
        for key, route in self.routes.items():
            yield ("routes", key), key, route
