"""Owns the operations on event source mappings of SQS queues. Consumers of the file are shown, not changed.

Source: AWS Lambda API Reference, "CreateEventSourceMapping" and its neighbours; texts as AWS has them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field

from frontdesk.aws.lambda_api.answers import settings_of
from frontdesk.aws.lambda_api.asked import Asked, Target, parse_target
from frontdesk.aws.lambda_api.constraints import invalid_parameter
from frontdesk.aws.lambda_api.models import Members
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, json_reply, new_uuid
from frontdesk.base.clock import Clock
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.mappings import Mappings, SourceMapping
from frontdesk.durable.queues.queues import Queues
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.rules.asynchronous.destination import parse_destination
from frontdesk.rules.events.patterns import PatternError, compile_pattern

_ONE_RECEIVE: Final = 10
_PAGE: Final = 100


class Pattern(Members):
    """A pattern of messages, as JSON text."""

    pattern: str


class FilterCriteria(Members):
    """Which messages a function is called with."""

    filters: Annotated[list[Pattern], Field(max_length=5)] = Field(default_factory=list)


class ScalingConfig(Members):
    """How many calls run at once."""

    maximum_concurrency: Annotated[int, Field(ge=2, le=1000)] | None = None


class Settings(Members):
    """What may be set of a mapping."""

    enabled: bool = True
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 10
    maximum_batching_window_in_seconds: Annotated[int, Field(ge=0, le=300)] = 0
    filter_criteria: FilterCriteria = FilterCriteria()
    scaling_config: ScalingConfig = ScalingConfig()
    function_response_types: list[Literal["ReportBatchItemFailures"]] = Field(default_factory=list)

    @classmethod
    def of(cls, mapping: SourceMapping) -> "Settings":
        """Return those of a mapping."""
        return cls(
            enabled=mapping.enabled,
            batch_size=mapping.batch,
            maximum_batching_window_in_seconds=round(mapping.window),
            filter_criteria=FilterCriteria(
                filters=[Pattern(pattern=pattern) for pattern in mapping.patterns]
            ),
            scaling_config=ScalingConfig.model_construct(maximum_concurrency=mapping.concurrency),
            function_response_types=["ReportBatchItemFailures"] if mapping.reports else [],
        )


class EventSourceMappings:
    """The operations."""

    def __init__(
        self, registry: Registry, clock: Clock, queues: Queues, mappings: Mappings
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._queues = queues
        self._mappings = mappings

    async def create(self, asked: Asked) -> Reply:
        """CreateEventSourceMapping. It receives as soon as this is answered."""
        members = asked.members()
        source = self._queue(str(members.get("EventSourceArn", "")))
        target = parse_target(str(members.get("FunctionName", "")))
        function = ":".join(filter(None, target))
        for other in self._mappings.all():
            if (other.queue, other.function) == (source.name, function):
                raise ApiError(
                    409,
                    "ResourceConflictException",
                    f'The event source arn (" {self._queues.arn(source.name)} ") and function (" '
                    f'{function} ") provided mapping already exists. Please update or delete the '
                    f"existing mapping with UUID {other.uuid}",
                )
        mapping = SourceMapping(uuid=new_uuid(), queue=source.name, function=function)
        return await self._save(mapping, target, source, Settings.read(members), "Creating")

    async def get(self, asked: Asked) -> Reply:
        """GetEventSourceMapping."""
        return json_reply(200, self._shown(self._found(asked)))

    async def list_mappings(self, asked: Asked) -> Reply:
        """ListEventSourceMappings, of a queue or a function or all, a page at a time."""
        queue, function = asked.query.get("EventSourceArn"), asked.query.get("FunctionName")
        name = None if queue is None else _queue_name(queue)
        called = None if function is None else ":".join(filter(None, parse_target(function)))
        after = asked.query.get("Marker", "")
        found = [
            mapping
            for mapping in self._mappings.all()
            if name in (None, mapping.queue)
            and called in (None, mapping.function)
            and mapping.uuid > after
        ]
        told = {"EventSourceMappings": [self._shown(mapping) for mapping in found[:_PAGE]]}
        marker = {"NextMarker": found[_PAGE - 1].uuid} if len(found) > _PAGE else {}
        return json_reply(200, {**told, **marker})

    async def update(self, asked: Asked) -> Reply:
        """UpdateEventSourceMapping: what is not told stays as it was."""
        mapping, members = self._mine(asked), asked.members()
        function = str(members.get("FunctionName", mapping.function))
        target = parse_target(function)
        settings = Settings.read({**Settings.of(mapping).document(), **members})
        changed = replace(mapping, function=":".join(filter(None, target)))
        source = self._queue(self._queues.arn(mapping.queue))
        return await self._save(changed, target, source, settings, "Updating")

    async def delete(self, asked: Asked) -> Reply:
        """DeleteEventSourceMapping. Calls under way go on."""
        mapping = self._mine(asked)
        await self._mappings.drop(mapping)
        return json_reply(202, {**self._shown(mapping), "State": "Deleting"})

    async def _save(
        self,
        mapping: SourceMapping,
        target: Target,
        source: Definition,
        settings: Settings,
        state: str,
    ) -> Reply:
        self._registry.invoker(target)  # or there is no such function
        self._check(target, source, settings)
        changed = replace(
            mapping,
            enabled=settings.enabled,
            batch=settings.batch_size,
            window=float(settings.maximum_batching_window_in_seconds),
            concurrency=settings.scaling_config.maximum_concurrency,
            patterns=tuple(each.pattern for each in settings.filter_criteria.filters),
            reports=bool(settings.function_response_types),
            changed=self._clock.time(),
        )
        await self._mappings.put(changed)
        return json_reply(202, {**self._shown(changed), "State": state})

    def _check(self, target: Target, source: Definition, settings: Settings) -> None:
        """Raises: ApiError for settings that do not go together, or with the queue."""
        batch, window = settings.batch_size, settings.maximum_batching_window_in_seconds
        if source.rules.fifo and batch > _ONE_RECEIVE:
            raise invalid_parameter(
                f"The batch size of a FIFO queue must be at most {_ONE_RECEIVE}."
            )
        if batch > _ONE_RECEIVE and window < 1:
            raise invalid_parameter(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
                "greater than 10"
            )
        for each in settings.filter_criteria.filters:
            _check_pattern(each.pattern)
        timeout = self._timeout(target)
        if timeout > source.rules.visibility:
            raise invalid_parameter(
                f"Queue visibility timeout: {source.rules.visibility:g} seconds is less than "
                f"Function timeout: {timeout:g} seconds"
            )

    def _timeout(self, target: Target) -> float:
        """Return the seconds that a function may take; 0 where it runs elsewhere."""
        definition = self._registry.of_file().get(target.name)
        if definition is None and target.name not in self._registry.entries():
            return 0.0
        settings = settings_of(self._registry.definition(target), target.qualifier)
        return 0.0 if settings is None else settings.timeout

    def _queue(self, text: str) -> Definition:
        queue = self._queues.find(_queue_name(text))
        if queue is None:
            raise invalid_parameter(
                "Error occurred while ReceiveMessage. SQS Error Code: "
                "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue "
                "does not exist for this wsdl version."
            )
        return queue

    def _found(self, asked: Asked) -> SourceMapping:
        mapping = self._mappings.find(asked.names["mapping"])
        if mapping is None:
            raise ApiError(
                404, "ResourceNotFoundException", "The resource you requested does not exist."
            )
        return mapping

    def _mine(self, asked: Asked) -> SourceMapping:
        mapping = self._found(asked)
        if mapping.of_file:
            raise ApiError(
                409,
                "ResourceConflictException",
                f"The consumer of queue {mapping.queue} is in the configuration file: change it there.",
            )
        return mapping

    def _shown(self, mapping: SourceMapping) -> Mapping[str, Any]:
        arns = self._registry.arns
        name, _, qualifier = mapping.function.partition(":")
        members = Settings.of(mapping).document()
        members.pop("Enabled")
        if not mapping.patterns:
            members.pop("FilterCriteria")
        if mapping.concurrency is None:
            members.pop("ScalingConfig")
        return {
            "UUID": mapping.uuid,
            **members,
            "EventSourceArn": self._queues.arn(mapping.queue),
            "EventSourceMappingArn": arns.mapping(mapping.uuid),
            "FunctionArn": arns.function(name, qualifier),
            "LastModified": mapping.changed,
            "State": "Enabled" if mapping.enabled else "Disabled",
            "StateTransitionReason": "USER_INITIATED",
        }


def _queue_name(arn: str) -> str:
    """Read the ARN of a queue. Raises: ApiError for another source."""
    destination = parse_destination(arn)
    # Differs: [event-sources] AWS also takes messages of streams, Kafka, Amazon MQ and DocumentDB.
    if destination is None or destination.kind != "queue":
        raise invalid_parameter(f"Unrecognized event source, must be an SQS queue: {arn[:200]}")
    return destination.name


def _check_pattern(text: str) -> None:
    try:
        pattern = orjson.loads(text)
        if not isinstance(pattern, dict):
            raise PatternError("it is no object")
        compile_pattern(pattern)
    except (ValueError, PatternError) as error:
        raise invalid_parameter(f"Invalid filter pattern definition. {error}") from None
