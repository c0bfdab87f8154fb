"""Owns the policy of a REST API itself: how it is read, and how it goes together with what a caller may. Pure.

Source: AWS, "How API Gateway resource policies affect authorization workflow".
"""

from frontdesk.rules.auth.policy import Decision


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
