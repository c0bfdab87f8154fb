"""Owns the stage that lets a request in by the answer of a function, and the memory of answers.

An answer is kept by the identity values alone, so it serves every route of the authorizer; a policy is
evaluated again for each request. Source: AWS, "Control access to HTTP APIs with Lambda authorizers".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.recent import Recent
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import ANSWER_TIME, FunctionAuthorizer
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.tracing import AUTHORIZER, Traces
from frontdesk.gateway.pipeline.values import bind
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.rules.auth.answers import Answer, Failure, read_outcome
from frontdesk.rules.auth.policy import Decision, Facts
from frontdesk.rules.events.authorizer import EVENTS
from frontdesk.rules.events.request import RouteFacts

MAX_ANSWERS: Final = 10_000

Identity = tuple[str, ...]
Use = Callable[[Answer | Failure], None]


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    expires: float


class FunctionJudge:
    """One authorizer: its function and the answers it remembers. Shared by all routes that use it."""

    def __init__(
        self,
        config: FunctionAuthorizer,
        invoker: Invoker,
        clock: Clock,
        wheel: Wheel,
        traces: Traces,
    ) -> None:
        self.traces = traces
        self._form = config.form
        self._remember_for = config.cache if config.identity else 0.0
        self._invoker = invoker
        self.monotonic = clock.monotonic
        self._wheel = wheel
        self._kept: Recent[Identity, _Kept] = Recent(MAX_ANSWERS)
        self._asked: dict[Identity, list[Use]] = {}

    def recall(self, identity: Identity, now: float) -> Answer | None:
        """Return an answer that is still good at monotonic second `now`."""
        kept = self._kept.get(identity)
        return kept.answer if kept is not None and now < kept.expires else None

    def join(self, identity: Identity, use: Use) -> bool:
        """Wait for the answer that somebody else has asked for. False: nobody has."""
        # Differs: [shared-calls] AWS does not promise it.
        waiting = self._asked.get(identity)
        if waiting is None:
            return False
        waiting.append(use)
        return True

    def ask(self, identity: Identity, event: bytes, trace: str, use: Use) -> None:
        """Invoke the function; `use` is called once with what came of it, after ten seconds at the latest."""
        waiting = [use]
        if self._remember_for:
            self._asked[identity] = waiting

        def done(outcome: Outcome) -> None:
            settle(read_outcome(self._form, outcome.payload, outcome.error))

        def too_late() -> None:
            call.cancel(kill=True)
            settle(Failure(500, f"no answer within {ANSWER_TIME:g} s"))

        def settle(result: Answer | Failure) -> None:
            deadline.stop()
            if self._remember_for:
                del self._asked[identity]
                if isinstance(result, Answer):
                    expires = self.monotonic() + self._remember_for
                    self._kept.put(identity, _Kept(result, expires))
            for each in waiting:
                each(result)

        # Clients that leave meanwhile do not stop the function: its answer serves the next one.
        deadline = self._wheel.timer(too_late)
        deadline.at(self.monotonic() + ANSWER_TIME)
        call = self._invoker.invoke(Invocation(event, deadline.deadline, trace), done)


def function_stage(
    judge: FunctionJudge, config: FunctionAuthorizer, facts: RouteFacts
) -> Callable[[Exchange], Reply | Parked | None]:
    """Build the stage of one route."""
    values = [bind(text) for text in config.identity]
    encode = EVENTS[config.form, config.payload](facts)

    def stage(ex: Exchange) -> Reply | Parked | None:
        identity = tuple([value(ex) or "" for value in values])
        if "" in identity:
            ex.authorizer_error = "identity missing"
            return refusal(401, "authorizer:identity_missing")
        answer = judge.recall(identity, ex.started)
        if answer is not None:
            return _apply(ex, answer)

        ex.authorizer_started = asked = judge.monotonic()

        def use(result: Answer | Failure) -> None:
            if not ex.answered:
                ex.authorizer_latency = judge.monotonic() - asked
                run.resume(ex, _apply(ex, result))

        if not judge.join(identity, use):
            trace = judge.traces.amazon(ex, AUTHORIZER)
            judge.ask(identity, encode(ex, _arn(ex), identity, trace), trace, use)
        return PARKED

    return stage


def _apply(ex: Exchange, result: Answer | Failure) -> Reply | None:
    """Let the request in, or refuse it, by what the function said."""
    if isinstance(result, Failure):
        ex.authorizer_error = result.reason
        return refusal(result.status, f"authorizer:{_CAUSES[result.status]}")
    ex.principal = result.principal
    ex.usage_key = result.usage_key
    ex.authorizer = result.context
    ex.authorizer_event = {"lambda": result.context}
    decision = _decide(ex, result)
    return None if decision is Decision.ALLOW else refusal(403, f"authorizer:{decision.value}")


_CAUSES: Final = {401: "unauthorized", 500: "broken"}


def _decide(ex: Exchange, answer: Answer) -> Decision:
    policy = answer.policy
    if policy is None:
        return Decision.ALLOW if answer.allowed else Decision.DENY
    return policy.decide(_arn(ex), _facts(ex) if policy.asks_facts else {})


def _arn(ex: Exchange) -> str:
    return ex.plan.api.execute_arn(ex.method, ex.stage_path)


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
