"""A host with real children for the tests of this room, and a check that nothing is left behind."""

import asyncio
import json
import os
import shutil
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import TICK, Wheel
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from frontdesk.ports.invoker import Invocation, Outcome

HANDLERS = Path(__file__).parent / "handlers"


class AdjustableClock(SystemClock):
    """The machine's clock, and `ahead` seconds."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class Rig:
    """A running host. `await call(...)` invokes; `lines` is everything that was logged."""

    def __init__(self, folder: Path) -> None:
        self.code = folder / "code"
        self.clock = AdjustableClock()
        self.loop = asyncio.get_running_loop()
        self.wheel = Wheel(self.clock.monotonic())
        self.log: list[bytes] = []
        self.host: FunctionHost
        self.turn()

    def turn(self) -> None:
        self.wheel.advance(self.clock.monotonic())
        self.ticker = self.loop.call_later(TICK, self.turn)

    @property
    def lines(self) -> list[str]:
        return b"".join(self.log).decode().splitlines()

    def settings(self, handler: str, **changes) -> FunctionSettings:
        values = {"name": "f", "handler": handler, "code": self.code, "timeout": 30.0} | changes
        return FunctionSettings(**values)

    def definition(self, handler: str, *, versions=None, **changes):
        """A function whose $LATEST has these settings, and versions with changes to them."""
        keys = ("aliases", "provisioned", "reserved_concurrency")
        shared = {key: changes.pop(key) for key in keys if key in changes}
        latest = self.settings(handler, **changes)
        numbered = {
            number: replace(latest, version=number, **its)
            for number, its in (versions or {}).items()
        }
        return FunctionDefinition(name=latest.name, latest=latest, versions=numbered, **shared)

    def invoker(self, name="f", qualifier=""):
        return self.host.invoker(name, qualifier)

    def start(self, event=None, *, name="f", qualifier="", wait=60.0, **rest):
        """Invoke; answer the call and a future of its outcome."""
        answer: asyncio.Future[Outcome] = self.loop.create_future()
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        invocation = Invocation(body, self.clock.monotonic() + wait, **rest)
        return self.invoker(name, qualifier).invoke(invocation, answer.set_result), answer

    async def call(self, event=None, **rest) -> Outcome:
        async with asyncio.timeout(60):
            return await self.start(event, **rest)[1]

    async def result(self, event=None, **rest):
        """Invoke and read the result of a success."""
        outcome = await self.call(event, **rest)
        assert outcome.error == "", outcome
        return json.loads(outcome.payload)

    async def until(self, condition) -> None:
        """Wait for something that happens outside this process."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - what happens there sets no Event here
                await asyncio.sleep(0.01)


def processes_in(folder: Path) -> list[int]:
    """Processes whose working directory is below `folder`: functions and what they started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def children_of(parent: int) -> list[str]:
    """State letters of the processes of this parent, e.g. Z for a zombie."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if int(ppid) == parent:
            found.append(state)
    return found


@pytest.fixture
async def serve(tmp_path):
    """`async with serve(handler, ...) as rig`: one function `f`, or several. host: more for the host."""

    @asynccontextmanager
    async def serve(handler: str, *more, concurrency=4, host=None, grace=0.0, **changes):
        shutil.copytree(HANDLERS, tmp_path / "code", dirs_exist_ok=True)
        rig = Rig(tmp_path)
        functions = [rig.definition(handler, **changes), *(rig.definition(**each) for each in more)]
        rig.host = FunctionHost(
            rig.clock,
            rig.wheel,
            data_dir=tmp_path / "data",
            processes=concurrency,
            log=lambda name, lines: rig.log.append(lines),
            **(host or {}),
        )
        await rig.host.start(functions)
        try:
            yield rig
        finally:
            await rig.host.stop(grace)
            rig.ticker.cancel()
        assert processes_in(tmp_path) == []
        assert "Z" not in children_of(os.getpid())

    return serve
