"""Owns what a topic and a subscription are: of the file, or made through the API."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from frontdesk.base.ids import uuid_of
from frontdesk.config.models.publishing import Topic as FileTopic
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.receivers import Receiver
from frontdesk.rules.events.sns import FilterOn


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic.

    content_based: a FIFO topic knows a message by its text where it says nothing else. kept: what was said
    of it that changes nothing here, such as a policy. of_file: the API cannot change it.
    """

    name: str
    fifo: bool = False
    content_based: bool = False
    kept: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
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
class Subscription:
    """One receiver of a topic.

    id: the last part of its ARN. filter: which messages it gets, None: all. on: what the filter looks at.
    raw: without SNS's envelope. dead_letter: name of the queue that gets what cannot be delivered, "": none.
    Else see `Topic`.
    """

    topic: str
    id: str
    to: Receiver
    filter: Mapping[str, Any] | None = None
    on: FilterOn = "attributes"
    raw: bool = False
    dead_letter: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    of_file: bool = False

    @property
    def key(self) -> str:
        """See kept.Documented."""
        return f"{self.topic}:{self.id}"

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` has written."""
        return cls(**{**document, "to": Receiver(*document["to"])})

    @property
    def document(self) -> dict[str, Any]:
        """See kept.Documented."""
        return {**asdict(self), "to": [*self.to]}


def topics_of(config: Config) -> dict[str, Topic]:
    """Return the topics of a configuration by name."""
    return {
        name: Topic(name=name, fifo=each.fifo, content_based=each.fifo, of_file=True)
        for name, each in config.topics.items()
    }


def subscriptions_of(config: Config) -> dict[str, Subscription]:
    """Return the subscriptions of a configuration by key."""
    found = (each for name, topic in config.topics.items() for each in _of_topic(name, topic))
    return {each.key: each for each in found}


def subscription_id(topic: str, to: Receiver) -> str:
    """Make the id of a subscription: whoever subscribes again is the same."""
    return uuid_of(f"{topic}\0{to.kind}\0{to.name}")


def _of_topic(name: str, topic: FileTopic) -> Iterator[Subscription]:
    for each in topic.subscriptions:
        to = (
            Receiver("queue", each.queue)
            if each.queue is not None
            else Receiver("function", each.function or "")
        )
        yield Subscription(
            topic=name,
            id=subscription_id(name, to),
            to=to,
            filter=each.filter,
            on=each.filter_on,
            raw=each.raw,
            dead_letter=each.dead_letter or "",
            of_file=True,
        )
