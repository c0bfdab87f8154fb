"""Owns the operations on versions and aliases.

Source: AWS, Step Functions, API reference, PublishStateMachineVersion, CreateStateMachineAlias and their
neighbours; recorded answers.
"""

from typing import Any

from frontdesk.aws.states.arns import machine_of
from frontdesk.aws.states.paging import Item, page
from frontdesk.durable.machine_entries import Alias, Entry, Route
from frontdesk.durable.machine_versions import MachineVersions, resource_not_found
from frontdesk.durable.machines import Machines, not_found
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.arns import MachineName


class VersionOperations:
    """The operations whose subject is a version or an alias."""

    def __init__(self, machines: Machines, versions: MachineVersions) -> None:
        self._machines = machines
        self._versions = versions

    # -- versions -----------------------------------------------------------------------------------

    async def publish(self, members: dict[str, Any]) -> dict[str, Any]:
        """PublishStateMachineVersion."""
        name = self._whole(members["stateMachineArn"])
        number, version = await self._versions.publish(
            name, members.get("revisionId", ""), members.get("description", "")
        )
        return {
            "creationDate": version.created,
            "stateMachineVersionArn": self._machines.arn(name, number),
        }

    async def list_versions(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachineVersions: the newest first."""
        name = self._whole(members["stateMachineArn"])
        entry = self._entry(name, members["stateMachineArn"])
        items = (
            Item(
                (-int(number),),
                {
                    "stateMachineVersionArn": self._machines.arn(name, number),
                    "creationDate": version.created,
                },
            )
            for number, version in (entry.versions.items() if entry is not None else ())
        )
        return page(f"versions:{name}", "stateMachineVersions", items, members)

    async def delete(self, members: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachineVersion. There need not be one."""
        name, number = _qualified(members["stateMachineVersionArn"])
        await self._versions.delete_version(name, number)
        return {}

    # -- aliases ------------------------------------------------------------------------------------

    async def create_alias(self, members: dict[str, Any]) -> dict[str, Any]:
        """CreateStateMachineAlias."""
        name, routes = self._routes(members["routingConfiguration"])
        alias = await self._versions.create_alias(
            name, members["name"], routes, members.get("description", "")
        )
        return {
            "stateMachineAliasArn": self._machines.arn(name, members["name"]),
            "creationDate": alias.created,
        }

    async def update_alias(self, members: dict[str, Any]) -> dict[str, Any]:
        """UpdateStateMachineAlias."""
        name, alias = _qualified(members["stateMachineAliasArn"])
        told, description = members.get("routingConfiguration"), members.get("description")
        if told is None and description is None:
            raise ExecutionError(
                "ValidationException",
                "Either the description or the routing configuration must be specified",
            )
        routes = None
        if told is not None:
            of, routes = self._routes(told)
            if of != name:
                raise _other_machine()
        changed = await self._versions.update_alias(name, alias, routes, description)
        return {"updateDate": changed.updated}

    async def describe_alias(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachineAlias."""
        arn = members["stateMachineAliasArn"]
        name, qualifier = _qualified(arn)
        entry = self._machines.entry(name)
        alias = entry.aliases.get(qualifier) if entry is not None else None
        if alias is None:
            raise resource_not_found(arn)
        answer = {
            "stateMachineAliasArn": self._machines.arn(name, qualifier),
            "name": qualifier,
            "routingConfiguration": [
                {
                    "stateMachineVersionArn": self._machines.arn(name, route.version),
                    "weight": route.weight,
                }
                for route in alias.routes
            ],
            "creationDate": alias.created,
            "updateDate": alias.updated,
        }
        return {**answer, "description": alias.description} if alias.description else answer

    async def list_aliases(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachineAliases: the oldest first; of a version, those that lead to it."""
        arn = members["stateMachineArn"]
        name, number = machine_of(arn)
        entry = self._entry(name, arn)
        if number and (entry is None or number not in entry.versions):
            raise resource_not_found(arn)
        items = (
            Item(
                (alias.created, qualifier),
                {
                    "stateMachineAliasArn": self._machines.arn(name, qualifier),
                    "creationDate": alias.created,
                },
            )
            for qualifier, alias in (entry.aliases.items() if entry is not None else ())
            if not number or _leads_to(alias, number)
        )
        return page(f"aliases:{name}:{number}", "stateMachineAliases", items, members)

    async def delete_alias(self, members: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachineAlias. There need not be one."""
        name, alias = _qualified(members["stateMachineAliasArn"])
        await self._versions.delete_alias(name, alias)
        return {}

    # -- what is meant --------------------------------------------------------------------------------

    def _entry(self, name: str, arn: str) -> Entry | None:
        """Return a machine; None: it is of the file, which has no versions. Raises: ExecutionError."""
        entry = self._machines.entry(name)
        if entry is None and name not in self._machines.of_file():
            raise not_found(arn)
        return entry

    def _whole(self, arn: str) -> str:
        name, qualifier = machine_of(arn)
        if qualifier:
            raise not_found(arn)
        return name

    def _routes(self, told: list[dict[str, Any]]) -> tuple[str, tuple[Route, ...]]:
        """Return the machine that all versions of a routing configuration are of, and the routes."""
        named = [_qualified(route["stateMachineVersionArn"]) for route in told]
        name = named[0].name
        if any(one.name != name for one in named):
            raise _other_machine()
        return name, tuple(
            Route(version=one.qualifier, weight=route["weight"])
            for one, route in zip(named, told, strict=True)
        )


def _qualified(arn: str) -> MachineName:
    """Read the ARN of a version or of an alias. Raises: ExecutionError."""
    named = machine_of(arn)
    if not named.qualifier:
        raise ExecutionError("InvalidArn", f"Invalid Arn: 'Neither a version nor an alias: {arn}'")
    return named


def _leads_to(alias: Alias, number: str) -> bool:
    return any(route.version == number for route in alias.routes)


def _other_machine() -> ExecutionError:
    return ExecutionError(
        "ValidationException",
        "Routing configuration must contain versions of one state machine only.",
    )
