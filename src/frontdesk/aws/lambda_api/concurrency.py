"""Owns the operations on reserved and provisioned concurrency. The sums are those of rules.concurrency.

Source: AWS Lambda API Reference, "PutFunctionConcurrency", "PutProvisionedConcurrencyConfig".
"""

from typing import Any

from frontdesk.aws.lambda_api.answers import timestamp
from frontdesk.aws.lambda_api.asked import Asked, Target, invalid_members
from frontdesk.aws.lambda_api.constraints import invalid_parameter
from frontdesk.aws.lambda_api.models import FunctionEntry
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, json_reply
from frontdesk.base.clock import Clock
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.rules.concurrency import (
    LATEST,
    overlap_refused,
    provision_refused,
    reservation_refused,
)


class Concurrency:
    """The operations whose subject is a share of the pool."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    # -- reserved -----------------------------------------------------------------------------------

    async def put_reserved(self, asked: Asked) -> Reply:
        """PutFunctionConcurrency."""
        reserved, target = _needed(asked, "ReservedConcurrentExecutions"), asked.target
        registry = self._registry
        async with registry.changing:
            changed = _changed(registry.mine(target), "ReservedConcurrentExecutions", reserved)
            others = registry.other_shares(target.name)
            refused = reservation_refused(changed.share, others, registry.pool)
            if refused:
                raise invalid_parameter(refused)
            await registry.save(changed)
        return json_reply(200, {"ReservedConcurrentExecutions": reserved})

    async def get_reserved(self, asked: Asked) -> Reply:
        """GetFunctionConcurrency."""
        reserved = self._registry.definition(asked.target).reserved_concurrency
        told = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}
        return json_reply(200, told)

    async def delete_reserved(self, asked: Asked) -> Reply:
        """DeleteFunctionConcurrency."""
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(asked.target)
            await registry.save(entry.model_copy(update={"reserved_concurrent_executions": None}))
        return Reply(204, [])

    # -- provisioned --------------------------------------------------------------------------------

    async def put_provisioned(self, asked: Asked) -> Reply:
        """PutProvisionedConcurrencyConfig of a version or alias."""
        wanted, target = _needed(asked, "ProvisionedConcurrentExecutions"), asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            self._check_qualifier(entry, target)
            aliases = {name: alias.function_version for name, alias in entry.aliases.items()}
            overlaps = overlap_refused(target.qualifier, entry.provisioned, aliases)
            if overlaps:
                raise ApiError(409, "ResourceConflictException", overlaps)
            provisioned = {**entry.provisioned, target.qualifier: wanted}
            changed = _changed(entry, "Provisioned", provisioned)
            others = registry.other_shares(target.name)
            refused = provision_refused(changed.share, others, registry.pool)
            if refused:
                raise invalid_parameter(refused)
            await registry.save(changed)
        return json_reply(202, self._status(target))

    async def get_provisioned(self, asked: Asked) -> Reply:
        """GetProvisionedConcurrencyConfig."""
        target = asked.target
        if target.qualifier not in self._registry.definition(target).provisioned:
            raise ApiError(
                404,
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        return json_reply(200, self._status(target))

    async def list_provisioned(self, asked: Asked) -> Reply:
        """ListProvisionedConcurrencyConfigs."""
        target = asked.target
        told = [
            {
                "FunctionArn": self._registry.arns.function(target.name, qualifier),
                **self._status(Target(target.name, qualifier)),
            }
            for qualifier in self._registry.definition(target).provisioned
        ]
        return json_reply(200, {"ProvisionedConcurrencyConfigs": told})

    async def delete_provisioned(self, asked: Asked) -> Reply:
        """DeleteProvisionedConcurrencyConfig."""
        target = asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            self._check_qualifier(entry, target)
            kept = {one: n for one, n in entry.provisioned.items() if one != target.qualifier}
            await registry.save(entry.model_copy(update={"provisioned": kept}))
        return Reply(204, [])

    def _check_qualifier(self, entry: FunctionEntry, target: Target) -> None:
        if target.qualifier in {"", LATEST}:
            raise invalid_parameter(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        if entry.version(target.qualifier) is None:
            raise self._registry.not_found(target)

    def _status(self, target: Target) -> dict[str, Any]:
        definition = self._registry.definition(target)
        wanted = definition.provisioned[target.qualifier]
        alias = definition.aliases.get(target.qualifier)
        versions = [target.qualifier] if alias is None else [alias.version, *alias.weights]
        standing = [self._registry.standing(target.name, version) for version in versions]
        allocated = min(wanted, sum(each.loaded for each in standing))
        if allocated == wanted:
            status = {"Status": "READY"}
        elif any(each.faulty for each in standing):
            status = {"Status": "FAILED", "StatusReason": "FUNCTION_ERROR_INIT_FAILURE"}
        else:
            status = {"Status": "IN_PROGRESS"}
        return {
            "RequestedProvisionedConcurrentExecutions": wanted,
            "AllocatedProvisionedConcurrentExecutions": allocated,
            "AvailableProvisionedConcurrentExecutions": min(
                wanted, sum(each.idle for each in standing)
            ),
            **status,
            "LastModified": timestamp(self._clock.time()),
        }


def _needed(asked: Asked, member: str) -> object:
    """Return a member that the operation is nothing without. Raises: ApiError when it is not there."""
    value = asked.members().get(member)
    if value is None:
        path = member[0].lower() + member[1:]
        raise invalid_members(
            f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
        )
    return value


def _changed(entry: FunctionEntry, member: str, value: object) -> FunctionEntry:
    """Return a function with another member. Raises: ApiError when it does not fit."""
    return FunctionEntry.read({**entry.document(), member: value})
