"""Owns what the answer of an authorizer function means: allowed, a policy to evaluate, or broken.

Whatever is not exactly of the agreed form is broken, never an allowance. Sources: AWS, "Control access to
HTTP APIs with Lambda authorizers"; "Output from an API Gateway Lambda authorizer".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from frontdesk.rules.auth.policy import Policy, read_policy

Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function said of one caller.

    policy: to be evaluated for each request; None: `allowed` decides. context: what it told of the caller,
    JSON values, or None. usage_key: the API key that it says the caller has, "" for none.
    """

    allowed: bool
    policy: Policy | None = None
    principal: str = ""
    context: Context | None = None
    usage_key: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """No usable answer.

    cause: `unauthorized` (the function said so), `failed` (it gave no answer) or `broken` (one that is of
    no use). reason: for the log.
    """

    cause: str
    reason: str

    @property
    def status(self) -> int:
        """For the client."""
        return 401 if self.cause == "unauthorized" else 500


def read_outcome(form: str, payload: bytes, error: str) -> Answer | Failure:
    """Judge one invocation of an authorizer function.

    form: simple, iam or token. payload, error: of the invocation's Outcome.
    """
    read, limit = _FORMS[form]
    if len(payload) > limit:
        return Failure("broken", f"the answer is longer than {limit} bytes")
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        value = None
    if error:
        return _failure(value, error)
    if not isinstance(value, dict):
        return Failure("broken", "the answer is not an object")
    if not isinstance(value.get("usageIdentifierKey"), str | None):
        return Failure("broken", "usageIdentifierKey is not a text")
    return read(value)


def _failure(value: Any, error: str) -> Failure:
    message = value.get("errorMessage") if isinstance(value, dict) else None
    # Differs: [raised-unauthorized] AWS knows this of REST APIs only.
    if error == "Unhandled" and message == "Unauthorized":
        return Failure("unauthorized", "Unauthorized")
    return Failure("failed", f"the function failed: {message or error}")


def _simple(value: dict[str, Any]) -> Answer | Failure:
    allowed, context = value.get("isAuthorized"), value.get("context")
    if not isinstance(allowed, bool):
        return Failure("broken", "isAuthorized is not a boolean")
    if not isinstance(context, dict | None) or "claims" in (context or ()):
        return Failure("broken", "context is not an object, or uses the reserved key claims")
    return Answer(allowed, context=context, usage_key=_usage_key(value))


def _policy(value: dict[str, Any]) -> Answer | Failure:
    principal, context = value.get("principalId"), value.get("context")
    if not isinstance(principal, str) or not principal:
        return Failure("broken", "principalId is not a text")
    if not _is_flat(context):
        return Failure("broken", "context is not a flat object, or uses the reserved key claims")
    policy = read_policy(value.get("policyDocument"))
    if policy is None:
        return Failure("broken", "policyDocument cannot be evaluated")
    return Answer(
        allowed=False,
        policy=policy,
        principal=principal,
        context=context,
        usage_key=_usage_key(value),
    )


def _usage_key(value: dict[str, Any]) -> str:
    return value.get("usageIdentifierKey") or ""


def _is_flat(context: Any) -> bool:
    if context is None:
        return True
    if not isinstance(context, dict) or "claims" in context:
        return False
    return not any(isinstance(value, dict | list) for value in context.values())


# Differs: [strict-answers] AWS documents a limit for policies only.
_FORMS: Final[Mapping[str, tuple[Callable[[dict[str, Any]], Answer | Failure], int]]] = {
    "simple": (_simple, 16 * 1024),
    "iam": (_policy, 8 * 1024),
    "token": (_policy, 8 * 1024),
}
"""Form to its reader and the longest answer in bytes."""
