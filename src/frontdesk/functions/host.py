"""Owns all functions: their children, their scheduler, their invokers. The room's one entrance.

Turns the scheduler's commands into orders to children and what becomes of children into events for
the scheduler. The rules are in `rules.pool`, the processes in `process` and `zygote`.
"""

import asyncio
import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.functions.environment import VERSION, init_of
from frontdesk.functions.logs import FunctionLog, LogSink
from frontdesk.functions.memory import Cgroups
from frontdesk.functions.packages import Packages
from frontdesk.functions.process import Child
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from frontdesk.functions.temporary import TemporaryFolders
from frontdesk.functions.zygote_link import ZygoteLink
from frontdesk.ports.invoker import Call, Invocation, Outcome
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
)

_log = logging.getLogger("frontdesk.functions")

_MEMORY_LOOK = 0.25
"""Seconds between two looks at the memory of running children, where no cgroup limits it."""

_END_GRACE = 1.0
"""Seconds that idle children have at shutdown before the zygote is ended with them."""

_STOPPED = Outcome(b"", "Unavailable", "function removed or host stopped")


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


class _Call:
    """One invocation, from the request to its outcome. The scheduler's request."""

    __slots__ = ("_done", "_host", "child", "invocation", "name")

    def __init__(
        self,
        host: "FunctionHost",
        name: str,
        invocation: Invocation,
        done: Callable[[Outcome], None],
    ) -> None:
        self._host = host
        self._done: Callable[[Outcome], None] | None = done
        self.name = name
        self.invocation = invocation
        self.child: Child | None = None  # while it runs

    def finish(self, outcome: Outcome) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(outcome)

    def cancel(self, *, kill: bool) -> None:
        """Stop waiting (see the port)."""
        if self._done is not None:
            self._done = self.invocation.stream = None
            self._host.give_up(self, kill=kill)


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
        processes: int = 4 * len(os.sched_getaffinity(0)),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what the composition root has.

        wheel: someone advances it. data_dir: for packages, code and temporary folders. log: takes the
        lines of functions. concurrency: calls at once of all functions, counted as Lambda does; None:
        not counted, and `processes` are shared by functions without reserved concurrency. environment:
        variables of every function, which its own may override.
        """
        self._clock = clock
        self._wheel = wheel
        self._sink = log
        self._functions: dict[str, FunctionSettings] = {}
        self._packages = Packages(data_dir / "packages")
        self._package_folders: dict[str, Path | None] = {}
        self._folders = TemporaryFolders(data_dir / "tmp")
        self._temporary: dict[int, Path] = {}  # the folder of each child
        self._limits = Limits(shared=concurrency or processes, cores=len(os.sched_getaffinity(0)))
        self._pool: Pool[_Call] = Pool(self._limits)
        self._children: dict[int, Child] = {}
        self._calls: dict[Child, _Call] = {}
        self._ticks = wheel.timer(self._tick)
        self._memory_looks = wheel.timer(self._watch_memory)
        self._request_ids = _uuids()
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
        """Begin on the running loop: install requirements, warm up one child per function.

        Returns before the children are up. Raises: StartError.
        """
        self._cgroups = Cgroups.delegated()
        await asyncio.to_thread(self._folders.open)
        await self.replace(functions)

    async def replace(self, functions: Iterable[FunctionDefinition]) -> None:
        """Run these functions of the file from now on; those of `put` stay as they are.

        Raises: StartError, and nothing has changed.
        """
        definitions = list(functions)
        new = {definition.name: definition.latest for definition in definitions}
        reserved = {each.name: each.reserved_concurrency for each in definitions}
        folders = await self._install(new)
        former, self._functions, self._package_folders = self._functions, new, folders
        now = self._clock.monotonic()
        for name in former.keys() - new.keys():
            self._run(self._pool.remove(name))
        for settings in new.values():
            self._run(self._pool.define(settings.name, reserved[settings.name], now))
            self._run(self._pool.warm(settings.name))

    async def put(self, definition: FunctionDefinition) -> None:
        """Run this function from now on, beside those of the file. Raises: as `replace`."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Forget a function of `put`. Its running calls finish, its waiting ones fail."""
        raise NotImplementedError

    def definition(self, name: str) -> FunctionDefinition | None:
        """Return a function that is run now, of the file or of `put`."""
        raise NotImplementedError

    def invoker(self, name: str, qualifier: str = "") -> FunctionInvoker:
        """Make an Invoker of a function that is run now or after the next `replace`.

        qualifier: a version, an alias, or "" for $LATEST. What is not there makes it answer Unavailable.
        """
        return FunctionInvoker(self, name, qualifier)

    async def stop(self, grace: float) -> None:
        """End everything. grace: seconds that running calls have to finish; then they are killed."""
        functions, self._functions = self._functions, {}
        for name in functions:
            self._run(self._pool.remove(name))
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

    async def _until_empty(self, seconds: float) -> None:
        if self._children:
            self._empty.clear()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                return

    async def _install(self, functions: Mapping[str, FunctionSettings]) -> dict[str, Path | None]:
        folders: dict[str, Path | None] = {}
        for name, settings in functions.items():
            if not settings.code.is_dir():
                raise StartError(f"function {name}: no such folder: {settings.code}")
            required = settings.requirements
            folders[name] = required and await asyncio.to_thread(
                self._packages.folder_for, required
            )
        return folders

    # -- calls --------------------------------------------------------------------------------------

    def invoke(
        self, name: str, qualifier: str, invocation: Invocation, done: Callable[[Outcome], None]
    ) -> Call:
        """Run function `name` with one event; `done` is called later, once."""
        call = _Call(self, name, invocation, done)
        if name not in self._functions:
            _soon(call, _STOPPED)
            return call
        now = self._clock.monotonic()
        self._run(self._pool.request(name, call, invocation.deadline, now))
        if call.child is None and self._ticks.deadline > now + self._limits.patience:
            self._ticks.at(now + self._limits.patience)
        return call

    def give_up(self, call: _Call, *, kill: bool) -> None:
        """Nobody waits for the outcome of `call`. kill: nor is it wanted to run on."""
        if call.child is None:
            self._pool.withdraw(call.name, call)
        elif kill:
            self._run(self._pool.kill(call.child.number, self._clock.monotonic()))

    # -- commands -----------------------------------------------------------------------------------

    def _run(self, commands: list[Command[_Call]], failure: Outcome = _STOPPED) -> None:
        """Carry commands out. failure: what those get who wait in vain."""
        for command in commands:
            if type(command) is Fail:
                _soon(command.request, failure)
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
        child.invoke(next(self._request_ids), call.invocation, now)

    def _spawn(self, command: Spawn) -> None:
        settings = self._functions[command.function]
        folder = self._folders.make(settings.name)
        self._temporary[command.child] = folder
        today = datetime.fromtimestamp(self._clock.time(), UTC).strftime("%Y/%m/%d")
        stream = f"{today}/[{VERSION}]{secrets.token_hex(16)}"
        init = init_of(settings, self._package_folders[settings.name], folder, stream)
        child = Child(
            command.child,
            settings,
            owner=self,
            zygote=self._zygote,
            cgroups=self._cgroups,
            log=FunctionLog(settings.name, settings.memory, self._sink, self._clock),
            clock=self._clock,
            wheel=self._wheel,
        )
        self._children[command.child] = child
        child.start(init)

    def _refuse(self, command: Refuse[_Call]) -> None:
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
        self._run(self._pool.ready(child.number, now))

    def answered(self, child: Child, outcome: Outcome, now: float) -> None:
        """See process.Owner. The child gets its next event before the caller gets its answer."""
        call = self._calls.pop(child)
        self._run(self._pool.done(child.number, now))
        call.finish(outcome)

    def failed(self, child: Child, outcome: Outcome, now: float) -> None:
        """See process.Owner."""
        _log.warning(
            "function cannot be loaded: %s",
            _error_of(outcome),
            extra={"function": child.settings.name},
        )
        # Differs: [failed-load] at AWS each of those who wait loads, and fails, for itself.
        self._run(self._pool.failed(child.number, now), outcome)

    def lost(self, child: Child, outcome: Outcome | None, now: float) -> None:
        """See process.Owner."""
        call = self._calls.pop(child, None)
        self._run(self._pool.lost(child.number, now))
        if call is not None and outcome is not None:
            call.finish(outcome)

    def ended(self, child: Child) -> None:
        """See process.Owner."""
        del self._children[child.number]
        folder = self._temporary.pop(child.number)
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
        when = self._pool.next_tick(now)
        if when is not None:
            self._ticks.at(when)

    def _watch_memory(self) -> None:
        for child in self._calls:
            child.watch_memory()
        if self._calls:
            self._memory_looks.at(self._clock.monotonic() + _MEMORY_LOOK)


def _soon(call: _Call, outcome: Outcome) -> None:
    """Answer without running the child: never before `invoke` has returned."""
    asyncio.get_running_loop().call_soon(call.finish, outcome)


def _error_of(outcome: Outcome) -> str:
    """Say `Type: message` of an error object; the child wrote it, so it may be anything."""
    try:
        error = json.loads(outcome.payload)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, LookupError, TypeError):
        return outcome.reason


def _uuids() -> Iterator[str]:
    """Make random UUIDs (RFC 9562 version 4) from the kernel's randomness, 256 at a time."""
    while True:
        digits = secrets.token_hex(16 * 256)
        for at in range(0, len(digits), 32):
            one = digits[at : at + 32]
            yield f"{one[:8]}-{one[8:12]}-4{one[13:16]}-a{one[17:20]}-{one[20:]}"
