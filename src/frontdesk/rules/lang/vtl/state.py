"""Owns one rendering while it runs: its variables, what it has written, and the calls it is in."""

from collections.abc import Callable
from typing import Any

from frontdesk.rules.lang.vtl.meter import Limits, Meter


class State(Meter):
    """One rendering. out: what has been written, to be joined. variables: of the template, by name."""

    __slots__ = ("out", "variables")

    def __init__(self, limits: Limits, variables: dict[str, Any]) -> None:
        super().__init__(limits)
        self.out: list[str] = []
        self.variables = variables


Evaluate = Callable[[State], Any]
Run = Callable[[State], None]
Step = Callable[[State, Any], Any]
"""Follows a reference from one value to the next."""


class Broken(Exception):  # noqa: N818 - no error: how #break leaves what it is in
    """Raised by #break."""


class Stopped(Exception):  # noqa: N818 - no error: how #stop leaves everything
    """Raised by #stop."""


class Deferred:
    """A text of #define: made anew wherever its variable is used."""

    __slots__ = ("_body",)

    def __init__(self, body: "Body") -> None:
        self._body = body

    def text(self, state: State) -> str:
        """Render it."""
        return captured(state, self._body.run_inside)


class Body:
    """A compiled block that runs more than once or from elsewhere. weight: steps of one run."""

    __slots__ = ("run", "weight")

    def __init__(self, run: Run, weight: int) -> None:
        self.run = run
        self.weight = weight

    def run_inside(self, state: State) -> None:
        """Run as a call of its own: one level deeper, and #break ends it."""
        state.enter()
        state.spend(self.weight)
        try:
            self.run(state)
        except Broken:
            pass
        finally:
            state.leave()


def captured(state: State, run: Run) -> str:
    """Run something and return what it writes."""
    outer, state.out = state.out, []
    try:
        run(state)
        state.reserve(sum(map(len, state.out)))
        return state.make("".join(state.out))
    finally:
        state.out = outer
