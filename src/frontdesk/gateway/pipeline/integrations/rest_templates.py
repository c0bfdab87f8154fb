"""Owns mapping templates in their places: compiled at load, given the request when one is rendered.

The language is `rules.lang.vtl`. Nothing here is made for a method without templates.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, Final

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.rest_values import client_headers
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.rules.events.query import pairs
from frontdesk.rules.events.rest import RestEvent
from frontdesk.rules.events.v1 import EventV1
from frontdesk.rules.events.websocket import WebSocketEvent
from frontdesk.rules.lang.vtl import (
    Input,
    Template,
    TemplateError,
    TemplateLimitError,
    compile_template,
    variables,
)
from frontdesk.rules.rest.media import BinaryTypes

Render = Callable[[Exchange, bytes], "str | Reply"]
"""Renders a template with a body; a Reply where that fails."""

_PLACES: Final = ("path", "querystring", "header")


class Templates:
    """The templates of one place of one method, by media type; those without a text are none."""

    __slots__ = ("_by_type", "_event", "_traces", "_with_context")

    def __init__(self, build: RouteBuild, texts: Mapping[str, str]) -> None:
        """texts: by media type. The loader has compiled each of them once without an error."""
        facts = build.facts.event_facts(build.key)
        self._traces = build.parts.traces
        self._event: EventV1 = (
            WebSocketEvent(facts)
            if build.facts.kind == "websocket"
            else RestEvent(facts, BinaryTypes(()))
        )
        # Differs: [empty-template] AWS does not say what an empty one is.
        self._by_type: dict[str, Template] = {
            key: build.once(("template", str(text)), partial(compile_template, text))
            for key, text in texts.items()
            if text
        }
        # What `#evaluate` reads may name it, too.
        self._with_context = frozenset(
            key for key, text in texts.items() if "context" in text or "evaluate" in text
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_type)

    def __contains__(self, key: object) -> bool:
        return key in self._by_type

    def __len__(self) -> int:
        return len(self._by_type)

    def render(self, key: str, ex: Exchange, body: bytes) -> str | Reply:
        """Render the template of a media type. body: what `$input` stands for, text."""
        context = self._context(ex) if key in self._with_context else {}
        template = self._by_type[key]
        data = variables(Input(body, _Parameters(ex, self._traces)), context, ex.plan.api.variables)
        try:
            return template.render(data)
        except TemplateLimitError as error:
            cause, message = "integration:template_limit", error.message
        except TemplateError as error:
            cause, message = "integration:template", error.message
        ex.integration_error = message
        return refusal(500, cause)

    def _context(self, ex: Exchange) -> dict[str, Any]:
        """Return `$context`, one for both templates of an exchange."""
        given = ex.transformation
        assert given is not None  # whoever renders has begun one
        if given.context is None:
            given.context = context = self._event.context(ex)
            if (
                "authorizer" in context
            ):  # remembered for other requests; a template may write into it
                context["authorizer"] = deepcopy(context["authorizer"])
            if ex.plan.api.side:
                context["isCanaryRequest"] = ex.plan.api.side == "canary"
        return given.context


class _Parameters(Mapping[str, dict[str, str]]):
    """What `$input.params()` stands for: each map is made when somebody asks for it."""

    __slots__ = ("_ex", "_made", "_traces")

    def __init__(self, ex: Exchange, traces: Traces) -> None:
        self._ex = ex
        self._traces = traces
        self._made: dict[str, dict[str, str]] = {}

    def __getitem__(self, place: str) -> dict[str, str]:
        if place not in self._made:
            self._made[place] = _PARAMETERS[place](self._ex, self._traces)
        return self._made[place]

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


def _querystring(ex: Exchange, _traces: Traces) -> dict[str, str]:
    assert ex.transformation is not None
    return dict(pairs(ex.transformation.query))


def _header(ex: Exchange, traces: Traces) -> dict[str, str]:
    assert ex.transformation is not None
    return client_headers(ex, ex.transformation.fields, traces)


_PARAMETERS: Final[Mapping[str, Callable[[Exchange, Traces], dict[str, str]]]] = {
    "header": _header,
    "path": lambda ex, _traces: dict(ex.params),
    "querystring": _querystring,
}
