"""Models of a queue: how its messages are received, and which function they are for."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from frontdesk.config.models.integration import FunctionName, plain
from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    Model,
    OneOrMore,
    Whole,
    between,
    broken_rule,
    matching,
    within,
)
from frontdesk.rules.events.patterns import PatternError, compile_pattern

FIFO: Final = ".fifo"
"""End of the name of a FIFO queue at AWS."""

_ORDERED_BATCH: Final = 10
_ONE_RECEIVE: Final = 10

QueueName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,74}(\.fifo)?",
        "a queue name of letters, digits, _ and -, at most 75, with .fifo behind it or without",
    ),
]


def _pattern(pattern: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        compile_pattern(pattern)
    except PatternError as error:
        raise HintedError(error.message, error.hint) from None
    return pattern


Pattern = Annotated[dict[str, Any], BeforeValidator(plain), AfterValidator(_pattern)]


class Consumer(Model):
    """Calls a function with the messages of a queue."""

    function: FunctionName
    """Name under `functions`, or name:alias."""

    batch: Annotated[Whole, within(1, 10_000)] = 10
    """Messages of one call at most; of a FIFO queue 10. Default 10."""

    window: Annotated[Duration, between("0s", "5m")] = 0.0
    """How long to wait for a batch to fill up. Default 0s: not at all."""

    concurrency: Annotated[Whole, within(1, 1000)] = 5
    """Calls at once. Default 5."""

    filter: Annotated[tuple[Pattern, ...], OneOrMore(), Field(max_length=5)] = ()
    """Which messages the function is called with: one pattern, or up to five of which one is enough. The
    others are deleted. Absent: all."""

    @model_validator(mode="after")
    def _large_batches_take_time(self) -> Self:
        if self.batch > _ONE_RECEIVE and self.window < 1:
            raise broken_rule("expected a window of at least 1s with a batch above 10")
        return self


class Queue(Model):
    """A queue: what is sent to it waits until somebody has received and deleted it."""

    visibility: Annotated[Duration, between("0s", "12h")] = 30.0
    """How long a message that was received is hidden from others. Default 30s."""

    max_receives: Annotated[Whole, within(1, 1000)] | None = None
    """How often a message is received before it goes to `dead_letter`."""

    dead_letter: QueueName | None = None
    """Name under `queues` of where messages go that were received `max_receives` times."""

    fifo: Flag = False
    """Whether messages come in order within their groups, and each once. Default false."""

    delay: Annotated[Duration, between("0s", "15m")] = 0.0
    """How long a new message is hidden. Default 0s."""

    retention: Annotated[Duration, between("1m", "14d")] = 4 * 86_400.0
    """How long a message is kept. Default 4d."""

    consumer: Consumer | None = None
    """The function that is called with the messages."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.max_receives is None) != (self.dead_letter is None):
            raise broken_rule("expected max_receives and dead_letter, or neither")
        if self.fifo and self.consumer is not None and self.consumer.batch > _ORDERED_BATCH:
            raise broken_rule("expected a batch of at most 10 with fifo")
        return self
