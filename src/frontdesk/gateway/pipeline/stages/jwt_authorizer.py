"""Owns the stage that lets a request in by its JSON Web Token, and the memory of tokens already verified.

A token seen before costs one lookup. Refusals are in AWS's words. Knows no key fetching (KeySet does it).
Sources: AWS, "Control access to HTTP APIs with JWT authorizers"; RFC 6750 §3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.base.recent import Recent
from frontdesk.base.streams import Field
from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.gateway.identity.keyring import KeySet
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.failure_limit import FailureLimit
from frontdesk.gateway.pipeline.values import bind
from frontdesk.rules.auth import jwt
from frontdesk.rules.auth.jwt import Demands, Fault
from frontdesk.rules.lang.selectors import Selector, parse

MAX_VERIFIED: Final = 10_000
MAX_REJECTED: Final = 1_000
REJECTED_FOR: Final = 10.0
"""Seconds for which a token with a wrong signature is refused without looking again."""

MISSING: Final[Field] = (b"www-authenticate", b"Bearer")
REFUSED: Final[Mapping[Fault, tuple[str, Field]]] = {
    fault: (
        f"jwt:{fault.word}",
        (
            b"www-authenticate",
            f'Bearer scope="" error="invalid_token" error_description="{fault.description}"'.encode(),
        ),
    )
    for fault in Fault
}


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that passed, with all that later stages and functions are shown of it.

    expires: monotonic second until which it need not be looked at again. generation: of the key set.
    """

    claims: Mapping[str, Any]
    principal: str
    scopes: frozenset[str]
    event: Mapping[str, Any]
    event_with_scopes: Mapping[str, Any]
    expires: float
    generation: int


class TokenJudge:
    """One authorizer: its demands, its keys, and what it remembers. Shared by all routes that use it."""

    def __init__(self, config: JwtAuthorizer, keys: KeySet) -> None:
        self.keys = keys
        self.verified: Recent[bytes, Verified] = Recent(MAX_VERIFIED)
        self._rejected: Recent[bytes, float] = Recent(MAX_REJECTED)
        self._failures = FailureLimit(config.auth_failures_per_minute)
        self._remember_for = config.cache
        self._scopes_claim = config.scopes_claim or ""
        self._demands = Demands(
            issuer=config.issuer,
            audience=None if config.audience is None else frozenset(config.audience),
            algorithms=frozenset(config.algorithms),
            leeway=config.leeway,
            max_token_bytes=config.max_token_bytes,
            client_id_fallback=config.client_id_fallback,
            require_typ=config.require_typ or "",
        )

    def verify(self, ex: Exchange, value: bytes) -> Verified | Fault | None:
        """Verify a token that is not remembered, and remember how that ended.

        value: as it stood in the request. UNKNOWN_KEY: fetching the keys again may help. None: not looked
        at, because this client has failed too often.
        """
        until = self._rejected.get(value)
        if until is not None and ex.started < until:
            return Fault.SIGNATURE
        token = jwt.read(jwt.bearer(value), self._demands)
        if isinstance(token, Fault):
            return token
        candidates = self.keys.find(token.kid, token.alg)
        if not candidates:
            return Fault.NO_FITTING_KEY if self.keys.knows(token.kid) else Fault.UNKNOWN_KEY
        if self._failures.refuses(ex.client_ip, ex.started):
            return None
        if not any(key.verifies(token.alg, token.signature, token.signed) for key in candidates):
            self._failures.count(ex.client_ip, ex.started)
            self._rejected.put(value, ex.started + REJECTED_FOR)
            return Fault.SIGNATURE
        fault = jwt.check_claims(token.claims, self._demands, ex.time)
        if fault is not None:
            self._failures.count(ex.client_ip, ex.started)
            return fault
        return self._remember(ex, value, token.claims)

    def _remember(self, ex: Exchange, value: bytes, claims: Mapping[str, Any]) -> Verified:
        scopes, subject = jwt.scopes(claims, self._scopes_claim), claims.get("sub")
        texts = jwt.claim_texts(claims)
        left = claims["exp"] + self._demands.leeway - ex.time
        verified = Verified(
            claims=claims,
            principal=subject if isinstance(subject, str) else "",
            scopes=frozenset(scopes),
            event={"jwt": {"claims": texts, "scopes": None}},
            event_with_scopes={"jwt": {"claims": texts, "scopes": scopes}},
            expires=ex.started + min(left, self._remember_for),
            generation=self.keys.generation,
        )
        if self._remember_for:
            self.verified.put(value, verified)
        return verified


