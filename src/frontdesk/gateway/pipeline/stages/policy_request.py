"""Owns what a policy asks of a request: the ARN of what is called, and the facts of its conditions."""

from datetime import UTC, datetime

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.auth.policy import Decision, Facts, Policy


def arn_of(ex: Exchange) -> str:
    """Return the ARN of the method and path that a request calls."""
    return ex.plan.api.execute_arn(ex.method, ex.stage_path)


def decide(ex: Exchange, policy: Policy, caller: tuple[str, ...] = ()) -> Decision:
    """Evaluate a policy for a request. caller: see `Policy.decide`."""
    return policy.decide(arn_of(ex), _facts(ex) if policy.asks_facts else {}, caller=caller)


def _facts(ex: Exchange) -> Facts:
    facts = {
        "aws:currenttime": datetime.fromtimestamp(ex.time, UTC).isoformat(),
        "aws:epochtime": str(int(ex.time)),
        "aws:securetransport": "true" if ex.scheme == "https" else "false",
        "aws:sourceip": ex.client_ip,
    }
    for key, name in (("aws:referer", b"referer"), ("aws:useragent", b"user-agent")):
        if name in ex.headers:
            facts[key] = ex.headers[name].decode("latin-1")
    return facts
