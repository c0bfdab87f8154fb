"""Owns what an event bus, its rules and their targets are: of the file, or made through the API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import orjson

from frontdesk.config.models.publishing import EventTarget
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.receivers import Receiver
from frontdesk.rules.events.event_bus import Make, constant, part, transformed, whole

DEFAULT: Final = "default"
"""The bus that is always there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """A bus. of_file: the API cannot remove it."""

    name: str
    description: str = ""
    of_file: bool = False

    @property
    def key(self) -> str:
        """See kept.Documented."""
        return self.name

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` has written."""
        return cls(**document)

    @property
    def document(self) -> dict[str, Any]:
        """See kept.Documented."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who gets the events of a rule.

    input: JSON text in place of the event; path: a part of it; template with paths: made of its parts; ""
    or nothing of all of them: the whole. group: of messages in a FIFO queue.
    """

    id: str
    to: Receiver
    input: str = ""
    path: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    template: str = ""
    group: str = ""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `asdict` has written."""
        return cls(**{**document, "to": Receiver(*document["to"])})

    def make(self) -> Make:
        """Return what makes its input. Raises: InputError."""
        if self.input:
            return constant(orjson.loads(self.input))
        if self.template:
            return transformed(self.paths, self.template)
        return part(self.path) if self.path else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule. pattern: JSON text, as it was given. of_file: the API cannot change it."""

    bus: str
    name: str
    pattern: str
    enabled: bool = True
    description: str = ""
    targets: Sequence[Target] = ()
    of_file: bool = False

    @property
    def key(self) -> str:
        """See kept.Documented."""
        return f"{self.bus}:{self.name}"

    @property
    def path(self) -> str:
        """The last part of its ARN."""
        place = "" if self.bus == DEFAULT else f"{self.bus}/"
        return f"rule/{place}{self.name}"

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` has written."""
        targets = [Target.read(each) for each in document["targets"]]
        return cls(**{**document, "targets": targets})

    @property
    def document(self) -> dict[str, Any]:
        """See kept.Documented."""
        targets = [{**asdict(each), "to": [*each.to]} for each in self.targets]
        return {**asdict(self), "targets": targets}


def buses_of(config: Config) -> dict[str, Bus]:
    """Return the buses of a configuration by name, and the default one."""
    return {name: Bus(name=name, of_file=True) for name in (DEFAULT, *config.event_buses)}


def rules_of(config: Config) -> dict[str, Rule]:
    """Return the rules of a configuration by key."""
    found = (
        Rule(
            bus=bus,
            name=name,
            pattern=orjson.dumps(rule.pattern).decode(),
            enabled=rule.enabled,
            targets=[*_targets(rule.targets)],
            of_file=True,
        )
        for bus, each in config.event_buses.items()
        for name, rule in each.rules.items()
    )
    return {rule.key: rule for rule in found}


def _targets(entries: Sequence[EventTarget]) -> Iterator[Target]:
    for number, entry in enumerate(entries, start=1):
        made = entry.input_transformer
        yield Target(
            id=str(number),
            to=_receiver(entry),
            input="" if entry.input is None else orjson.dumps(entry.input).decode(),
            path=entry.input_path or "",
            paths=made.paths if made else {},
            template=made.template if made else "",
            group=entry.group or "",
        )


def _receiver(entry: EventTarget) -> Receiver:
    if entry.queue is not None:
        return Receiver("queue", entry.queue)
    if entry.function is not None:
        return Receiver("function", entry.function)
    return Receiver("state_machine", entry.state_machine or "")
