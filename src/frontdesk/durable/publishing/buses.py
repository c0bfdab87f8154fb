"""Owns which event buses and rules there are, and what is done with an event: patterns, inputs, handing on.

A rule of the file cannot be changed by the API; others may add rules to a bus of the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from frontdesk.base.ids import uuid_of
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.handing import Handed, Handing
from frontdesk.durable.publishing.kept import Kept
from frontdesk.durable.publishing.rules import DEFAULT, Bus, Rule, Target, buses_of, rules_of
from frontdesk.ports.catalog import Catalog
from frontdesk.rules.events.event_bus import Event, Make, Matched, Place
from frontdesk.rules.events.patterns import Matches, compile_pattern
from frontdesk.rules.events.sqs import Attributes

BUS: Final = "event_bus"
"""Documents: buses that the API has made, by name."""

RULE: Final = "event_rule"
"""Documents: rules that the API has made, by bus and name."""


class Taken(NamedTuple):
    """An event on its way to the receivers. taken: when it came in, seconds since 1970."""

    bus: str
    event: Event
    taken: float
    trace: str = ""


class _Route(NamedTuple):
    rule: Rule
    matches: Matches
    targets: Sequence[tuple[Target, Make]]


class Buses:
    """All event buses of one gateway. Used on its event loop."""

    def __init__(self, catalog: Catalog, handing: Handing, *, region: str, account: str) -> None:
        self.place = Place(region, account)
        self.of_api = Kept(catalog, BUS, Bus.read, self._changed)
        self.ruled = Kept(catalog, RULE, Rule.read, self._changed)
        self._handing = handing
        self._arn = f"arn:aws:events:{region}:{account}:"
        self._of_file: Mapping[str, Bus] = {DEFAULT: Bus(name=DEFAULT, of_file=True)}
        self._ruled_of_file: Mapping[str, Rule] = {}
        self._routes: dict[str, Sequence[_Route]] = {}

    async def start(self) -> None:
        """Read what the API has made, and follow what other gateways make of it. Raises: StoreError."""
        await self.of_api.start()
        await self.ruled.start()

    def stop(self) -> None:
        """Follow nothing any more."""
        self.of_api.stop()
        self.ruled.stop()

    def adopt(self, config: Config) -> None:
        """Take those of the file in place of those taken before."""
        self._of_file, self._ruled_of_file = buses_of(config), rules_of(config)
        self._changed()

    # -- which there are ----------------------------------------------------------------------------

    def arn(self, bus: Bus) -> str:
        """Return the ARN of a bus."""
        return f"{self._arn}event-bus/{bus.name}"

    def rule_arn(self, rule: Rule) -> str:
        """Return the ARN of a rule."""
        return self._arn + rule.path

    def find(self, text: str) -> Bus | None:
        """Find a bus by its name, or its ARN of whatever region and account. None: there is none."""
        name = text.partition(":event-bus/")[2] or text
        return self._of_file.get(name) or self.of_api.items.get(name)

    def all(self) -> Sequence[Bus]:
        """List all buses by name."""
        buses = {**self.of_api.items, **self._of_file}
        return [buses[name] for name in sorted(buses)]

    def find_rule(self, bus: Bus, name: str) -> Rule | None:
        """Find a rule by its name. None: there is none."""
        key = f"{bus.name}:{name}"
        return self._ruled_of_file.get(key) or self.ruled.items.get(key)

    def rules(self, bus: Bus) -> Sequence[Rule]:
        """List those of a bus by name."""
        found = {**self.ruled.items, **self._ruled_of_file}
        return [found[key] for key in sorted(found) if found[key].bus == bus.name]

    # -- events -------------------------------------------------------------------------------------

    async def publish(self, events: Sequence[Taken]) -> None:
        """Return when every target has its events for good. Raises: StoreError; some may have them then."""
        await self._handing.hand([each for taken in events for each in self._handed(taken)])

    def _handed(self, taken: Taken) -> Iterator[Handed]:
        for rule, matches, targets in self._routes_of(taken.bus):
            if not matches(taken.event):
                continue
            arn = self.rule_arn(rule)
            matched = Matched(taken.event, arn, taken.taken)
            event_id = taken.event["id"]
            for target, make in targets:
                yield Handed(
                    arn,
                    target.to,
                    make(matched),
                    Attributes(trace=taken.trace),
                    target.group,
                    key=f"{event_id}_{uuid_of(f'{event_id}:{arn}:{target.id}')}",
                )

    def _routes_of(self, name: str) -> Sequence[_Route]:
        routes = self._routes.get(name)
        if routes is None:
            routes = self._routes[name] = [
                _Route(
                    rule,
                    compile_pattern(orjson.loads(rule.pattern)),
                    [(target, target.make()) for target in rule.targets],
                )
                for rule in self.rules(Bus(name=name))
                if rule.enabled
            ]
        return routes

    def _changed(self) -> None:
        self._routes = {}
