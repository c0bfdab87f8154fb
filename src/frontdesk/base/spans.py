"""Owns what a span is: one operation of a trace, over, as OpenTelemetry has it. Knows nobody who sends them.

Names of spans and attributes are those of OpenTelemetry's semantic conventions, and `frontdesk.…` beside them.
Standard library only: the processes of functions load it.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

Kind = Literal["server", "client", "consumer", "internal"]
Value = str | int | float | bool

MOST: Final = 1000
"""Spans that one process collects; further ones are dropped."""


class Link(NamedTuple):
    """A span of another trace that has led to this one. Ids in hex."""

    trace_id: str
    span_id: str


class Span(NamedTuple):
    """One operation. Ids in hex; times in nanoseconds since 1970; error: "" when it went well."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: Kind
    start: int
    end: int
    attributes: Mapping[str, Value]
    error: str = ""
    links: tuple[Link, ...] = ()


Record = Callable[[Span], None]
"""Takes spans of sampled traces. Called from the event loop."""


WANTED: Final = "_FRONTDESK_SPANS"
"""Variable of the environment that is not empty while whoever runs this process takes what it has collected."""


class Collected:
    """Spans of what the code of this process does, until whoever runs it takes them. May be added to by any thread."""

    def __init__(self) -> None:
        self._spans: list[Span] = []

    @property
    def wanted(self) -> bool:
        """Whether somebody takes them."""
        return bool(os.environ.get(WANTED))

    def add(self, span: Span) -> None:
        """Keep one, where there is room."""
        if len(self._spans) < MOST:
            self._spans.append(span)

    def take(self) -> list[Span]:
        """Return what there is, and begin anew."""
        taken, self._spans = self._spans, []
        return taken


collected: Final = Collected()
"""Those of this process."""
