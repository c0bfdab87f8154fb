"""Owns what `rules.pool` counts with: places, groups of children, and a function's share of places.

Keeps no rule of who is served; whoever changes a group's children or calls keeps the counts of its
places.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

R = TypeVar("R", bound=Hashable)
"""A request, opaque to the scheduler."""


Wait = tuple[float, float]
"""Since when a request waits, and the second at which it waits no longer."""


@dataclass(slots=True, eq=False)
class Places(Generic[R]):
    """Places for calls, each from its admission to its end, and for children while they live.

    refusal: the reason for a call beyond `limit`; "" lets it wait.
    """

    limit: int
    refusal: str
    calls: int = 0
    children: int = 0
    starved: "OrderedDict[Group[R], None]" = field(default_factory=OrderedDict)
    """Those with requests waiting, but neither a child nor a place."""

    @property
    def full(self) -> bool:
        """Tell whether another call would be one too many."""
        return self.calls >= self.limit


@dataclass(slots=True, eq=False)
class Group(Generic[R]):
    """Children of one version and kind. A child is in exactly one of starting, idle and busy."""

    function: str
    version: str
    places: Places[R]
    wanted: int = 0  # how many stand ready; 0: they are started on demand
    starting: set[int] = field(default_factory=set)
    idle: dict[int, float] = field(default_factory=dict)  # since when; last used comes last
    busy: dict[int, R] = field(default_factory=dict)
    waiting: OrderedDict[R, Wait] = field(default_factory=OrderedDict)
    faulty: bool = False  # the last child to start could not
    replaced: bool = False  # a newer one exists: children go when their call is done
    next_try: float = 0.0  # before this second nobody is started only to stand ready …
    stand_ins: int = 0  # … but so many for those that were lost

    @property
    def size(self) -> int:
        """Count the children."""
        return len(self.starting) + len(self.idle) + len(self.busy)

    @property
    def calls(self) -> int:
        """Count the calls that run or wait."""
        return len(self.busy) + len(self.waiting)

    @property
    def has_room(self) -> bool:
        """Tell whether another child may be started."""
        if self.wanted:
            return self.size < self.wanted
        return self.places.children < self.places.limit

    @property
    def missing(self) -> int:
        """Children that ought to stand ready and are not there."""
        return 0 if self.replaced else max(0, self.wanted - self.size)

    def move_to(self, places: Places[R]) -> None:
        """Let its calls and children count in other places."""
        former, self.places = self.places, places
        former.starved.pop(self, None)
        former.calls -= self.calls
        former.children -= self.size
        places.calls += self.calls
        places.children += self.size


@dataclass(slots=True, eq=False)
class Function(Generic[R]):
    """A function's share of the places, and its groups by version."""

    places: Places[R]  # of calls that no child stands ready for
    reserved: int | None = None
    on_demand: dict[str, Group[R]] = field(default_factory=dict)
    provisioned: dict[str, Group[R]] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        """Places that nobody else can have."""
        if self.reserved is not None:
            return self.reserved
        return sum(group.wanted for group in self.provisioned.values())
