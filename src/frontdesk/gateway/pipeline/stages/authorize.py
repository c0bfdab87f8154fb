"""Owns which authorizer a route has, and the table of authorizer types."""

from collections.abc import Callable, Mapping
from typing import Final

from frontdesk.config.models.authorizer import (
    ApiKeyAuthorizer,
    BasicAuthorizer,
    FunctionAuthorizer,
    IamAuthorizer,
    JwtAuthorizer,
    MtlsAuthorizer,
)
from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Stage
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.stages.api_key_authorizer import api_key_stage
from frontdesk.gateway.pipeline.stages.basic_authorizer import PasswordJudge, basic_stage
from frontdesk.gateway.pipeline.stages.function_authorizer import FunctionJudge, function_stage
from frontdesk.gateway.pipeline.stages.iam_authorizer import iam_stage
from frontdesk.gateway.pipeline.stages.jwt_authorizer import TokenJudge, jwt_stage
from frontdesk.gateway.pipeline.stages.mtls_authorizer import mtls_stage
from frontdesk.gateway.pipeline.stages.resource_policy import settling
from frontdesk.rules.events.authorizer import EVENTS, request_rest, request_websocket, token


def authorize(build: RouteBuild) -> Step | None:
    """Build the authorizer of a route: its own, else its API's, else none."""
    name = build.authorizer
    if name is None:
        return None
    config = build.config.authorizers[name]
    stage, detail = AUTHORIZERS[config.type](build, name)
    own = build.operation is not None and build.operation.authorizer is not None
    at = (*(build.at if own else ("apis", build.api_name)), "authorizer")
    return Step("authorize", stage, detail, at, needs_body=config.type in READS_BODY)


def _jwt(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config, route = build.config.authorizers[name], build.operation
    assert isinstance(config, JwtAuthorizer)
    assert route is not None

    def made() -> tuple[Stage, str]:
        parts = build.parts
        judge = build.once(
            ("authorizer", name), lambda: TokenJudge(config, parts.keys.key_set(config))
        )
        stage = jwt_stage(judge, config.identity, route.scopes, parts.clock.monotonic)
        issuer = build.shown(config.issuer, "authorizers", name, "issuer")
        return stage, f"{name}: token of {issuer}"

    # Routes that demand the same share one stage.
    stage, detail = build.once(("jwt", name, route.scopes), made)
    if route.scopes:
        at = (*build.at, "scopes")
        shown = (build.shown(scope, *at, index) for index, scope in enumerate(route.scopes))
        detail += f", one scope of {' '.join(shown)}"
    return stage, detail


def _function(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config, parts = build.config.authorizers[name], build.parts
    assert isinstance(config, FunctionAuthorizer)
    judge = build.once(
        ("authorizer", name),
        lambda: FunctionJudge(
            config, parts.invokers[config.function], parts.clock, parts.wheel, parts.traces
        ),
    )
    kept = f"kept {config.cache:g} s" if config.cache and config.identity else "asked each time"
    detail = f"{name}: function {config.function}, form {config.form}, {kept}"
    facts = build.facts.event_facts(build.key)
    if build.facts.kind == "websocket":
        return function_stage(
            judge, config, (token if config.form == "token" else request_websocket)(facts)
        ), detail
    # Differs: [rest-authorizers] AWS's REST APIs know no simple answers.
    if not isinstance(build.api, RestApi):
        return function_stage(judge, config, EVENTS[config.form, config.payload](facts)), detail
    stage = function_stage(
        judge,
        config,
        (token if config.form == "token" else request_rest)(facts),
        optional=config.form != "token" and not config.cache,
        settle=settling(build),
    )
    return stage, detail


def _api_key(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config = build.config.authorizers[name]
    assert isinstance(config, ApiKeyAuthorizer)
    stage = build.once(("authorizer", name), lambda: api_key_stage(config))
    return stage, f"{name}: one of {len(config.keys)} API keys in {' or '.join(config.identity)}"


def _basic(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config = build.config.authorizers[name]
    assert isinstance(config, BasicAuthorizer)
    clock = build.parts.clock
    stage = build.once(
        ("authorizer", name), lambda: basic_stage(PasswordJudge(config, clock), config)
    )
    return stage, f"{name}: password of one of {len(config.users)} users"


def _mtls(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config = build.config.authorizers[name]
    assert isinstance(config, MtlsAuthorizer)
    stage = build.once(("authorizer", name), lambda: mtls_stage(config))
    listed = config.allow != type(config.allow)()
    return stage, f"{name}: client certificate{' that is listed' if listed else ''}"


def _iam(build: RouteBuild, name: str) -> tuple[Stage, str]:
    config, whole = build.config.authorizers[name], build.config
    assert isinstance(config, IamAuthorizer)
    clock = build.parts.clock
    stage = build.once(
        ("authorizer", name), lambda: iam_stage(config, whole.region, whole.account, clock)
    )
    return stage, f"{name}: signature of one of {len(config.credentials)} key pairs"


AUTHORIZERS: Final[Mapping[str, Callable[[RouteBuild, str], tuple[Stage, str]]]] = {
    "api_key": _api_key,
    "basic": _basic,
    "function": _function,
    "iam": _iam,
    "jwt": _jwt,
    "mtls": _mtls,
}
"""Authorizer type to the builder of its stage and of its line in `explain`."""

READS_BODY: Final = frozenset({"iam"})
"""Types whose stage needs the whole body."""
