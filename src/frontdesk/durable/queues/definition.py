"""Owns what a queue is: its rules, and what belongs to it. Of the file, or made through the API."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from frontdesk.config.models.queue import Queue as FileQueue
from frontdesk.config.models.root import Config
from frontdesk.ports.queue import Queue

LARGEST: Final = 1024 * 1024
"""Bytes of a message at most, with its attributes. Source: AWS, "Amazon SQS message quotas"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A queue.

    created, changed: seconds since 1970. content_based: a FIFO queue knows a message by its body where it
    says nothing else. largest: bytes of a message. wait: seconds that who receives waits, unless told.
    kept: what was said of it that changes nothing here, such as a policy. of_file: the API cannot change it.
    """

    rules: Queue
    created: float
    changed: float
    content_based: bool = False
    largest: int = LARGEST
    wait: float = 0.0
    kept: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    of_file: bool = False

    @property
    def name(self) -> str:
        """Of the queue."""
        return self.rules.name

    @classmethod
    def of(cls, name: str, queue: FileQueue, since: float) -> Self:
        """Take an entry of `queues`. since: when it was first seen."""
        rules = Queue(
            name,
            visibility=queue.visibility,
            delay=queue.delay,
            retention=queue.retention,
            fifo=queue.fifo,
            max_receives=queue.max_receives or 0,
            dead_letter=queue.dead_letter or "",
        )
        return cls(
            rules=rules, created=since, changed=since, content_based=queue.fifo, of_file=True
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` has written."""
        return cls(**{**document, "rules": Queue(**document["rules"])})

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return {**asdict(self), "rules": self.rules._asdict()}


def definitions(config: Config, since: float) -> dict[str, Definition]:
    """Return the queues of a configuration by name."""
    return {name: Definition.of(name, queue, since) for name, queue in config.queues.items()}
