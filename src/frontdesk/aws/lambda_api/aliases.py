"""Owns the operations on aliases. Source: AWS Lambda API Reference, "CreateAlias" and its neighbours."""

from frontdesk.aws.lambda_api.answers import alias as described
from frontdesk.aws.lambda_api.answers import alias_of_file
from frontdesk.aws.lambda_api.asked import Asked, Target
from frontdesk.aws.lambda_api.constraints import check_revision, invalid_parameter
from frontdesk.aws.lambda_api.models import AliasEntry, FunctionEntry
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.aws.wire import ApiError, json_reply, new_uuid
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.rules.concurrency import LATEST


class Aliases:
    """The operations whose subject is an alias."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def create(self, asked: Asked) -> Reply:
        """CreateAlias."""
        members, target = asked.members(), asked.target
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            alias = AliasEntry.read({**members, "RevisionId": new_uuid()})
            if alias.name in entry.aliases:
                arn = registry.arns.function(target.name, alias.name)
                raise ApiError(409, "ResourceConflictException", f"Alias already exists: {arn}")
            await self._save(entry, alias)
        return json_reply(201, described(registry.arns, target.name, alias))

    async def get(self, asked: Asked) -> Reply:
        """GetAlias."""
        target, name = asked.target, asked.names["alias"]
        found = self._aliases(target).get(name)
        if found is None:
            raise self._not_found(target, name)
        return json_reply(200, described(self._registry.arns, target.name, found))

    async def list_aliases(self, asked: Asked) -> Reply:
        """ListAliases: all, or those that name the version of `FunctionVersion`."""
        target, version = asked.target, asked.query.get("FunctionVersion", "")
        told = [
            described(self._registry.arns, target.name, alias)
            for alias in self._aliases(target).values()
            if version in {"", alias.function_version}
        ]
        return json_reply(200, {"Aliases": told})

    async def update(self, asked: Asked) -> Reply:
        """UpdateAlias."""
        members, target, name = asked.members(), asked.target, asked.names["alias"]
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            former = entry.aliases.get(name)
            if former is None:
                raise self._not_found(target, name)
            check_revision(members, former.revision_id)
            own = {"Name": name, "RevisionId": new_uuid()}
            alias = AliasEntry.read({**former.document(), **members, **own})
            await self._save(entry, alias)
        return json_reply(200, described(registry.arns, target.name, alias))

    async def delete(self, asked: Asked) -> Reply:
        """DeleteAlias. There need not be one."""
        target, name = asked.target, asked.names["alias"]
        registry = self._registry
        async with registry.changing:
            entry = registry.mine(target)
            if name in entry.aliases:
                aliases = {one: kept for one, kept in entry.aliases.items() if one != name}
                provisioned = {one: n for one, n in entry.provisioned.items() if one != name}
                await registry.save(
                    entry.model_copy(update={"aliases": aliases, "provisioned": provisioned})
                )
        return Reply(204, [])

    async def _save(self, entry: FunctionEntry, alias: AliasEntry) -> None:
        weights = alias.routing_config.additional_version_weights
        for number in (alias.function_version, *weights):
            if number != LATEST and number not in entry.versions:
                raise self._registry.not_found(Target(entry.function_name, number))
        if weights and LATEST in {alias.function_version, *weights}:
            raise invalid_parameter(
                "$LATEST is not supported for an alias pointing to more than 1 version"
            )
        if alias.function_version in weights:
            raise invalid_parameter(
                f"Invalid function version {alias.function_version}. Function version "
                f"{alias.function_version} is already included in routing configuration."
            )
        aliases = {**entry.aliases, alias.name: alias}
        await self._registry.save(entry.model_copy(update={"aliases": aliases}))

    def _aliases(self, target: Target) -> dict[str, AliasEntry]:
        entry = self._registry.entries().get(target.name)
        if entry is not None:
            return entry.aliases
        of_file = self._registry.definition(target).aliases
        return {name: alias_of_file(name, alias) for name, alias in of_file.items()}

    def _not_found(self, target: Target, name: str) -> ApiError:
        arn = self._registry.arns.function(target.name, name)
        return ApiError(404, "ResourceNotFoundException", f"Cannot find alias arn: {arn}")
