"""Owns the event source mappings of the Lambda API: which function gets the messages of which queue.

They are kept where the functions of the API are. A consumer of the file is shown as a mapping, too.
Source: AWS, "Creating and configuring an Amazon SQS event source mapping".
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import orjson

from frontdesk.config.models.queue import Consumer
from frontdesk.config.models.root import Config
from frontdesk.ports.catalog import Catalog, Delete, Put

MAPPING: Final = "event-source-mapping"
"""Documents: mappings by UUID."""

_OF_FILE: Final = uuid.UUID("0e4d8f6c-6c1b-5b7e-9a53-6b1f0d5b6a11")
"""The namespace of UUIDs of consumers of the file (RFC 9562 §5.5): the same after every start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMapping:
    """A mapping. queue, function: names, that of the function perhaps with `:qualifier`.

    patterns: of messages, as JSON text; none: all. batch, window (s), concurrency: see the file's consumer;
    concurrency None: as there. reports: whether the function was said to name messages that failed.
    changed: seconds since 1970. of_file: the API cannot change it.
    """

    uuid: str
    queue: str
    function: str
    batch: int = 10
    window: float = 0.0
    concurrency: int | None = None
    patterns: tuple[str, ...] = ()
    reports: bool = False
    enabled: bool = True
    changed: float = 0.0
    of_file: bool = False

    @classmethod
    def of(cls, queue: str, consumer: Consumer) -> Self:
        """Take a consumer of the file."""
        return cls(
            uuid=str(uuid.uuid5(_OF_FILE, queue)),
            queue=queue,
            function=consumer.function,
            batch=consumer.batch,
            window=consumer.window,
            concurrency=consumer.concurrency,
            patterns=tuple(orjson.dumps(pattern).decode() for pattern in consumer.filter),
            reports=True,
            of_file=True,
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` has written."""
        return cls(**{**document, "patterns": tuple(document["patterns"])})

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)

    @property
    def consumer(self) -> Consumer:
        """It as a consumer."""
        usual = Consumer.model_fields["concurrency"].default
        return Consumer.model_construct(
            function=self.function,
            batch=self.batch,
            window=self.window,
            concurrency=usual if self.concurrency is None else self.concurrency,
            filter=tuple(orjson.loads(pattern) for pattern in self.patterns),
        )


class Mappings:
    """All mappings of one gateway."""

    def __init__(self, catalog: Catalog, changed: Callable[[], None]) -> None:
        """changed: called when there are others than before."""
        self._catalog = catalog
        self._changed = changed
        self._of_api: dict[str, SourceMapping] = {}
        self._of_file: dict[str, SourceMapping] = {}

    async def start(self) -> None:
        """Read what the API has made. Raises: StoreError."""
        records = await self._catalog.list(MAPPING)
        self._of_api = {each.key: SourceMapping.read(each.document) for each in records}

    def adopt(self, config: Config) -> None:
        """Take the consumers of the file in place of those taken before."""
        found = [
            SourceMapping.of(name, queue.consumer)
            for name, queue in config.queues.items()
            if queue.consumer is not None
        ]
        self._of_file = {mapping.uuid: mapping for mapping in found}
        self._changed()

    def all(self) -> Sequence[SourceMapping]:
        """List all mappings by UUID."""
        mappings = {**self._of_api, **self._of_file}
        return [mappings[key] for key in sorted(mappings)]

    def find(self, key: str) -> SourceMapping | None:
        """Find a mapping by its UUID."""
        return self._of_file.get(key) or self._of_api.get(key)

    async def put(self, mapping: SourceMapping) -> None:
        """Make a mapping, or change it. Raises: StoreError."""
        change = Put(kind=MAPPING, key=mapping.uuid, document=mapping.document)
        await self._catalog.commit([change])
        self._of_api[mapping.uuid] = mapping
        self._changed()

    async def drop(self, mapping: SourceMapping) -> None:
        """Remove a mapping. Raises: StoreError."""
        await self._catalog.commit([Delete(kind=MAPPING, key=mapping.uuid)])
        self._of_api.pop(mapping.uuid, None)
        self._changed()
