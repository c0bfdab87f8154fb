"""Owns all functions: their children, their scheduler, their invokers. The room's one entrance.

Turns the scheduler's commands into orders to children and what becomes of children into events for
the scheduler. The rules are in `rules.pool`, the processes in `process` and `zygote`.
"""

import asyncio
import json
import logging
import os
import random
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StartError
from frontdesk.base.ids import random_uuids
from frontdesk.base.spans import Value
from frontdesk.base.telemetry import FunctionObserver, Unobserved
from frontdesk.base.wheel import Wheel
from frontdesk.functions.call_spans import CallSpans
from frontdesk.functions.deployments import Deployed, Deployments
from frontdesk.functions.environment import init_of
from frontdesk.functions.frames import Init
from frontdesk.functions.logs import FunctionLog, LogSink
from frontdesk.functions.memory import Cgroups
from frontdesk.functions.process import Child
from frontdesk.functions.settings import FunctionDefinition
from frontdesk.functions.temporary import TemporaryFolders
from frontdesk.functions.zygote_link import ZygoteLink
from frontdesk.ports.invoker import Call, Invocation, Outcome
from frontdesk.ports.tracing import Opened, Tracer
from frontdesk.rules.pool import (
    Command,
    Dispatch,
    Fail,
    Kill,
    Limits,
    Pool,
    Refuse,
    Retire,
    Spawn,
    Standing,
)

_log = logging.getLogger("frontdesk.functions")

_MEMORY_LOOK = 0.25
"""Seconds between two looks at the memory of running children, where no cgroup limits it."""

_SERVED_LOOK = 0.05
"""Seconds between two looks at who still waits for a function that goes."""

_END_GRACE = 1.0
"""Seconds that idle children have at shutdown before the zygote is ended with them."""

_STOPPED = Outcome(b"", "Unavailable", "function removed or host stopped")

_CORES = len(os.sched_getaffinity(0))


class FunctionInvoker:
    """Invokes one function by name and qualifier. The Invoker port."""

    __slots__ = ("_host", "_name", "_qualifier")

    def __init__(self, host: "FunctionHost", name: str, qualifier: str) -> None:
        self._host = host
        self._name = name
        self._qualifier = qualifier

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """Start the function with one event (see the port)."""
        return self._host.invoke(self._name, self._qualifier, invocation, done)


@dataclass(slots=True, eq=False)
class _Call:
    """One invocation, from the request to its outcome. The scheduler's request.

    arn: as it was asked for. asked: monotonic second. done: None once it is called, or nobody waits.
    child: while it runs there. span: where it is recorded.
    """

    host: "FunctionHost"
    name: str
    version: str
    arn: str
    request_id: str
    invocation: Invocation
    asked: float
    done: Callable[[Outcome], None] | None
    child: Child | None = None
    span: Opened | None = None

    @property
    def waits(self) -> bool:
        """Whether it has neither a child nor an outcome yet."""
        return self.child is None and self.done is not None

    def finish(self, outcome: Outcome) -> None:
        done, self.done = self.done, None
        if done is not None:
            done(outcome)

    def cancel(self, *, kill: bool) -> None:
        """Stop waiting (see the port)."""
        if self.done is not None:
            self.done = None
            self.host.give_up(self, kill=kill)


