"""Owns what a type of API is to the compiler, and builders that are loaded with the first route that has them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from frontdesk.config.models.api import Api
from frontdesk.gateway.pipeline.build import Builder, RouteBuild
from frontdesk.gateway.pipeline.plan import RoutePlan, Step
from frontdesk.gateway.pipeline.router import Mount, Routes

Both = tuple[tuple[Builder, ...], tuple[Builder, ...]]
"""A head and its tail."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the APIs of one type are compiled.

    unmatched: head of the plan of a miss. table: makes, for an API, what finds the plan of a request. mount: what
    takes the requests of a stage. apart: routes with another order, by key.
    """

    head: tuple[Builder, ...]
    tail: tuple[Builder, ...]
    unmatched: tuple[Builder, ...]
    table: Callable[[Api], Callable[[Iterable[RoutePlan]], Routes]]
    mount: Callable[[str, Any, RoutePlan, RoutePlan | None], Mount]
    apart: Mapping[str, Both] = field(default_factory=dict)
    unmatched_tail: tuple[Builder, ...] | None = None

    def order(self, key: str) -> Both:
        """Return the head and tail of a route."""
        return self.apart.get(key, (self.head, self.tail))


def late(module: str, name: str) -> Builder:
    """Return a builder whose module is loaded for the first route that it builds a step of.

    module: below `pipeline`. name: of the builder in it.
    """

    @cache  # for 10,000 routes even finding a loaded module takes a while
    def builder() -> Builder:
        found: Builder = getattr(import_module(f"frontdesk.gateway.pipeline.{module}"), name)
        return found

    def build(route: RouteBuild) -> Step | None:
        return builder()(route)

    return build
