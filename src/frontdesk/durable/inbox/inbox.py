"""Owns the taking of webhooks for the door: the adapter of `ports.inbox.Hooks`, and what operators ask."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.config.models.webhook import Target, Word
from frontdesk.durable.inbox.hook import Hook, why_ignored
from frontdesk.durable.inbox.targets import FailedError, Targets
from frontdesk.durable.inbox.turns import Turns
from frontdesk.ports.inbox import (
    Along,
    Claim,
    Claimed,
    InboxStore,
    Proven,
    Search,
    Settled,
    Turn,
)
from frontdesk.ports.journal import Started
from frontdesk.rules.events.webhook import Taken

APART: Final = 0.1
"""Seconds between two deliveries of a replay."""

_LOG: Final = logging.getLogger("frontdesk.webhooks")


class Inbox:
    """See `ports.inbox.Hooks`. Used on one event loop."""

    def __init__(
        self,
        store: InboxStore,
        targets: Targets,
        turns: Turns,
        clock: Clock,
        registry: Registry,
    ) -> None:
        self._store = store
        self._targets = targets
        self._turns = turns
        self._clock = clock
        self._registry = registry
        self._hooks: Mapping[str, Hook] = {}

    def adopt(self, hooks: Mapping[str, Hook]) -> None:
        """Take the webhooks of another configuration."""
        self._hooks = hooks

    async def settle(self, hook: str, proven: Proven, *, within: float) -> Settled:
        """See Hooks."""
        found = self._hooks.get(hook)
        if found is None:  # a reload has taken it away, while a request was under way
            raise StoreError(f"there is no such webhook: {hook}")
        claim = found.claim(proven)
        claimed = await self._claim(found, claim, proven.trace)
        self._registry.counter(metrics.WEBHOOK_DELIVERIES, hook, claimed.outcome).value += 1
        ended = None
        if claimed.held is not None:
            ended = self._turns.begin(
                found, _turn(claim, claimed, self._clock.time()), proven.trace
            )
        if not found.sync:
            return Settled("fresh" if claimed.outcome == "again" else claimed.outcome)
        if ended is None:
            return _seen(claimed)
        await asyncio.wait({ended}, timeout=within)
        finish = ended.result() if ended.done() and not ended.cancelled() else None
        if finish is None:
            return Settled("fresh", error="its function has not answered in time")
        return Settled("fresh", finish.result, "" if finish.state == "processed" else finish.error)

    async def replay(self, what: Search, *, most: int) -> int:
        """Have deliveries dealt with again, ten in a second; return how many. Raises: StoreError."""
        found = await self._store.replay(what, most=most, now=self._clock.time(), apart=APART)
        self._turns.look()
        return found

    async def _claim(self, hook: Hook, claim: Claim, trace: str) -> Claimed:
        """Commit a delivery with what it causes, where that is the store's own."""
        target = hook.target(claim.type)
        if not isinstance(target, Target):
            return await self._record(hook, claim, target)
        if target.queue is None and target.state_machine is None:
            at_once = hook.sync or self._turns.has_room(hook)
            return await self._commit(
                hook, claim._replace(state="processing" if at_once else "received")
            )
        handed: list[Claimed] = []

        async def commit(along: Along) -> Started | None:
            claimed = await self._commit(hook, claim._replace(state="processed", along=along))
            handed.append(claimed)
            if (claimed.outcome, claimed.state) == ("fresh", "processed"):
                self._targets.committed(along)
            return claimed.started

        taken = Taken(
            source=claim.source,
            id=claim.id,
            type=claim.type,
            headers=claim.headers,
            body=claim.body,
            ordering=claim.ordering,
            trace=trace,
        )
        try:
            await self._targets.hand_over(target, taken, commit)
        except FailedError:
            # It is kept, and its turn tells what is wrong.
            return await self._commit(hook, claim._replace(state="processing"))
        return handed[-1]

    async def _record(self, hook: Hook, claim: Claim, word: Word) -> Claimed:
        reason = why_ignored(word, claim.type)
        claimed = await self._commit(hook, claim._replace(state="ignored", reason=reason))
        if word == "warn" and claimed.outcome == "fresh":
            more = {"webhook": hook.name, "id": claim.id, "type": claim.type}
            _LOG.warning("nobody deals with a webhook of this type", extra=more)
        return claimed

    async def _commit(self, hook: Hook, claim: Claim) -> Claimed:
        now = self._clock.time()
        return await self._store.claim(claim, now=now, until=now + hook.lease)


def _turn(claim: Claim, claimed: Claimed, now: float) -> Turn:
    """Make the turn that a claim has taken."""
    assert claimed.held is not None
    return Turn(
        held=claimed.held,
        type=claim.type,
        headers=claim.headers,
        body=claim.body,
        received=now,
        attempts=claimed.attempts,
        crashes=0,
        ordering=claim.ordering,
        replays=0,
    )


def _seen(claimed: Claimed) -> Settled:
    """Tell the sender of a synchronous webhook of a delivery that is not dealt with now."""
    if claimed.outcome in ("collision", "replayed"):
        return Settled(claimed.outcome)
    if claimed.state in ("received", "processing", "failed"):
        return Settled("busy")  # or it waits for others of its ordering
    if claimed.outcome == "fresh":
        return Settled("fresh")
    error = "its function has failed too often" if claimed.state == "dead" else ""
    return Settled("duplicate", claimed.result, error)
