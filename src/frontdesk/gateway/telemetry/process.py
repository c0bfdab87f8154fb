"""Owns what a process tells of itself: CPU time, memory, files, how late its loop is, how long it collects garbage."""

import asyncio
import gc
import os
import platform
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from frontdesk import __version__
from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry, Sample

PERIOD: Final = 0.5
"""Seconds between two looks at the loop's lag."""

_PAGE: Final = resource.getpagesize()
_STATM: Final = Path("/proc/self/statm")
_FDS: Final = Path("/proc/self/fd")


def process_samples() -> Iterator[Sample]:
    """Read what the kernel knows of this process."""
    used = os.times()
    yield Sample(metrics.CPU.name, (), used.user + used.system)
    if _STATM.exists():  # Linux
        resident = int(_STATM.read_text().split()[1]) * _PAGE
        yield Sample(metrics.RESIDENT.name, (), float(resident))
        yield Sample(metrics.OPEN_FDS.name, (), float(sum(1 for _ in _FDS.iterdir())))
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    yield Sample(metrics.BUILD_INFO.name, (__version__, platform.python_version(), loop), 1.0)


class LoopLag:
    """Looks twice a second how much later than asked the event loop calls back."""

    def __init__(self, registry: Registry) -> None:
        self._lag = registry.histogram(metrics.LOOP_LAG)
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin on the running loop."""
        self._arm(asyncio.get_running_loop())

    def close(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next = loop.call_later(PERIOD, self._look, loop, loop.time() + PERIOD)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lag.observe(max(0.0, loop.time() - due))
        self._arm(loop)


class GcPauses:
    """Measures collections of garbage, in whatever thread they happen."""

    def __init__(self, registry: Registry, monotonic: Callable[[], float]) -> None:
        self._pauses = registry.histogram(metrics.GC_PAUSE)
        self._monotonic = monotonic
        self._began = 0.0

    def start(self) -> None:
        """Begin to listen to the collector."""
        gc.callbacks.append(self._collected)

    def close(self) -> None:
        """Listen no more."""
        if self._collected in gc.callbacks:
            gc.callbacks.remove(self._collected)

    def _collected(self, phase: str, _info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = self._monotonic()
        else:
            self._pauses.observe(self._monotonic() - self._began)
