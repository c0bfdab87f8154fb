"""Owns the AWS_PROXY integration of REST APIs: the whole request to a function, its result to the answer.

Source: AWS, "Lambda proxy integrations in API Gateway"; recorded.
"""

from typing import Any, Final

from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.function import Form, FunctionIntegration
from frontdesk.gateway.pipeline.integrations.rest_request import ILLEGAL_HEADER, Parameters
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.events.response import UNDECODABLE, Malformed, Response, parse_rest
from frontdesk.rules.events.rest import RestEvent
from frontdesk.rules.rest.media import BinaryTypes, wished_type

_FORM: Final = Form(parse_rest, failed=502, throttled=500)


def integration(build: RouteBuild) -> Step:
    """Build the call of the function that answers a method."""
    method, api = build.method, build.api
    assert method is not None
    assert method.integration.function is not None
    assert isinstance(api, RestApi)
    at = (*build.at, "integration")
    if Parameters(build).fail:
        # AWS ignores all mappings here, and yet fails for these.
        return Step("function", _fail, "always 500: a field that may not be mapped", at)
    binary = BinaryTypes(api.binary_media_types)
    proxy = AwsProxy(
        build.parts.invokers[method.integration.function],
        RestEvent(build.facts.event_facts(build.key), binary),
        _FORM,
        timeout=method.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
        binary=binary,
    )
    detail = f"function {method.integration.function}, AWS_PROXY, timeout {method.timeout:g}s"
    return Step("function", proxy.invoke, detail, at, needs_body=True)


def _fail(_ex: Exchange) -> Reply:
    return refusal(500, ILLEGAL_HEADER)


class AwsProxy(FunctionIntegration):
    """The last stage of a method that a function answers."""

    __slots__ = ("_binary",)

    def __init__(self, *args: Any, binary: BinaryTypes, **settings: Any) -> None:
        """binary: media types of which clients get bytes. The rest: see FunctionIntegration."""
        super().__init__(*args, **settings)
        self._binary = binary

    def _parsed(self, ex: Exchange, payload: bytes) -> Response | Malformed:
        wished = wished_type(ex.headers.get(b"accept", b"").decode("latin-1"))
        return parse_rest(payload, binary=wished in self._binary)

    def _malformed(self, ex: Exchange, found: Malformed) -> Reply:
        if found is UNDECODABLE:
            ex.integration_error = found.reason
            return refusal(500, "integration:undecodable")
        return super()._malformed(ex, found)
