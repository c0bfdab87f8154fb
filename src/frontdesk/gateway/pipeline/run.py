"""Owns the one driver of a request: through its head, to its tail, out.

Everything is synchronous. A Task is made only for a stage that answers with an awaitable. The server
calls `begin`, `body_ready`, `expire` and `client_gone`; a parked stage calls `resume`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from frontdesk.gateway.pipeline.context import identity_of
from frontdesk.gateway.pipeline.exchange import NEEDS_BODY, PARKED, Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal

_log = logging.getLogger("frontdesk.pipeline")
_tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


def begin(exchange: Exchange) -> None:
    """Run the head from its first stage. `exchange.plan` has been set by the router.

    A body that is known to be too large is refused here, before any of it is read for a stage; one
    that only turns out to be is refused by the server.
    """
    if exchange.body or exchange.source is not None:
        source = exchange.source
        size = len(exchange.body) if source is None else source.length or 0
        if size > exchange.plan.max_body:
            refuse(exchange, 413, "body_size")
            return
    _advance(exchange, 0)


def _advance(ex: Exchange, first: int) -> None:
    at = first
    plan = ex.plan
    head = plan.head
    body_at = plan.body_at
    try:
        for at in range(first, len(head)):
            if at == body_at and ex.source is not None:
                ex.at = at
                ex.client.collect_body(ex)
                return
            answer = head[at](ex)
            if answer is None:
                continue
            if type(answer) is Reply:
                finish(ex, answer)
            elif answer is PARKED:
                ex.at = at + 1
            elif answer is NEEDS_BODY:
                ex.at = at
                ex.client.collect_body(ex)
            else:
                ex.at = at + 1
                _spawn(ex, answer)  # type: ignore[arg-type]  # the last member of the union
            return
    except Exception:  # noqa: BLE001 - a fault of ours is a 500, whatever it is
        _log.exception("stage failed", extra={**identity_of(ex), "stage": _stage_name(ex, at)})
        finish(ex, refusal(500, "internal"))
        return
    finish(ex, refusal(500, "no_integration"))


def _stage_name(ex: Exchange, at: int) -> str:
    return ex.plan.steps[at].name if at < len(ex.plan.steps) else "?"


def _spawn(ex: Exchange, waiting: Awaitable[Reply | None]) -> None:
    async def wait() -> None:
        try:
            reply = await waiting
        except Exception:  # noqa: BLE001 - as in `_advance`
            _log.exception("stage failed", extra=identity_of(ex))
            reply = refusal(500, "internal")
        ex.cancel_work = None
        resume(ex, reply)

    task = asyncio.get_running_loop().create_task(wait())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    if ex.cancel_work is None:

        def cancel(_why: str) -> None:
            task.cancel()

        ex.cancel_work = cancel


def resume(ex: Exchange, reply: Reply | None) -> None:
    """Go on after a parked stage: with its reply, or (None) with the next stage.

    Nothing happens when the exchange has been answered meanwhile (timeout, client gone).
    """
    if ex.answered:
        return
    ex.cancel_work = None
    if reply is None:
        _advance(ex, ex.at)
    else:
        finish(ex, reply)


def resume_by(ex: Exchange, make: Callable[..., Reply], *given: object) -> None:
    """Go on after a parked stage with the reply that `make` makes. Its faults are 500, as those of stages."""
    try:
        reply = make(*given)
    except Exception:  # noqa: BLE001 - as in `_advance`
        _log.exception(
            "stage failed", extra={**identity_of(ex), "stage": _stage_name(ex, ex.at - 1)}
        )
        reply = refusal(500, "internal")
    resume(ex, reply)


def body_ready(ex: Exchange) -> None:
    """Go on after `ClientEnd.collect_body`: the body is in `ex.body` and `ex.source` is None."""
    if not ex.answered:
        _advance(ex, ex.at)


def refuse(ex: Exchange, status: int, cause: str) -> None:
    """Answer for the server while the exchange is under way (413, 408), through the route's tail."""
    if ex.answered:
        return
    _stop_work(ex, "refused")
    finish(ex, refusal(status, cause, close=True))


def finish(ex: Exchange, reply: Reply) -> None:
    """Run the tail and hand the reply to the client. The one way out."""
    if ex.answered:
        return
    ex.answered = True
    try:
        for tail in ex.plan.tail:
            reply = tail(ex, reply)
    except Exception:  # noqa: BLE001 - as in `_advance`
        _log.exception("tail failed", extra=identity_of(ex))
        reply.discard()
        reply = refusal(500, "internal")
    ex.status = reply.status
    if reply.cause:
        ex.error = reply.cause
    ex.client.send(ex, reply)


def expire(ex: Exchange) -> None:
    """The integration's time is over: kill its work and answer 503 or 504."""
    if ex.answered:
        return
    _stop_work(ex, "timeout")
    finish(ex, refusal(ex.plan.timeout_status, "integration_timeout"))


def client_gone(ex: Exchange) -> None:
    """The client has left: stop the work. Nothing is sent; the server logs 499."""
    ex.answered = True
    ex.error = "client_gone"
    _stop_work(ex, "client")


def _stop_work(ex: Exchange, why: str) -> None:
    cancel, ex.cancel_work = ex.cancel_work, None
    if cancel is not None:
        cancel(why)