class FunctionHost:
    """All functions of one gateway. Used on its event loop only."""

    def __init__(
        self,
        clock: Clock,
        wheel: Wheel,
        *,
        data_dir: Path,
        log: LogSink,
        concurrency: int | None = None,
        processes: int = 4 * _CORES,
        environment: Mapping[str, str] | None = None,
        draw: Callable[[], float] | None = None,
        observer: FunctionObserver | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """Take what the composition root has.

        wheel: someone advances it. data_dir: for packages, code and temporary folders. log: takes the
        lines of functions. concurrency: calls at once of all functions, counted as Lambda does; None:
        not counted, and `processes` are shared by functions without reserved concurrency. environment:
        variables of every function, which its own override; read at each start of a child. draw: a
        random number below 1 for each call of an alias with weights. observer: told what becomes of calls
        and children. tracer: makes spans of calls; None: nobody wants them.
        """
        self._observer = observer or Unobserved()
        self._spans = CallSpans(tracer) if tracer is not None else None
        self._unproven: set[tuple[str, str]] = set()  # whose first child is still to come
        self._clock = clock
        self._wheel = wheel
        self._sink = log
        self._environment = environment or {}
        self._draw = draw or random.Random().random  # noqa: S311 - spreads, hides nothing
        self._functions: dict[str, Deployed] = {}
        self._of_file: set[str] = set()
        self._deployments = Deployments(data_dir)
        self._folders = TemporaryFolders(data_dir / "tmp")
        self._temporary: dict[int, Path] = {}  # the folder of each child
        self._left: dict[tuple[str, str], Path] = {}  # by a child lost in a call, for the next one
        self._limits = Limits(
            processes if concurrency is None else concurrency,
            _CORES,
            counted=concurrency is not None,
        )
        self._pool: Pool[_Call] = Pool(self._limits)
        self._children: dict[int, Child] = {}
        self._calls: dict[Child, _Call] = {}
        self._ticks = wheel.timer(self._tick)
        self._memory_looks = wheel.timer(self._watch_memory)
        self._request_ids = random_uuids(os.urandom)
        self._empty = asyncio.Event()
        self._zygote = ZygoteLink(
            self._forked, self._exited, self._zygote_lost, clock=clock, wheel=wheel
        )
        self._cgroups: Cgroups | None = None
        self._carry_out: dict[type[Any], Callable[[Any], None]] = {
            Spawn: self._spawn,
            Dispatch: self._dispatch,
            Refuse: self._refuse,
            Retire: self._retire,
            Kill: self._kill,
        }

    # -- life -------------------------------------------------------------------------------------

    async def start(self, functions: Iterable[FunctionDefinition]) -> None:
        """Begin on the running loop: unpack and install, start first children.

        Returns before the children are up. Raises: StartError.
        """
        self._cgroups = Cgroups.delegated()
        await asyncio.to_thread(self._folders.open)
        await self.replace(functions)

    async def replace(
        self,
        functions: Iterable[FunctionDefinition],
        between: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Run these functions of the file from now on; those of `put` stay as they are.

        Versions whose settings or files have changed get new children; running calls finish in the old
        ones. between: done while those run that were there before, and these; who then waits for one
        that goes is served first. Raises: StartError, and nothing has changed.
        """
        new = await asyncio.to_thread(self._deployments.deploy, list(functions))
        former = {name: self._functions[name] for name in self._of_file}
        for name, deployed in new.items():
            self._run_from_now_on(deployed.beside(former.get(name)))
        if between is not None:
            await between()
        await self._until_served(
            (name, version)
            for name, before in former.items()
            for version in before.versions.keys() - (new[name].versions if name in new else ())
        )
        gone, self._of_file = self._of_file - new.keys(), set(new)
        for name in gone:
            self.remove(name)
        for name, deployed in new.items():
            if self._functions[name] is not deployed:
                self._run_from_now_on(deployed)

    async def put(self, definition: FunctionDefinition) -> None:
        """Run this function from now on, beside those of the file. Raises: StartError, likewise."""
        new = await asyncio.to_thread(self._deployments.deploy, [definition])
        if definition.name in self._of_file:
            raise StartError(f"the function stands in the file: {definition.name}")
        self._run_from_now_on(new[definition.name])

    def remove(self, name: str) -> None:
        """Forget a function. Its running calls finish, its waiting ones fail. Unknown: nothing."""
        if self._functions.pop(name, None) is not None:
            self._run(self._pool.remove(name))

    async def stop(self, grace: float) -> None:
        """End everything. grace: seconds that running calls have to finish; then they are killed."""
        for name in list(self._functions):
            self.remove(name)
        await self._until_empty(grace)
        for child, call in list(self._calls.items()):
            self._run(self._pool.kill(child.number, self._clock.monotonic()))
            call.finish(_STOPPED)
        await self._until_empty(_END_GRACE)
        await self._zygote.close()
        self._zygote_lost()
        self._ticks.stop()
        self._memory_looks.stop()
        await asyncio.to_thread(self._folders.close)

    async def _until_served(self, versions: Iterable[tuple[str, str]]) -> None:
        """Return once nobody waits any more who waits now. A wait has an end, which its caller sets."""
        waiting = [call for version in versions for call in self._pool.waiting(*version)]
        served = asyncio.Event()

        def look() -> None:
            if any(call.waits for call in waiting):
                looks.at(self._clock.monotonic() + _SERVED_LOOK)
            else:
                served.set()

        looks = self._wheel.timer(look)
        look()
        try:
            await served.wait()
        finally:
            looks.stop()

    async def _until_empty(self, seconds: float) -> None:
        if self._children:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                return

    def _run_from_now_on(self, deployed: Deployed) -> None:
        definition = deployed.definition
        name, former = definition.name, self._functions.get(definition.name)
        self._functions[name] = deployed
        unchanged = deployed.unchanged(former)
        for version in definition.versions.keys() - unchanged:
            if former is not None and version in former.versions:
                # Differs: [version-files] AWS keeps a copy of what was published.
                _log.warning("a published version has changed: %s:%s", name, version)
        now = self._clock.monotonic()
        reserved, wanted = definition.reserved_concurrency, deployed.provisioned
        self._run(self._pool.define(name, reserved, wanted, now, keep=unchanged))
        for version in deployed.expected:
            commands = self._pool.warm(name, version)
            if commands:
                self._unproven.add((name, version))
            self._run(commands)
        self._arm(now)

    # -- what runs --------------------------------------------------------------------------------

    def definition(self, name: str) -> FunctionDefinition | None:
        """Return a function that runs now, of the file or of `put`."""
        running = self._functions.get(name)
        return None if running is None else running.definition

    def standing(self, name: str, version: str) -> Standing:
        """Count the children of a version of a running function that stand ready, or ought to."""
        return self._pool.standing(name, version)

    def unproven(self) -> list[str]:
        """Name the functions whose first process has neither loaded nor failed yet."""
        running = {(name, each) for name, its in self._functions.items() for each in its.versions}
        return sorted({name for name, _ in self._unproven & running})

    def census(self) -> Iterator[tuple[str, str, str, int]]:
        """Give function, version, state (busy, idle, starting) and bytes of memory of each child."""
        for child in self._children.values():
            if child.state != "ending":
                settings = child.settings
                yield settings.name, settings.version, child.state, child.used_bytes

    def invoker(self, name: str, qualifier: str = "") -> FunctionInvoker:
        """Make an Invoker of a function that runs now or after the next `replace`.

        qualifier: a version, an alias, or "" for $LATEST. What is not there makes it answer Unavailable.
        """
        return FunctionInvoker(self, name, qualifier)

    # -- calls --------------------------------------------------------------------------------------

    def invoke(
        self, name: str, qualifier: str, invocation: Invocation, done: Callable[[Outcome], None]
    ) -> Call:
        """Run function `name` with one event; `done` is called later, once."""
        running = self._functions.get(name)
        version = None if running is None else running.choose(qualifier, self._draw)
        request_id = invocation.request_id or next(self._request_ids)
        now = self._clock.monotonic()
        if running is None or version is None:
            refused = _Call(self, name, "", "", request_id, invocation, now, done)
            _soon(refused, _STOPPED)
            return refused
        arn = running.arn(qualifier)
        call = _Call(self, name, version, arn, request_id, invocation, now, done)
        self._run(self._pool.request(name, version, call, invocation.deadline, now))
        if call.child is None and self._ticks.deadline > now + self._limits.patience:
            self._ticks.at(now + self._limits.patience)
        return call

    def give_up(self, call: _Call, *, kill: bool) -> None:
        """Nobody waits for the outcome of `call`. kill: nor is it wanted to run on."""
        if call.child is None:
            self._pool.withdraw(call.name, call.version, call)
        elif kill:
            now = self._clock.monotonic()
            self._tell(call, call.child, "timeout", now)
            self._lose(call.child, self._pool.kill, now)

    # -- commands -----------------------------------------------------------------------------------

    def _run(self, commands: list[Command[_Call]], failure: Outcome = _STOPPED) -> None:
        """Carry commands out. failure: what those get who wait in vain."""
        for command in commands:
            if type(command) is Fail:
                _soon(command.request, _told_to(failure, command.request.request_id))
            else:
                self._carry_out[type(command)](command)

    def _dispatch(self, command: Dispatch[_Call]) -> None:
        child = self._children[command.child]
        call = command.request
        call.child = child
        self._calls[child] = call
        now = self._clock.monotonic()
        if self._cgroups is None and self._memory_looks.deadline > now + _MEMORY_LOOK:
            self._memory_looks.at(now + _MEMORY_LOOK)
        waited = now - call.asked
        self._observer.waited(call.name, waited)
        span = ""
        if self._spans is not None:
            call.span = self._spans.begin(call.invocation.trace, waited)
            span = call.span.trace if call.span is not None else ""
        child.invoke(call.request_id, call.invocation, now, call.arn, span)

    def _spawn(self, command: Spawn) -> None:
        deployment = self._functions[command.function].versions[command.version]
        if command.provisioned:
            settings = replace(deployment.settings, initialization="provisioned-concurrency")
            deployment = replace(deployment, settings=settings)
        settings = deployment.settings
        today = datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y/%m/%d")
        stream = f"{today}/[{settings.version}]{secrets.token_hex(16)}"
        child = Child(
            command.child,
            settings,
            owner=self,
            zygote=self._zygote,
            cgroups=self._cgroups,
            log=FunctionLog(settings, self._sink, self._clock),
            clock=self._clock,
            wheel=self._wheel,
        )
        self._children[command.child] = child

        def make_init() -> Init:
            folder = self._left.pop((settings.name, settings.version), None)
            self._temporary[child.number] = folder = folder or self._folders.make(settings.name)
            return init_of(deployment, folder, stream, self._environment)

        child.start(make_init)

    def _refuse(self, command: Refuse[_Call]) -> None:
        self._observer.throttled(command.request.name, command.reason)
        body = b'{"Reason":"%b","Type":"User","message":"Rate Exceeded."}' % command.reason.encode()
        _soon(command.request, Outcome(body, "Throttled", command.reason))

    def _retire(self, command: Retire) -> None:
        self._children[command.child].retire()

    def _kill(self, command: Kill) -> None:
        child = self._children[command.child]
        child.kill()
        self._calls.pop(child, None)

    # -- what becomes of children (process.Owner) -----------------------------------------------------

    def ready(self, child: Child, now: float) -> None:
        """See process.Owner."""
        name, version = child.settings.name, child.settings.version
        self._unproven.discard((name, version))
        self._observer.started(name, version, now - child.began)
        self._run(self._pool.ready(child.number, now))

    def answered(self, child: Child, outcome: Outcome, now: float) -> None:
        """See process.Owner. The child gets its next event before the caller gets its answer."""
        call = self._calls.pop(child)
        self._tell(call, child, _kind_of(outcome), now)
        self._run(self._pool.done(child.number, now))
        call.finish(outcome)

    def failed(self, child: Child, outcome: Outcome, now: float) -> None:
        """See process.Owner."""
        _log.warning(
            "function cannot be loaded: %s",
            _error_of(outcome),
            extra={"function": child.settings.name},
        )
        name, version = child.settings.name, child.settings.version
        self._unproven.discard((name, version))
        self._observer.failed(name, version)
        # Differs: [failed-load] at AWS each of those who wait loads, and fails, for itself.
        self._run(self._pool.failed(child.number, now), outcome)
        self._arm(now)

    def overran(self, child: Child, now: float) -> None:
        """See process.Owner. It has not failed, and its next load is the next call's matter."""
        self._unproven.discard((child.settings.name, child.settings.version))
        self._run(self._pool.overran(child.number, now))

    def called(self, child: Child, spans: bytes) -> None:
        """See process.Owner."""
        if self._spans is not None and self._calls[child].span is not None:
            self._spans.take(spans)

    def lost(self, child: Child, outcome: Outcome | None, now: float) -> None:
        """See process.Owner."""
        call = self._calls.pop(child, None)
        if call is not None and outcome is not None:
            self._tell(call, child, _kind_of(outcome), now)
        self._lose(child, self._pool.lost, now)
        if call is not None and outcome is not None:
            call.finish(outcome)

    def _tell(self, call: _Call, child: Child, error: str, now: float) -> None:
        if self._unproven:
            self._unproven.discard((call.name, call.version))  # it may have loaded within the call
        trigger = call.invocation.trigger
        self._observer.invoked(call.name, call.version, trigger, now - child.began, error)
        if self._spans is not None and call.span is not None:
            told: dict[str, Value] = {
                "faas.version": call.version,
                "faas.trigger": trigger,
                "faas.invocation_id": call.request_id,
                "aws.lambda.invoked_arn": call.arn,
            }
            load = child.take_load()
            self._spans.end(call.span, call.name, told, error, asked=call.asked, load=load)

    def _lose(
        self, child: Child, event: Callable[[int, float], list[Command[_Call]]], now: float
    ) -> None:
        """Tell the scheduler. A child that takes the place of a lost one gets its temporary folder, too."""
        slot = (child.settings.name, child.settings.version)
        folder = self._temporary.pop(child.number, None)
        if folder is not None:  # there is none if it could not be made
            self._left[slot] = folder
        self._run(event(child.number, now))
        if slot in self._left:
            self._temporary[child.number] = self._left.pop(slot)
        self._arm(now)

    def ended(self, child: Child) -> None:
        """See process.Owner."""
        del self._children[child.number]
        folder = self._temporary.pop(child.number, None)
        if folder is not None:
            asyncio.get_running_loop().run_in_executor(None, shutil.rmtree, folder, True)
        if not self._children:
            self._empty.set()

    def _forked(self, number: int, pid: int) -> None:
        child = self._children.get(number)
        if child is not None:
            child.forked(pid)

    def _exited(self, number: int, status: int) -> None:
        child = self._children.get(number)
        if child is not None:
            child.exited(status)

    def _zygote_lost(self) -> None:
        """Without its zygote no child lives."""
        for child in list(self._children.values()):
            child.exited(-9)

    # -- time -----------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._clock.monotonic()
        self._run(self._pool.tick(now))
        self._arm(now)

    def _arm(self, now: float) -> None:
        when = self._pool.next_tick(now)
        if when is not None and self._ticks.deadline > when:
            self._ticks.at(when)

    def _watch_memory(self) -> None:
        for child in self._calls:
            child.watch_memory()
        if self._calls:
            self._memory_looks.at(self._clock.monotonic() + _MEMORY_LOOK)


def _soon(call: _Call, outcome: Outcome) -> None:
    """Answer without running the child: never before `invoke` has returned."""
    asyncio.get_running_loop().call_soon(call.finish, outcome)


def _told_to(failure: Outcome, request_id: str) -> Outcome:
    """Name the call that is told of a failure in which it had no part: that of a load."""
    named = b"RequestId: %b Error" % request_id.encode()
    payload = failure.payload.replace(b"RequestId:  Error", named)
    return failure._replace(payload=payload, request_id=request_id)


def _kind_of(outcome: Outcome) -> str:
    """Return the error type of a call as numbers tell it: "" for none, "timeout" apart from the others."""
    if not outcome.error:
        return ""
    kind = _error_of(outcome).partition(":")[0]
    return "timeout" if kind == "Sandbox.Timedout" else kind


def _error_of(outcome: Outcome) -> str:
    """Say `Type: message` of an error object; the child wrote it, so it may be anything."""
    try:
        error = json.loads(outcome.payload)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, LookupError, TypeError):
        return outcome.reason
