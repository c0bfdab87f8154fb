"""Owns the canaries of one gateway: their state, kept in the catalog, their checks, and what comes of them.

What a request does is decided by the shares that this sets; what a check decides is `rules.canary`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.config.models.canary import Canary
from frontdesk.config.models.root import Config
from frontdesk.config.releases import canary_identity
from frontdesk.config.validation import did_you_mean
from frontdesk.gateway.telemetry.canaries import evidence_of
from frontdesk.gateway.telemetry.scrape import Samples
from frontdesk.ports.catalog import Catalog
from frontdesk.rules.canary import (
    Decision,
    Evidence,
    Terms,
    check_record,
    evidence_record,
    judge,
    read_evidence,
)

_log = logging.getLogger("frontdesk.canary")

KIND: Final = "canary"

KEPT: Final = 250
"""Records of one canary that are kept: the checks of its longest judgement, and what came before."""

State = Literal["running", "promoted", "rolled_back", "held"]
Action = Literal["start", "promote", "rollback"]

_OUTCOMES: Final[Mapping[Decision, State]] = {
    "promote": "promoted",
    "rollback": "rolled_back",
    "hold": "held",
}
_BY_HAND: Final[Mapping[Action, State]] = {
    "start": "running",
    "promote": "promoted",
    "rollback": "rolled_back",
}

Steer = Callable[[Mapping[str, float]], Awaitable[None]]
"""Tells whoever serves what share each canary gets, by its identity."""


class CanaryRefusedError(FrontdeskError):
    """What was asked of a canary cannot be done; the message says why."""

    code = "canary"


@dataclass(slots=True)
class _Run:
    """A canary from its start on.

    check: how many are over. counted: until the last of them. baseline: what this process had counted by
    then, or when the run began.
    """

    api: str
    stage: str
    identity: str
    canary: Canary
    timer: Timer
    state: State = "running"
    since: float = 0.0
    by: str = "start"
    reason: str = ""
    check: int = 0
    extended: bool = False
    counted: Evidence = field(default_factory=Evidence)
    baseline: Evidence = field(default_factory=Evidence)
    record: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return f"{self.api}/{self.stage}"

    @property
    def share(self) -> float:
        if self.state == "promoted":
            return 1.0
        return 0.0 if self.state == "rolled_back" else self.canary.percent / 100

    @property
    def terms(self) -> Terms | None:
        """What it is judged by; None: by hand only."""
        told = self.canary.judge
        if told is None:
            return None
        return Terms(
            min_requests=told.min_requests,
            checks=told.checks,
            alpha=told.error_alpha,
            p95_ratio=told.p95_ratio,
            on_success=told.on_success,
            on_failure=told.on_failure,
            on_insufficient=told.on_insufficient,
        )

    def document(self) -> dict[str, Any]:
        """Write what the catalog keeps."""
        return {
            "canary": self.identity,
            "state": self.state,
            "since": self.since,
            "by": self.by,
            "reason": self.reason,
            "percent": self.canary.percent,
            "check": self.check,
            "extended": self.extended,
            "counted": evidence_record(self.counted),
            "record": self.record,
        }

    def resume(self, document: Mapping[str, Any]) -> None:
        """Go on where a process before this one has ended."""
        self.state, self.since, self.by = document["state"], document["since"], document["by"]
        self.reason, self.record = document["reason"], document["record"]
        self.check, self.extended = document["check"], document["extended"]
        self.counted = read_evidence(document["counted"])


class CanaryRuns:
    """The canaries of the configuration in force. Used on one event loop."""

    def __init__(
        self, catalog: Catalog, clock: Clock, wheel: Wheel, samples: Samples, steer: Steer
    ) -> None:
        """samples: what all processes that serve have counted."""
        self._catalog = catalog
        self._clock = clock
        self._wheel = wheel
        self._samples = samples
        self._steer = steer
        self._runs: dict[str, _Run] = {}
        self._turn = asyncio.Lock()
        self._checks: set[asyncio.Task[None]] = set()

    async def adopt(self, config: Config) -> None:
        """Begin the canaries that a configuration has anew, go on with those it still has, end the others."""
        async with self._turn:
            wanted = list(_canaries(config))
            samples = await self._all_samples() if wanted else ()
            runs: dict[str, _Run] = {}
            for api, stage, canary in wanted:
                identity = canary_identity(config, api, stage)
                run = self._runs.get(f"{api}/{stage}")
                if run is None or run.identity != identity:
                    run = self._new(api, stage, identity, canary, samples)
                    await self._take_up(run)
                runs[run.key] = run
            before, self._runs = self._runs, runs
            for key, run in before.items():
                if runs.get(key) is not run:
                    run.timer.stop()
            for key, run in runs.items():
                if before.get(key) is not run:
                    self._arm(run)
            await self._steer_all()

    def stop(self) -> None:
        """Check nothing more."""
        for run in self._runs.values():
            run.timer.stop()
        for check in self._checks:
            check.cancel()

    async def status(self) -> list[dict[str, Any]]:
        """Tell of all canaries, with what has been counted until now."""
        samples = await self._all_samples()
        return [self._told(run, self._count(run, samples)) for run in self._runs.values()]

    async def act(self, action: Action, api: str, stage: str | None) -> dict[str, Any]:
        """Have an operator's way with a canary; return what is told of it.

        stage: None for the only one with a canary. Raises: CanaryRefusedError; StoreError, and nothing has
        changed.
        """
        async with self._turn:
            run = self._find(api, stage)
            samples = await self._all_samples()
            if action == "start":
                run = self._new(run.api, run.stage, run.identity, run.canary, samples)
            changed = replace(
                run,
                state=_BY_HAND[action],
                since=self._clock.time(),
                by="operator",
                reason="by hand",
                counted=self._count(run, samples),
                baseline=evidence_of(samples, run.api, run.stage),
            )
            await self._keep(changed)
            self._runs[run.key].timer.stop()
            self._runs[run.key] = changed
            self._arm(changed)
            await self._steer_all()
            return self._told(changed, changed.counted)

    async def records(self, api: str, stage: str | None) -> Sequence[Mapping[str, Any]]:
        """Return what is kept of a canary and of those before it at its stage, newest first. Raises: as `act`."""
        kept = await self._catalog.history(KIND, self._find(api, stage).key)
        return [{"time": record.time, **record.document} for record in kept]

    # -- beginning --------------------------------------------------------------------------------

    async def _take_up(self, run: _Run) -> None:
        """Go on with a canary where the catalog has it, else begin it."""
        try:
            kept = await self._catalog.get(KIND, run.key)
            if kept is not None and kept.document["canary"] == run.identity:
                run.resume(kept.document)
            else:
                await self._keep(run)
        except StoreError as error:
            _log.warning("the state of canary %s is not kept: %s", run.key, error)

    def _new(
        self, api: str, stage: str, identity: str, canary: Canary, samples: Sequence[Sample]
    ) -> _Run:
        key = f"{api}/{stage}"
        timer = self._wheel.timer(lambda: self._check_soon(key))
        run = _Run(api, stage, identity, canary, timer)
        run.since = self._clock.time()
        run.baseline = evidence_of(samples, api, stage)
        return run

    def _arm(self, run: _Run) -> None:
        judging = run.canary.judge
        if judging is not None and run.state == "running":
            run.timer.at(self._clock.monotonic() + judging.window / judging.checks)

    # -- checking ---------------------------------------------------------------------------------

    def _check_soon(self, key: str) -> None:
        task = asyncio.get_running_loop().create_task(self._check(self._runs[key]))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(self, run: _Run) -> None:
        async with self._turn:
            terms = run.terms
            if self._runs.get(run.key) is not run or run.state != "running" or terms is None:
                return  # somebody was faster
            samples = await self._all_samples()
            run.counted = counted = self._count(run, samples)
            run.baseline = evidence_of(samples, run.api, run.stage)
            run.check += 1
            verdict = judge(terms, counted, run.check, extended=run.extended)
            run.record = check_record(terms, counted, run.check, verdict, extended=run.extended)
            run.reason = verdict.reason
            if verdict.decision == "extend":
                run.check, run.extended = 0, True
            elif verdict.decision != "go_on":
                self._end(run, _OUTCOMES[verdict.decision])
            # First what protects clients: a store that cannot be written loses the record alone.
            await self._steer_all()
            self._arm(run)
            try:
                await self._keep(run)
            except StoreError as error:
                _log.warning("the state of canary %s is not kept: %s", run.key, error)

    # Differs: [judged-canaries] AWS leaves it to operators.
    def _end(self, run: _Run, state: State) -> None:
        run.state, run.by, run.since = state, "judge", self._clock.time()
        say = _log.info if state == "promoted" else _log.warning
        told = {"api": run.api, "stage": run.stage}
        say("canary %s is %s: %s", run.key, state.replace("_", " "), run.reason, extra=told)

    async def _keep(self, run: _Run) -> None:
        await self._catalog.put(KIND, run.key, run.document(), keep=KEPT)

    def _count(self, run: _Run, samples: Sequence[Sample]) -> Evidence:
        return run.counted + (evidence_of(samples, run.api, run.stage) - run.baseline)

    async def _all_samples(self) -> Sequence[Sample]:
        told = self._samples()
        return list(await told if isinstance(told, Awaitable) else told)

    async def _steer_all(self) -> None:
        await self._steer({run.identity: run.share for run in self._runs.values()})

    # -- telling ----------------------------------------------------------------------------------

    def _find(self, api: str, stage: str | None) -> _Run:
        found = [
            run for run in self._runs.values() if run.api == api and stage in (None, run.stage)
        ]
        if not found:
            wanted = api if stage is None else f"{api}/{stage}"
            known = [*self._runs, *(run.api for run in self._runs.values())]
            hint = did_you_mean(wanted, known) or "`frontdesk canary status` lists them"
            raise CanaryRefusedError(f"no such canary: {wanted}", hint=hint)
        if len(found) > 1:
            stages = ", ".join(run.stage for run in found)
            raise CanaryRefusedError(f"several stages have a canary: {stages}", hint="say --stage")
        return found[0]

    def _told(self, run: _Run, counted: Evidence) -> dict[str, Any]:
        judging = run.canary.judge
        return {
            "api": run.api,
            "stage": run.stage,
            **run.document(),
            "counted": evidence_record(counted),
            "share": run.share,
            "checks": judging.checks if judging is not None else 0,
        }


def _canaries(config: Config) -> Iterator[tuple[str, str, Canary]]:
    for name, api in config.apis.items():
        for stage in api.stages:
            canary = api.canary_of(stage)
            if canary is not None:
                yield name, stage, canary
