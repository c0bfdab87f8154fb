"""Owns what the API changes of versions and aliases. Knows no wire format."""

from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.durable.machine_changes import MachineChanges, published, quota
from frontdesk.durable.machine_entries import Alias, Entry, Route, Version
from frontdesk.durable.machines import Machines
from frontdesk.ports.executions import ExecutionError

MOST_ALIASES: Final = 100
"""AWS's quota of one machine."""

INITIAL: Final = "INITIAL"
"""How AWS names the revision of a machine that was never updated."""

_PERCENT: Final = 100


class MachineVersions:
    """Changes versions and aliases of the API's machines, which are given by name. Errors: as MachineChanges."""

    def __init__(self, machines: Machines, changes: MachineChanges, clock: Clock) -> None:
        self._machines = machines
        self._changes = changes
        self._clock = clock

    # -- versions -----------------------------------------------------------------------------------

    async def publish(self, name: str, revision: str, description: str) -> tuple[str, Version]:
        """Make a version of what the machine is; return its number and itself.

        revision: the one that is meant; "" for whichever it is.
        """
        now = self._clock.time()

        def change(entry: Entry) -> Entry:
            current = entry.revision or INITIAL
            if revision not in {"", current}:
                raise ExecutionError(
                    "ConflictException",
                    f"Failed to publish the State Machine version for revision {revision}. "
                    f"The current State Machine revision is {current}.",
                )
            return published(entry, description, now)

        entry = await self._changes.change(name, change)
        number = entry.current_version
        return number, entry.versions[number]

    async def delete_version(self, name: str, number: str) -> None:
        """Remove a version, if there is one that no alias needs."""
        if self._machines.entry(name) is None and name not in self._machines.of_file():
            return

        def change(entry: Entry) -> Entry:
            using = [
                alias
                for alias, told in entry.aliases.items()
                if any(route.version == number for route in told.routes)
            ]
            if using:
                raise ExecutionError(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. Current list of "
                    f"aliases referencing this version: [{', '.join(using)}]",
                )
            kept = {one: version for one, version in entry.versions.items() if one != number}
            return entry.changed(versions=kept)

        await self._changes.change(name, change)

    # -- aliases ------------------------------------------------------------------------------------

    async def create_alias(
        self, name: str, alias: str, routes: tuple[Route, ...], description: str
    ) -> Alias:
        """Make an alias. The same one again is the one that is there."""
        now = self._clock.time()

        def change(entry: Entry) -> Entry:
            self._check_routes(entry, routes)
            former = entry.aliases.get(alias)
            if former is not None:
                if (former.routes, former.description) != (routes, description):
                    raise ExecutionError(
                        "ConflictException",
                        "Failed to create alias because an alias with the same name and a "
                        "different routing configuration already exists.",
                    )
                return entry
            if len(entry.aliases) >= MOST_ALIASES:
                raise quota(f"A state machine can have {MOST_ALIASES} aliases.")
            made = Alias(routes=routes, created=now, updated=now, description=description)
            return entry.changed(aliases={**entry.aliases, alias: made})

        return (await self._changes.change(name, change)).aliases[alias]

    async def update_alias(
        self, name: str, alias: str, routes: tuple[Route, ...] | None, description: str | None
    ) -> Alias:
        """Change an alias; None: as it was."""
        now = self._clock.time()

        def change(entry: Entry) -> Entry:
            former = entry.aliases.get(alias)
            if former is None:
                raise resource_not_found(self._machines.arn(name, alias))
            if routes is not None:
                self._check_routes(entry, routes)
            changed = Alias(
                routes=former.routes if routes is None else routes,
                created=former.created,
                updated=now,
                description=former.description if description is None else description,
            )
            return entry.changed(aliases={**entry.aliases, alias: changed})

        return (await self._changes.change(name, change)).aliases[alias]

    async def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias, if there is one."""
        if self._machines.entry(name) is None and name not in self._machines.of_file():
            return

        def change(entry: Entry) -> Entry:
            kept = {one: told for one, told in entry.aliases.items() if one != alias}
            return entry.changed(aliases=kept)

        await self._changes.change(name, change)

    def _check_routes(self, entry: Entry, routes: tuple[Route, ...]) -> None:
        weights = [route.weight for route in routes]
        if sum(weights) != _PERCENT:
            raise ExecutionError(
                "ValidationException",
                f"Sum of routing configuration weights must equal 100. Received: {weights}",
            )
        if len({route.version for route in routes}) < len(routes):
            raise ExecutionError(
                "ValidationException",
                "Routing configuration must contain distinct state machine versions.",
            )
        for route in routes:
            if route.version not in entry.versions:
                raise resource_not_found(self._machines.arn(entry.name, route.version))


def resource_not_found(arn: str) -> ExecutionError:
    """Make the error for an alias, a version or something else that is not there."""
    return ExecutionError("ResourceNotFound", f"Resource not found: '{arn}'")
