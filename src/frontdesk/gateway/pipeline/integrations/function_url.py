"""Owns what differs at a function URL from a route with the same function: event, statuses, error bodies.

Source: AWS, "Invoking Lambda function URLs" and "Monitoring Lambda function URLs".
"""

from typing import Final

from frontdesk.base.streams import Field
from frontdesk.config.models.authorizer import IamAuthorizer
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.integrations.function import (
    Form,
    FunctionIntegration,
    StreamingFunction,
)
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.gateway.pipeline.stages.iam_authorizer import iam_stage
from frontdesk.rules.events.function_url import FunctionUrlEvent
from frontdesk.rules.events.response import parse_function_url

FORM: Final = Form(parse_function_url, failed=502, throttled=429)

_TEXT: Final[Field] = (b"content-type", b"text/plain")
_FORBIDDEN: Final = (
    b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
)
_THROTTLED: Final = '{{"Reason":"{}","Type":"User","message":"Rate Exceeded."}}'


def authorize(build: RouteBuild) -> Step | None:
    """Build the check of signatures, by all key pairs of the file."""
    route, config, parts = build.route, build.config, build.parts
    assert route is not None
    assert route.function is not None
    url = config.local_functions[route.function].url
    assert url is not None
    if url.auth == "none":
        return None
    pairs = {
        key: credential
        for authorizer in config.authorizers.values()
        if isinstance(authorizer, IamAuthorizer)
        for key, credential in authorizer.credentials.items()
    }
    iam = IamAuthorizer(type="iam", credentials=pairs, service="lambda")
    stage = iam_stage(iam, config.region, config.account, parts.clock)
    at = ("functions", route.function, "url", "auth")
    detail = f"signature of one of {len(pairs)} key pairs"
    return Step("authorize", stage, detail, at, needs_body=True)


def integration(build: RouteBuild) -> Step:
    """Build the call of the function behind a URL."""
    route = build.route
    assert route is not None
    assert route.function is not None
    streams = route.invoke_mode == "response_stream"
    integration = (StreamingFunction if streams else FunctionIntegration)(
        build.parts.invokers[route.function],
        FunctionUrlEvent(build.facts.event_facts(build.key), build.api.base_path.rstrip("/")),
        FORM,
        timeout=route.timeout,
        clock=build.parts.clock,
        traces=build.parts.traces,
    )
    detail = f"function {route.function}, at its URL{', streams' if streams else ''}"
    at = ("functions", route.function, "url")
    return Step("function", integration.invoke, detail, at, needs_body=True)


def answer(_build: RouteBuild) -> Step:
    """Give every answer the function's request id, and those of ours the bodies of function URLs."""
    return _ANSWER


def _answer(ex: Exchange, reply: Reply) -> Reply:
    if reply.made == "gateway":
        _reword(ex, reply)
    request_id = ex.integration_request_id or ex.request_id
    reply.fields.append((b"x-amzn-RequestId", request_id.encode()))
    return reply


def _reword(ex: Exchange, reply: Reply) -> None:
    kept = [field for field in reply.fields if field != JSON]
    if reply.status >= 500:
        reply.fields, reply.body = [_TEXT, *kept], b"Internal Server Error"
    elif reply.status == 403:
        kind = (b"x-amzn-ErrorType", b"AccessDeniedException")
        reply.fields, reply.body = [JSON, kind, *kept], _FORBIDDEN
    elif reply.status == 429:
        kind = (b"x-amzn-ErrorType", b"TooManyRequestsException")
        reply.fields = [JSON, kind, *kept]
        reply.body = _THROTTLED.format(ex.integration_error).encode()


_ANSWER: Final = Step("request id", _answer, "x-amzn-RequestId")
