"""Owns what an execution waits for in the journal: commands that are not done, and timers.

Whatever changes is said to the turn that is under way. Knows no interpreter.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from frontdesk.durable.executions import timers
from frontdesk.durable.life import Turn
from frontdesk.ports.journal import Document

_LASTING: Final = frozenset(("Recall", "StopChildren", "TellParent"))
"""Commands that outlive their execution."""


class Waiting:
    """Commands and timers of one execution."""

    __slots__ = ("_commands", "_timers")

    def __init__(self, timers_set: Iterable[str], commands: Mapping[str, Document]) -> None:
        self._timers = set(timers_set)
        self._commands = dict(commands)

    def command(self, key: str) -> Document | None:
        """Return a command that is not done."""
        return self._commands.get(key)

    def ask(self, key: str, command: Document, turn: Turn) -> None:
        """Have a command done."""
        turn.commands[key] = self._commands[key] = command

    def done(self, key: str, turn: Turn) -> None:
        """Have a command done no more; one of the same turn is not begun."""
        if self._commands.pop(key, None) is not None and turn.commands.pop(key, None) is None:
            turn.done.add(key)

    def done_below(self, prefix: str, turn: Turn) -> None:
        """Have the commands done no more whose keys begin so."""
        for key in [one for one in self._commands if one.startswith(prefix)]:
            self.done(key, turn)

    def set(self, key: str, at: float, turn: Turn) -> None:
        """Set a timer, or move it. at: seconds since 1970."""
        self._timers.add(key)
        turn.timers[key] = at

    def fired(self, key: str) -> bool:
        """Forget a timer that has fired; tell whether it was set until then."""
        was_set = key in self._timers
        self._timers.discard(key)
        return was_set

    def drop(self, key: str, turn: Turn) -> None:
        """Drop a timer."""
        if key in self._timers:
            self._timers.remove(key)
            turn.timers[key] = None

    def drop_limits(self, key: str, attempt: int, turn: Turn) -> None:
        """Drop the time limits of a task."""
        if self._timers:
            self.drop(timers.timeout(key, attempt), turn)
        if self._timers:
            for name in self._heartbeats(key, attempt):
                self.drop(name, turn)

    def beat(self, key: str, attempt: int, now: float, turn: Turn) -> None:
        """Give a task its whole heartbeat anew."""
        for name in self._heartbeats(key, attempt):
            self.set(name, now + (timers.read_timer(name).heartbeat or 0), turn)

    def end(self, turn: Turn) -> None:
        """Wait for nothing any more, but for what outlives the execution."""
        for timer in list(self._timers):
            self.drop(timer, turn)
        for key, command in list(self._commands.items()):
            if command["type"] not in _LASTING:
                self.done(key, turn)

    def _heartbeats(self, key: str, attempt: int) -> list[str]:
        """Find the timer of a task's heartbeat: its name has the seconds between."""
        begin, end = f"{attempt}~", f"~{key}"
        return [one for one in self._timers if one.startswith(begin) and one.endswith(end)]
