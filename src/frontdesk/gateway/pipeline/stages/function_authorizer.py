"""Owns the stage that lets a request in by the answer of a function, and the memory of answers.

An answer is kept by the identity values alone, so it serves every route of the authorizer; a policy is
evaluated again for each request. Source: AWS, "Control access to HTTP APIs with Lambda authorizers".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.recent import Recent
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.authorizer import ANSWER_TIME, FunctionAuthorizer
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.stages.policy_request import arn_of, decide
from frontdesk.gateway.pipeline.tracing import AUTHORIZER, Traces
from frontdesk.gateway.pipeline.values import bind
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.rules.auth.answers import Answer, Failure, read_outcome
from frontdesk.rules.auth.policy import Decision
from frontdesk.rules.events.authorizer import Encode
from frontdesk.rules.lang.patterns import compile_pattern

MAX_ANSWERS: Final = 10_000

Identity = tuple[str, ...]
Use = Callable[[Answer | Failure], None]
Settle = Callable[[Exchange, Decision], Reply | None]
"""Turns what a function decided into a refusal, or None to let the request in."""


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
            settle(Failure("failed", f"no answer within {ANSWER_TIME:g} s"))

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


def refuse_unless_allowed(_ex: Exchange, decision: Decision) -> Reply | None:
    """Let in whom the function allows."""
    return None if decision is Decision.ALLOW else refusal(403, f"authorizer:{decision.value}")


def function_stage(
    judge: FunctionJudge,
    config: FunctionAuthorizer,
    encode: Encode,
    *,
    optional: bool = False,
    settle: Settle = refuse_unless_allowed,
) -> Callable[[Exchange], Reply | Parked | None]:
    """Build the stage of one route.

    encode: makes what the function gets. optional: it is asked even where what identifies a caller is
    missing. settle: has the last word on what the function decided.
    """
    values = [bind(text) for text in config.identity]
    fits = compile_pattern(config.pattern).fullmatch if config.pattern else None

    def stage(ex: Exchange) -> Reply | Parked | None:
        identity = tuple([value(ex) or "" for value in values])
        if "" in identity and not optional:
            ex.authorizer_error = "identity missing"
            return refusal(401, "authorizer:identity_missing")
        if fits is not None and not fits(identity[0]):
            ex.authorizer_error = "identity does not fit the pattern"
            return refusal(401, "authorizer:identity_unfit")
        answer = judge.recall(identity, ex.started)
        if answer is not None:
            return _apply(ex, answer, settle)

        ex.authorizer_started = asked = judge.monotonic()

        def use(result: Answer | Failure) -> None:
            if not ex.answered:
                ex.authorizer_latency = judge.monotonic() - asked
                run.resume(ex, _apply(ex, result, settle))

        if not judge.join(identity, use):
            trace = judge.traces.amazon(ex, AUTHORIZER)
            judge.ask(identity, encode(ex, arn_of(ex), identity, trace), trace, use)
        return PARKED

    return stage


def _apply(ex: Exchange, result: Answer | Failure, settle: Settle) -> Reply | None:
    """Let the request in, or refuse it, by what the function said."""
    if isinstance(result, Failure):
        ex.authorizer_error = result.reason
        return refusal(result.status, f"authorizer:{result.cause}")
    ex.principal = result.principal
    ex.usage_key = result.usage_key
    ex.authorizer = result.context
    ex.authorizer_event = {"lambda": result.context}
    if result.policy is None:
        return settle(ex, Decision.ALLOW if result.allowed else Decision.DENY)
    return settle(ex, decide(ex, result.policy))
