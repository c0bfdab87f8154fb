"""The Queue port: messages that wait to be received, each by one at a time, until somebody deletes it.

Owns the contract. Knows nothing of what messages mean, nor who defines queues: whoever calls brings the
rules of a queue along. Adapters: `stores.memory.queue`, `stores.sqlite.queue`, `stores.postgres.queue`;
the conformance suite and a property machine run on each.

    calls = Queue("calls", visibility=60.0, max_receives=3, dead_letter="calls-dead")
    await store.send(calls, [Outgoing("0192...", b"hello")], now=now)
    for message in (await store.receive(calls, most=10, now=now)).messages:
        ...  # for 60 seconds nobody else gets it
        await store.delete(calls, [message.receipt], now=now)
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol

REMEMBERED: Final = 300.0
"""Seconds for which a FIFO queue knows what was sent. Source: AWS, "Exactly-once processing in Amazon SQS"."""

LOOKED_THROUGH: Final = 20_000
"""Messages of a FIFO queue among which one of a free group is looked for, from the oldest. Source: AWS,
"Amazon SQS FIFO queue quotas"."""


class Queue(NamedTuple):
    """The rules of a queue; times in seconds.

    visibility: how long a message that was received is hidden from others. delay: how long one is that was
    sent. retention: from the sending until it is forgotten. fifo: in order within each group, each message
    once. per_group: a message is the same as one of its own group only. max_receives: one that was received
    so often goes to `dead_letter` instead of being received again; 0: never.
    """

    name: str
    visibility: float = 30.0
    delay: float = 0.0
    retention: float = 4 * 86_400.0
    fifo: bool = False
    per_group: bool = False
    max_receives: int = 0
    dead_letter: str = ""

    def fate(self, sent: float, receives: int, now: float) -> Literal["due", "dead", "expired"]:
        """Tell what becomes of a message that could be received now."""
        if sent + self.retention <= now:
            return "expired"
        return "dead" if 0 < self.max_receives <= receives else "due"

    def sameness(self, message: "Outgoing") -> str:
        """Return what a message of a FIFO queue is known by to those that are sent after it."""
        if self.per_group:
            return f"{len(message.group)}.{message.group}.{message.deduplication}"
        return message.deduplication


class Outgoing(NamedTuple):
    """A message to send.

    id: a new one, of the sender's making. attributes: what belongs to it, in the sender's form. group: ""
    where there is none; a FIFO queue needs one. deduplication: what a FIFO queue knows it by. delay: None:
    that of the queue.
    """

    id: str
    body: bytes
    attributes: bytes = b""
    group: str = ""
    deduplication: str = ""
    delay: float | None = None


class Sent(NamedTuple):
    """What was sent. Those of a message that was sent before are its own. number: grows in each queue."""

    id: str
    number: int
    again: bool = False


class Receipt(NamedTuple):
    """Who received a message, and may say what becomes of it: until it is received again.

    number: of the message, given once. receives: how often it has been received in this queue.
    """

    number: int
    receives: int


class Message(NamedTuple):
    """A message that was received. Times in seconds since 1970.

    receives: how often, in all queues. first: when for the first time. source: the queue that has given it
    up, "" where none has. Else see `Outgoing`.
    """

    receipt: Receipt
    id: str
    body: bytes
    attributes: bytes
    group: str
    deduplication: str
    sent: float
    receives: int
    first: float
    source: str


class Kept(NamedTuple):
    """A message as its queue has it. visible: since when, or when, it can be received; seconds since 1970."""

    message: Message
    visible: float


class Received(NamedTuple):
    """What was received. dead: how many others went to the dead letters. expired: how many were forgotten."""

    messages: Sequence[Message]
    dead: int = 0
    expired: int = 0


class Counts(NamedTuple):
    """How many messages a queue has. oldest: when the first of them was sent, None where there are none."""

    visible: int = 0
    in_flight: int = 0
    delayed: int = 0
    oldest: float | None = None


class QueueStore(Protocol):
    """The messages of all queues. Used on one event loop. What has returned survives a crash.

    Operations that wait together are committed together; one that fails undoes nothing of the others. `now`
    is seconds since 1970. Every method raises StoreError when the store cannot do it. Then it may be
    committed all the same where the store is elsewhere and its answer was lost.
    """

    async def send(
        self, queue: Queue, messages: Sequence[Outgoing], *, now: float
    ) -> Sequence[Sent]:
        """Commit messages, all or none, in their order. What a FIFO queue knows already is not kept again."""
        ...

    async def receive(
        self, queue: Queue, *, most: int, now: float, visibility: float | None = None
    ) -> Received:
        """Commit that messages are received, `most` at most; return them, those due longest first.

        visibility: None: that of the queue. Of a FIFO queue, in the order of their sending, and none of a
        group of which one is hidden after a receive. What was received too often goes to the dead letters
        in the same commit.
        """
        ...

    async def delete(
        self, queue: Queue, receipts: Sequence[Receipt], *, now: float
    ) -> Sequence[bool]:
        """Commit that messages are done with. False: the receipt is not the last one of its message.

        Of a FIFO queue also: the message is no longer hidden.
        """
        ...

    async def change(
        self, queue: Queue, receipts: Sequence[Receipt], *, visibility: float, now: float
    ) -> Sequence[bool]:
        """Commit that messages are hidden for so long from now on. False: not the last receipt, or not hidden."""
        ...

    async def postpone(
        self, queue: Queue, receipt: Receipt, *, attributes: bytes, visibility: float, now: float
    ) -> bool:
        """Commit that a message is hidden for so long from now on, and has other attributes then.

        False: the receipt is not the last one of its message.
        """
        ...

    async def names(self, prefix: str) -> Collection[str]:
        """List the queues that have messages and whose names begin so."""
        ...

    async def sources(self, name: str) -> Mapping[str, int]:
        """Count the messages that other queues have given up to this one, by queue."""
        ...

    async def peek(self, name: str, *, after: int, most: int) -> Sequence[Kept]:
        """List messages of a queue by number, received or not, those above `after`. It changes nothing.

        The receipts are the last ones that were given; of a message that nobody has received, the one
        before any, which is good for nothing.
        """
        ...

    async def drop(self, name: str, numbers: Collection[int]) -> int:
        """Remove these messages of a queue, received or not; return how many of them there were."""
        ...

    async def move(
        self,
        name: str,
        to: str,
        *,
        source: str | None,
        most: int,
        now: float,
        numbers: Collection[int] | None = None,
    ) -> int:
        """Move messages that can be received now to another queue, as if they had just been sent to it.

        Oldest first, `most` at most; returns how many. source: those that this queue has given up; None: any.
        numbers: these alone; None: any.
        """
        ...

    async def forget(self, name: str, before: float, *, most: int) -> int:
        """Remove messages sent until then, received or not; return how many, `most` at most.

        It is for slices, between which others get their turn: call it again until there are fewer. Without
        end (inf) the queue also forgets what it has known.
        """
        ...

    async def forget_known(self, before: float) -> None:
        """Have FIFO queues forget what they first knew then or earlier."""
        ...

    async def counts(self, name: str, *, now: float) -> Counts:
        """Count the messages of a queue."""
        ...


class Enqueuer(Protocol):
    """Whoever sends to queues for those that know them by name alone: the door."""

    async def enqueue(self, queue: str, body: bytes, *, group: str, same: str, trace: str) -> str:
        """Commit a message, and return its id.

        queue: a name of the file. group, same: of a message of a FIFO queue; same: "": its body. trace: the
        X-Amzn-Trace-Id that it goes on with. Raises: StoreError.
        """
        ...
