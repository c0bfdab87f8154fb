"""Owns the integration response of a REST API: which one an answer takes, and what the client gets of it.

Body: content handling, then a template or none. Header fields: mapped parameters, then what templates have
overridden. Source: AWS, "Set up an integration response"; recorded.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from frontdesk.base.streams import Fields
from frontdesk.config.models.rest_api import RestApi
from frontdesk.config.models.rest_integration import IntegrationResponse
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.rest_request import override_values
from frontdesk.gateway.pipeline.integrations.rest_templates import Templates
from frontdesk.gateway.pipeline.integrations.rest_values import (
    Answer,
    AnswerValues,
    bind_answer_source,
)
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.lang.vtl import written
from frontdesk.rules.rest.content import RESPONSE, TEXTUAL, Conversion
from frontdesk.rules.rest.expressions import (
    RESPONSE_SOURCES,
    RESPONSE_TARGETS,
    parse_source,
    parse_target,
)
from frontdesk.rules.rest.headers import NAME, UNFIT, response_name
from frontdesk.rules.rest.media import (
    DEFAULT_TYPE,
    BinaryTypes,
    media_type,
    response_template,
    wished_type,
)
from frontdesk.rules.rest.selection import Responses

_CONTENT_TYPE: Final = "content-type"
_STATUS: Final = re.compile(r"[2-5][0-9]{2}")

Headers = dict[str, tuple[str, Sequence[bytes]]]
"""Name and values by lower-case name."""


class IntegrationResponses:
    """Makes the answer of a method from that of its integration."""

    __slots__ = ("_binary", "_responses", "told")

    def __init__(self, build: RouteBuild) -> None:
        method, api = build.method, build.api
        assert method is not None
        assert isinstance(api, RestApi)
        self.told = f"responses {' '.join(method.integration.responses) or 'none: always 500'}"
        """For `explain`."""
        self._binary = BinaryTypes(api.binary_media_types)
        self._responses = Responses(
            (pattern, _Response(build, model))
            for pattern, model in method.integration.responses.items()
        )

    def reply(self, ex: Exchange, answer: Answer) -> Reply:
        """Transform an answer of the integration."""
        response = self._responses.select(answer.said)
        if response is None:
            return refusal(500, "integration:no_response")
        came = next(
            (value for name, value in answer.fields if name.lower() == b"content-type"), b""
        )
        is_binary = media_type(came.decode("latin-1")) in self._binary
        wished = wished_type(ex.headers.get(b"accept", b"").decode("latin-1"))
        return response.reply(ex, answer, wished, (is_binary, wished in self._binary))


class _Response:
    """One integration response."""

    __slots__ = ("_conversions", "_parameters", "_status", "_templates")

    def __init__(self, build: RouteBuild, model: IntegrationResponse) -> None:
        self._status = model.status
        self._conversions: Mapping[tuple[bool, bool], Conversion] = {
            (came, wished): RESPONSE[came, wished, model.content_handling]
            for came in (False, True)
            for wished in (False, True)
        }
        self._parameters: list[tuple[str, AnswerValues]] = [
            (
                parse_target(target, RESPONSE_TARGETS).name,
                bind_answer_source(parse_source(source, RESPONSE_SOURCES), build.parts.traces),
            )
            for target, source in model.parameters.items()
        ]
        self._templates = Templates(build, model.templates)

    def reply(self, ex: Exchange, answer: Answer, wished: str, binary: tuple[bool, bool]) -> Reply:
        """Make the client's answer. binary: whether the answer's type is, and the wished one."""
        convert = self._conversions[binary]
        body = convert(answer.body)
        if body is None:
            return refusal(500, "integration:content")
        key = response_template(wished, self._templates)
        headers: Headers = {_CONTENT_TYPE: ("Content-Type", ((key or DEFAULT_TYPE).encode(),))}
        for name, values in self._parameters:
            found = values(ex, answer)
            if found:
                headers[name.lower()] = (name, found)
        if key is not None:
            if convert not in TEXTUAL:
                return refusal(500, "integration:content")
            rendered = self._templates.render(key, ex, body)
            if not isinstance(rendered, str):
                return rendered
            body = rendered.encode()
        status = self._override(ex, headers)
        fields = _fields(headers)
        if status is None or fields is None:
            return refusal(500, "integration:override")
        return Reply(status, fields, body)

    def _override(self, ex: Exchange, headers: Headers) -> int | None:
        """Take what templates have overridden into `headers`; return the status, None for an unfit one."""
        assert ex.transformation is not None
        overridden = ex.transformation.overrides("responseOverride")
        named = overridden.get("header")
        if isinstance(named, dict):
            for name, value in named.items():
                headers[name.lower()] = (name, override_values(value))
        status = overridden.get("status")
        if status is None:
            return self._status
        text = written(status)
        return int(text) if _STATUS.fullmatch(text) else None


def _fields(headers: Headers) -> Fields | None:
    """Write header fields under the names that clients may see; None where one cannot be sent."""
    fields: Fields = []
    for name, values in headers.values():
        shown = response_name(name)
        if not NAME.fullmatch(name) or any(map(UNFIT.search, values)):
            return None
        if shown:
            fields += [(shown.encode("ascii"), value) for value in values]
    return fields