def jwt_stage(
    judge: TokenJudge,
    identity: tuple[str, ...],
    demanded: tuple[str, ...],
    monotonic: Callable[[], float],
) -> Callable[[Exchange], Reply | Parked | None]:
    """Build the stage of one route. demanded: scopes of which the token needs one."""
    header, elsewhere = _sources(identity)
    verify = _timed(judge, monotonic)
    keys, remembered, wanted = judge.keys, judge.verified, frozenset(demanded)
    # Differs: [scope-challenge] AWS documents the error's word only.
    insufficient: Field = (
        b"www-authenticate",
        f'Bearer scope="{" ".join(demanded)}" error="insufficient_scope"'.encode(),
    )

    def stage(ex: Exchange) -> Reply | Parked | None:
        value = ex.headers.get(header) or elsewhere(ex)
        if not value:
            ex.authorizer_error = "no token"
            return refusal(401, "jwt:missing", MISSING)
        token = remembered.get(value)
        if token is not None and ex.started < token.expires and token.generation == keys.generation:
            return admit(ex, token)
        verdict = verify(ex, value) if keys.ready else Fault.UNKNOWN_KEY
        if verdict is Fault.UNKNOWN_KEY and keys.wait_for_keys(lambda: again(ex, value)):
            return PARKED
        return settle(ex, verdict)

    def again(ex: Exchange, value: bytes) -> None:
        if not ex.answered:
            run.resume(ex, settle(ex, verify(ex, value)))

    def settle(ex: Exchange, verdict: Verified | Fault | None) -> Reply | None:
        if isinstance(verdict, Verified):
            return admit(ex, verdict)
        return _refuse(ex, verdict) if keys.ready else _not_ready(ex)

    def admit(ex: Exchange, token: Verified) -> Reply | None:
        ex.authorizer = token.claims
        ex.principal = token.principal
        if wanted:
            if wanted.isdisjoint(token.scopes):
                ex.authorizer_error = "insufficient scope"
                return refusal(403, "jwt:insufficient_scope", insufficient)
            ex.authorizer_event = token.event_with_scopes
        else:
            ex.authorizer_event = token.event
        return None

    return stage


def _timed(
    judge: TokenJudge, monotonic: Callable[[], float]
) -> Callable[[Exchange, bytes], Verified | Fault | None]:
    """Return the judge's `verify`, which also writes down what it took."""

    def verify(ex: Exchange, value: bytes) -> Verified | Fault | None:
        ex.authorizer_started = began = monotonic()
        verdict = judge.verify(ex, value)
        ex.authorizer_latency = monotonic() - began
        return verdict

    return verify


# Differs: [first-keys] AWS documents no such moment.
def _not_ready(ex: Exchange) -> Reply:
    ex.authorizer_error = "no keys of the issuer"
    return refusal(503, "jwt:keys_unavailable")


def _refuse(ex: Exchange, fault: Fault | None) -> Reply:
    if fault is None:
        ex.authorizer_error = "too many failures"
        left = b"%d" % (60 - ex.started % 60 + 1)
        return refusal(429, "jwt:too_many_failures", (b"retry-after", left))
    ex.authorizer_error = fault.description
    cause, challenge = REFUSED[fault]
    return refusal(401, cause, challenge)


def _sources(identity: tuple[str, ...]) -> tuple[bytes, Callable[[Exchange], bytes | None]]:
    """Split identity sources: the header to look at first, and the way to all others, in order."""
    first = parse(identity[0])[0]
    if isinstance(first, Selector) and first.source == "request.header":
        header, rest = first.name.encode(), identity[1:]
    else:
        header, rest = b"", identity  # no field has an empty name
    others = [bind(text) for text in rest]

    def elsewhere(ex: Exchange) -> bytes | None:
        for value in others:
            found = value(ex)
            if found:
                return found.encode()
        return None

    return header, elsewhere
