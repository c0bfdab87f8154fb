"""Owns what is told of a target's ejections: that it is left out, and that it is back."""

import logging

from frontdesk.base.wheel import Wheel
from frontdesk.client.looks import Move, Moved

_log = logging.getLogger("frontdesk.upstream")


class Ejections:
    """The ejections of one target: two lines of the log for each, however many calls fail meanwhile."""

    def __init__(self, upstream: str, target: str, wheel: Wheel, moved: Moved) -> None:
        """upstream: its name. target: `host:port`. moved: is told as well."""
        self._moved = moved
        self._named = {"upstream": upstream, "target": target}
        self._end = wheel.timer(self._over)
        self._out = False

    def ejected(self, until: float) -> None:
        """Take note that requests keep away from the target until this monotonic second."""
        if not self._out:
            self._out = True
            _log.warning("target is left out after failures", extra=self._named)
            self._moved(Move(**self._named, state="ejected"))
        self._end.at(until)

    def stop(self) -> None:
        """Tell no more."""
        self._end.stop()

    def _over(self) -> None:
        self._out = False
        _log.warning("target is no longer left out", extra=self._named)
        self._moved(Move(**self._named, state="back"))
