"""Owns the policy of a REST API itself: what it denies before anybody is asked, and the last word on the rest.

Source: AWS, "How API Gateway resource policies affect authorization workflow".
"""

import json
from pathlib import Path
from typing import Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.models.authorizer import FunctionAuthorizer, IamAuthorizer
from frontdesk.config.models.rest_api import RestApi
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply, Stage
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.function_authorizer import Settle, refuse_unless_allowed
from frontdesk.gateway.pipeline.stages.policy_request import arn_of, decide
from frontdesk.rules.auth.policy import Caller, Decision, Policy
from frontdesk.rules.auth.resource_policy import (
    LONGEST,
    both,
    either,
    read_resource_policy,
)


def denied(build: RouteBuild) -> Step | None:
    """Build what is denied whoever calls, before an authorizer is asked."""
    policy = _policy_of(build)
    if policy is None or build.authorizer is None:
        return None

    def stage(ex: Exchange) -> Reply | None:
        found = decide(ex, policy)
        return _refusal(ex, found) if found is Decision.DENY else None

    return _step(build, stage, "before the authorizer: what is denied")


def decided(build: RouteBuild) -> Step | None:
    """Build the decision where an authorizer has let a request in, or there is none.

    A function's answer is a policy, too: its stage decides by both, see `settling`.
    """
    policy = _policy_of(build)
    config = build.config.authorizers[build.authorizer] if build.authorizer else None
    if policy is None or isinstance(config, FunctionAuthorizer):
        return None
    is_signed = isinstance(config, IamAuthorizer)
    together = either if is_signed else both

    def stage(ex: Exchange) -> Reply | None:
        caller = _names(ex) if is_signed else ()
        found = together(Decision.ALLOW, decide(ex, policy, caller))
        return None if found is Decision.ALLOW else _refusal(ex, found, *caller[:1])

    return _step(build, stage, "whom it does not deny" if is_signed else "whom it allows")


def settling(build: RouteBuild) -> Settle:
    """Return what has the last word on a function's decision: the API's policy, where it has one."""
    policy = _policy_of(build)
    if policy is None:
        return refuse_unless_allowed

    def settle(ex: Exchange, decision: Decision) -> Reply | None:
        resource = decide(ex, policy)
        if resource is Decision.DENY:
            return _refusal(ex, resource)
        return refuse_unless_allowed(ex, either(decision, resource))

    return settle


def _policy_of(build: RouteBuild) -> Policy | None:
    assert isinstance(build.api, RestApi)
    written, arn = build.api.policy, build.facts.api_arn
    if written is None or build.operation is None:
        return None
    return build.once(("resource policy", arn), lambda: _read(build, written, arn))


def _read(build: RouteBuild, written: object, arn: str) -> Policy:
    """Compile a policy. Raises: ConfigError for a file that has none; the model has checked the others."""
    document = _document(written) if isinstance(written, Path) else written
    policy = read_resource_policy(document, arn)
    if policy is None:
        at = ("apis", build.api_name, "policy")
        where, shown = build.place(*at), build.shown(str(written), *at)
        assert where is not None
        message = f"expected a file with the JSON of a policy of at most {LONGEST} characters"
        raise ConfigError((Finding("error", "policy-file", where, message, shown),))
    return policy


def _document(path: Path) -> object:
    """Read the JSON of a file; None where there is none."""
    try:
        text = path.read_text()
        return json.loads(text) if len(text) <= LONGEST else None
    except (OSError, ValueError):
        return None


def _names(ex: Exchange) -> Caller:
    """Return the names of a caller whose signature was good."""
    known = (ex.authorizer_event or {}).get("iam") or {}
    account = known["accountId"]
    return known["userArn"], account, f"arn:aws:iam::{account}:root"


_SHOWN_DIGITS: Final = 4


def _refusal(ex: Exchange, decision: Decision, caller: str = "anonymous") -> Reply:
    account = ex.plan.api.account
    masked = "*" * (len(account) - _SHOWN_DIGITS) + account[-_SHOWN_DIGITS:]
    arn = arn_of(ex).replace(account, masked, 1)
    message = f"User: {caller} is not authorized to perform: execute-api:Invoke on resource: {arn}"
    if decision is Decision.DENY:
        message += " with an explicit deny"
    return refusal(403, f"policy:{decision.value}", message=message)


def _step(build: RouteBuild, stage: Stage, detail: str) -> Step:
    return Step("resource policy", stage, detail, ("apis", build.api_name, "policy"))
