"""Tells the log once when the store keeps some work from being done, and once when it is done again.

What is tried again several times a second would fill a disk while a database is away.
"""

import logging
from typing import Final

from frontdesk.base.errors import StoreError

_OVER: Final = "done again after: %s"


class Outage:
    """One kind of work. Used on one event loop."""

    __slots__ = ("_extra", "_lasts", "_log", "_undone")

    def __init__(self, log: logging.Logger, undone: str, **extra: str) -> None:
        """undone: what is not done meanwhile, for the log. extra: goes with it."""
        self._log = log
        self._undone = undone
        self._extra = extra
        self._lasts = False

    def failed(self, error: StoreError) -> None:
        """Learn that it was not done."""
        if not self._lasts:
            self._lasts = True
            hint = {"hint": error.hint} if error.hint else {}
            self._log.warning(self._undone, extra={**self._extra, "error": error.message, **hint})

    def over(self) -> None:
        """Learn that it was done."""
        if self._lasts:
            self._lasts = False
            self._log.warning(_OVER, self._undone, extra=self._extra)
