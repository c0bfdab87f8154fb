"""Owns the policy of a REST API itself: how it is read, and how it goes together with what a caller may. Pure.

Source: AWS, "How API Gateway resource policies affect authorization workflow".
"""

from typing import Final

from frontdesk.rules.auth.policy import Decision, Policy, read_policy

LONGEST: Final = 8192
"""Characters of a policy. AWS's limit."""

_SHORT: Final = "execute-api:/"


def read_resource_policy(document: object, api_arn: str = "") -> Policy | None:
    """Compile the policy of an API, or None when it is not one that can be evaluated to the letter.

    api_arn: what ARNs of the API begin with; `execute-api:/` in the policy is short for it.
    """

    def expand(resource: str) -> str:
        is_short = resource.startswith(_SHORT)
        return f"{api_arn}/{resource.removeprefix(_SHORT)}" if is_short else resource

    return read_policy(document, expand)


def either(caller: Decision, resource: Decision) -> Decision:
    """Decide for a caller of the same account: one of both must allow, none may deny."""
    if Decision.DENY in (caller, resource):
        return Decision.DENY
    return Decision.ALLOW if Decision.ALLOW in (caller, resource) else Decision.NONE


def both(caller: Decision, resource: Decision) -> Decision:
    """Decide for a caller of another account: both must allow, none may deny."""
    if Decision.DENY in (caller, resource):
        return Decision.DENY
    return Decision.ALLOW if caller is resource is Decision.ALLOW else Decision.NONE
