"""Owns the operations on what is done with asynchronous invocations, and what their destinations may be.

Source: AWS Lambda API Reference, "PutFunctionEventInvokeConfig" and its neighbours; texts as recorded from AWS.
"""

from collections.abc import Collection
from typing import Any, Final, Protocol

from frontdesk.aws.lambda_api.asked import Asked, Target
from frontdesk.aws.lambda_api.constraints import invalid_parameter
from frontdesk.aws.lambda_api.models import (
    DestinationArn,
    DestinationConfig,
    EventInvokeConfig,
    FunctionEntry,
)
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, json_reply
from frontdesk.base.clock import Clock
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.rules.asynchronous.destination import Destination, parse_destination
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.rules.concurrency import LATEST

_TAKEN: Final = ("queue", "function")


class Later(Protocol):
    """Whoever keeps asynchronous invocations, as far as those are concerned who manage functions."""

    async def forget(self, function: str) -> int:
        """Drop what has been accepted for a function. Raises: StoreError."""
        ...

    def knows(self, destination: Destination) -> bool:
        """Whether there is such a queue or function."""
        ...


def check_destination(later: Later, text: str, kinds: Collection[str] = _TAKEN) -> Destination:
    """Read the ARN of a destination. Raises: ApiError for one that is not there."""
    destination = parse_destination(text)
    # Differs: [destinations] AWS also sends to SNS topics, event buses and buckets.
    if destination is None or destination.kind not in kinds:
        allowed = " or a ".join(kinds)
        raise invalid_parameter(f"The destination ARN {text} is invalid. It must be a {allowed}.")
    if not later.knows(destination):
        raise invalid_parameter(
            f"The destination ARN {text} is invalid. There is no such {destination.kind}."
        )
    return destination


class EventInvokeConfigs:
    """The operations."""

    def __init__(self, registry: Registry, clock: Clock, later: Later) -> None:
        self._registry = registry
        self._clock = clock
        self._later = later

    async def put(self, asked: Asked) -> Reply:
        """PutFunctionEventInvokeConfig: in place of the one before."""
        return await self._save(asked, {})

    async def update(self, asked: Asked) -> Reply:
        """UpdateFunctionEventInvokeConfig: what is not told stays as it was."""
        entry = self._registry.mine(asked.target)
        return await self._save(asked, self._found(entry, asked.target).document())

    async def get(self, asked: Asked) -> Reply:
        """GetFunctionEventInvokeConfig."""
        target = asked.target
        told = self._all(target).get(target.qualifier or LATEST)
        if told is None:
            raise self._none(target)
        return json_reply(200, self._shown(target, told))

    async def list_configs(self, asked: Asked) -> Reply:
        """ListFunctionEventInvokeConfigs: all of them at once, of which there are few."""
        target = asked.target
        shown = [
            self._shown(Target(target.name, qualifier), told)
            for qualifier, told in sorted(self._all(target).items())
        ]
        return json_reply(200, {"FunctionEventInvokeConfigs": shown})

    async def delete(self, asked: Asked) -> Reply:
        """DeleteFunctionEventInvokeConfig."""
        target, registry = asked.target, self._registry
        async with registry.changing:
            entry = registry.mine(target)
            self._found(entry, target)
            configs = dict(entry.event_invoke_configs)
            del configs[target.qualifier or LATEST]
            await registry.save(entry.model_copy(update={"event_invoke_configs": configs}))
        return Reply(204, [])

    async def _save(self, asked: Asked, former: dict[str, Any]) -> Reply:
        target, registry = asked.target, self._registry
        told = EventInvokeConfig.read({**former, **asked.members()})
        if told == EventInvokeConfig():
            raise invalid_parameter(
                "You must specify at least one of error handling or destination setting."
            )
        async with registry.changing:
            entry = registry.mine(target)
            if entry.version(target.qualifier) is None:
                raise registry.not_found(target)
            self._check(target, told)
            changed = told.model_copy(update={"last_modified": self._clock.time()})
            configs = {**entry.event_invoke_configs, target.qualifier or LATEST: changed}
            await registry.save(entry.model_copy(update={"event_invoke_configs": configs}))
        return json_reply(200, self._shown(target, changed))

    def _check(self, target: Target, told: EventInvokeConfig) -> None:
        """Raises: ApiError for destinations that cannot be."""
        to = told.destination_config
        for text in (to.on_success.destination, to.on_failure.destination):
            if text:
                destination = check_destination(self._later, text)
                if destination.kind == "function" and destination.name.split(":")[0] == target.name:
                    raise invalid_parameter(
                        "You can't specify the function as a destination for itself."
                    )

    def _all(self, target: Target) -> dict[str, EventInvokeConfig]:
        """Return all of a function by qualifier; of one of the file, what the file says. Raises: ApiError."""
        registry = self._registry
        if target.name not in registry.of_file():
            return registry.mine(target).event_invoke_configs
        policy = registry.policy(target)
        return {} if policy == Policy() else {target.qualifier or LATEST: self._of_file(policy)}

    def _of_file(self, policy: Policy) -> EventInvokeConfig:
        return EventInvokeConfig(
            maximum_retry_attempts=policy.retries,
            maximum_event_age_in_seconds=round(policy.max_age),
            destination_config=DestinationConfig(
                on_success=self._arn(policy.on_success), on_failure=self._arn(policy.on_failure)
            ),
        )

    def _arn(self, text: str) -> DestinationArn:
        destination = parse_destination(text)
        if destination is None:
            return DestinationArn()
        return DestinationArn(destination=self._registry.arns.destination(destination))

    def _found(self, entry: FunctionEntry, target: Target) -> EventInvokeConfig:
        found = entry.event_invoke_configs.get(target.qualifier or LATEST)
        if found is None:
            raise self._none(target)
        return found

    def _none(self, target: Target) -> ApiError:
        return ApiError(
            404,
            "ResourceNotFoundException",
            f"The function {self._arn_of(target)} doesn't have an EventInvokeConfig",
        )

    def _shown(self, target: Target, told: EventInvokeConfig) -> dict[str, Any]:
        return {**told.document(), "FunctionArn": self._arn_of(target)}

    def _arn_of(self, target: Target) -> str:
        return self._registry.arns.function(target.name, target.qualifier or LATEST)
