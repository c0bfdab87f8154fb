"""Owns long work beside the requests: it runs in a thread that gives way, and the collector rests."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from frontdesk.config.load import Loaded
from frontdesk.config.models.model import Model
from frontdesk.config.tree import Node
from frontdesk.gateway.pipeline.router import GatewayPlan

T = TypeVar("T")

_GIVE_WAY: Final = 0.002
"""Seconds that the thread may keep the interpreter while the event loop waits for it. Usual are 5 ms."""


_LEVELS: Final = 6
"""Of a configuration, down to what a single route says: pieces small enough to be freed at once."""


async def aside(work: Callable[[], T]) -> T:
    """Run `work` in a thread; return its result or raise what it raised.

    What it makes lives on: nothing is collected before it is over, nor before others beside it are, and then
    all that lives is frozen, as at the start. A look of the collector at a plan of 10,000 routes would hold every request up.
    """
    with _quiet:
        return await asyncio.to_thread(work)


class _Quiet:
    """The collector rests and threads give way, from the first work that begins until the last one is over."""

    def __init__(self) -> None:
        self._works = 0
        self._collecting = False
        self._interval = 0.0

    def __enter__(self) -> None:
        if not self._works:
            self._collecting, self._interval = gc.isenabled(), sys.getswitchinterval()
            gc.collect()  # what is garbage by now would be frozen with the rest
            gc.disable()
            sys.setswitchinterval(_GIVE_WAY)
        self._works += 1

    def __exit__(self, *_: object) -> None:
        self._works -= 1
        if not self._works:
            sys.setswitchinterval(self._interval)
            gc.freeze()
            if self._collecting:
                gc.enable()


_quiet: Final = _Quiet()


def let_go(wholes: list[object]) -> None:
    """Free a former plan or configuration piece by piece; empty the list, which has the only references.

    Freed as a whole it would keep the interpreter for as long as all its parts take.
    """
    pieces = wholes
    for _ in range(_LEVELS):
        pieces = [part for whole in pieces for part in _parts(whole)]
        wholes += pieces
    del pieces
    wholes.reverse()
    while wholes:
        wholes.pop()


def _parts(whole: object) -> Iterable[object]:
    match whole:
        case GatewayPlan():
            return whole.plans()
        case Loaded():
            return whole.config, whole.tree.value, whole.tree.node
        case Node():
            return whole.children.values()
        case Model():
            return vars(whole).values()
        case dict():
            return whole.values()
        case list() | tuple():
            return whole
    return ()
