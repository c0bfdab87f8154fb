"""Models of topics and event buses: who gets what is published there."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from frontdesk.config.models.integration import FunctionName, plain
from frontdesk.config.models.model import (
    Flag,
    HintedError,
    Model,
    OneOrMore,
    broken_rule,
    matching,
)
from frontdesk.config.models.queue import Pattern, QueueName
from frontdesk.config.models.state_machine import MachineReference
from frontdesk.rules.events.event_bus import InputError, part, transformed
from frontdesk.rules.events.sns import FilterOn

TopicName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_-]{1,250}(\.fifo)?",
        "a topic name of letters, digits, _ and -, at most 250, with .fifo behind it or without",
    ),
]
BusName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_-][./A-Za-z0-9_-]{0,255}",
        "a bus name of letters, digits, _, -, . and /, at most 256",
    ),
]
RuleName = Annotated[
    str,
    matching(r"[.A-Za-z0-9_-]{1,64}", "a rule name of letters, digits, _, - and ., at most 64"),
]

_MOST_TARGETS: Final = 5


class Subscription(Model):
    """Hands messages of a topic on to a queue or a function."""

    queue: QueueName | None = None
    """Name under `queues`. Or `function`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias. Or `queue`."""

    filter: Pattern | None = None
    """Which messages it gets: a pattern. Absent: all."""

    filter_on: FilterOn = "attributes"
    """What the filter looks at: `attributes`, or the `body` as JSON. Default attributes."""

    raw: Flag = False
    """Whether a queue gets the message itself, without SNS's envelope. Default false."""

    dead_letter: QueueName | None = None
    """Name under `queues`: of the queue that gets messages which cannot be delivered. Absent: they are lost."""

    @model_validator(mode="after")
    def _has_one_subscriber(self) -> Self:
        if (self.queue is None) == (self.function is None):
            raise broken_rule("expected exactly one of queue, function")
        if self.raw and self.function is not None:
            raise broken_rule("expected raw with a queue only")
        return self


class Topic(Model):
    """What is published to it goes to all of its subscriptions."""

    fifo: Flag = False
    """Whether its queues get messages in order within their groups, and each once. Default false."""

    subscriptions: Annotated[tuple[Subscription, ...], OneOrMore()] = ()
    """Who gets the messages."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        subscribers = [(each.queue, each.function) for each in self.subscriptions]
        if len(set(subscribers)) < len(subscribers):
            raise broken_rule("expected each queue and function once among the subscriptions")
        if self.fifo and any(each.function for each in self.subscriptions):
            raise broken_rule("expected queues only with fifo")
        return self


def _path(text: str) -> str:
    try:
        part(text)
    except InputError as error:
        raise HintedError(error.message, "$.detail is what the sender wrote") from None
    return text


EventPath = Annotated[str, AfterValidator(_path)]


class InputTransformer(Model):
    """Makes the input of a target out of parts of the event."""

    paths: dict[str, EventPath] = Field(default_factory=dict)
    """Places in the event by name, such as `$.detail.id`."""

    template: str
    """JSON with `<name>` where the parts belong: as JSON outside of quotes, as text inside."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            transformed(self.paths, self.template)
        except InputError as error:
            raise broken_rule(error.message) from None
        return self


class EventTarget(Model):
    """Where events go that a rule has let through."""

    queue: QueueName | None = None
    """Name under `queues`. Or `function`, or `state_machine`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias."""

    input: Annotated[JsonValue, BeforeValidator(plain)] = None
    """JSON that it gets in place of the event."""

    input_path: EventPath | None = None
    """The part of the event that it gets, such as `$.detail`."""

    input_transformer: InputTransformer | None = None
    """What it gets, made of parts of the event."""

    group: Annotated[str, matching(r"[!-~]{1,128}", "a group of 1 to 128 signs")] | None = None
    """Group of the messages in a FIFO queue. Default: the name of the rule."""

    @model_validator(mode="after")
    def _is_one_target_with_one_input(self) -> Self:
        if sum(each is not None for each in (self.queue, self.function, self.state_machine)) != 1:
            raise broken_rule("expected exactly one of queue, function, state_machine")
        inputs = (self.input, self.input_path, self.input_transformer)
        if sum(each is not None for each in inputs) > 1:
            raise broken_rule("expected at most one of input, input_path, input_transformer")
        if self.group is not None and self.queue is None:
            raise broken_rule("expected group with a queue only")
        return self


class Rule(Model):
    """Lets events through to its targets."""

    pattern: Pattern
    """Which events: keys with lists, of which one must fit."""

    enabled: Flag = True
    """Whether it lets anything through. Default true."""

    targets: Annotated[tuple[EventTarget, ...], OneOrMore(), Field(max_length=_MOST_TARGETS)] = ()
    """Where they go, up to five."""


class EventBus(Model):
    """Takes events and hands them on by its rules."""

    rules: dict[RuleName, Rule] = Field(default_factory=dict)
    """Rules by name."""
