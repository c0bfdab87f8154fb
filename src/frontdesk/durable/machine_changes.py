"""Owns what the API changes of state machines; versions and aliases are `machine_versions`'. Knows no wire format.

Each change is a function from what is there to what shall be, tried again when another gateway was faster.
Whatever runs goes on with the definition that it was started with.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.durable.diagnosis import diagnosed
from frontdesk.durable.machine_entries import Entry, Settings
from frontdesk.durable.machines import MACHINE, Machines, digest_of, not_found
from frontdesk.ports.catalog import Catalog, ConflictError, Put
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.diagnostics import Severity

MOST_VERSIONS: Final = 1000
MOST_TAGS: Final = 50
"""AWS's quotas of one machine."""


class NewMachine(NamedTuple):
    """A machine to be made. description: of the version that is published, if one shall be."""

    name: str
    express: bool
    definition: str
    role: str
    logging: Mapping[str, Any]
    tracing: bool
    tags: Mapping[str, str]
    publish: bool
    description: str


class MachineUpdate(NamedTuple):
    """What shall be of a machine; None: as it was."""

    definition: str | None
    role: str | None
    logging: Mapping[str, Any] | None
    tracing: bool | None
    publish: bool
    description: str


class MachineChanges:
    """Changes the machines of the API. Every method raises ExecutionError with AWS's codes, and StoreError.

    Machines are given by name. Those of the file are refused: the file changes them.
    """

    def __init__(
        self, machines: Machines, catalog: Catalog, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        """new_id: makes the id of a revision."""
        self._machines = machines
        self._catalog = catalog
        self._clock = clock
        self._new_id = new_id

    # -- machines -----------------------------------------------------------------------------------

    async def create(self, wanted: NewMachine) -> Entry:
        """Make a machine. The same one again is the one that is there."""
        await _check(wanted.definition, express=wanted.express)
        name = wanted.name
        exists = ExecutionError(
            "StateMachineAlreadyExists",
            f"State Machine Already Exists: '{self._machines.arn(name)}'",
        )
        if name in self._machines.of_file():
            raise exists
        check_tags(wanted.tags)
        now = self._clock.time()
        settings = Settings(
            digest=digest_of(wanted.definition, express=wanted.express),
            role=wanted.role,
            logging=wanted.logging,
            tracing=wanted.tracing,
        )
        await self._machines.keep(wanted.definition, express=wanted.express)

        def change(former: Entry | None) -> Entry:
            if former is not None:
                if not _is_same(former, wanted, settings):
                    raise exists
                return former
            entry = Entry(
                name=name,
                express=wanted.express,
                settings=settings,
                created=now,
                updated=now,
                tags=wanted.tags,
            )
            return entry.published(wanted.description, now) if wanted.publish else entry

        return await self._commit(name, change)

    async def update(self, name: str, wanted: MachineUpdate) -> Entry:
        """Change a machine; its revision is another one then."""
        former = self._mine(name)
        digest = former.settings.digest
        if wanted.definition is not None:
            await _check(wanted.definition, express=former.express)
            digest = digest_of(wanted.definition, express=former.express)
            await self._machines.keep(wanted.definition, express=former.express)
        now = self._clock.time()
        given: dict[str, Any] = {
            "digest": digest if wanted.definition is not None else None,
            "role": wanted.role,
            "logging": wanted.logging,
            "tracing": wanted.tracing,
        }
        fields = {field: value for field, value in given.items() if value is not None}

        def change(entry: Entry) -> Entry:
            settings = entry.settings.model_copy(update=fields)
            if settings != entry.settings:
                entry = entry.changed(settings=settings, revision=self._new_id(), updated=now)
            return published(entry, wanted.description, now) if wanted.publish else entry

        return await self.change(name, change)

    async def delete(self, name: str) -> None:
        """Remove a machine, if there is one, with its versions and aliases."""
        # Differs: [states-deleting] a machine is gone at once; what runs is not waited for
        if name in self._machines.of_file():
            raise self._of_file(name)
        async with self._machines.turn:
            await self._catalog.delete(MACHINE, name)
            self._machines.drop(name)

    async def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Give it tags, in place of those with the same keys."""

        def change(entry: Entry) -> Entry:
            together = {**entry.tags, **tags}
            check_tags(together)
            return entry.changed(tags=together)

        await self.change(name, change)

    async def untag(self, name: str, keys: frozenset[str]) -> None:
        """Take tags away, if they are there."""

        def change(entry: Entry) -> Entry:
            left = {key: value for key, value in entry.tags.items() if key not in keys}
            return entry.changed(tags=left)

        await self.change(name, change)

    # -- committing ---------------------------------------------------------------------------------

    async def change(self, name: str, change: Callable[[Entry], Entry]) -> Entry:
        """Commit what a function makes of a machine that there is, and return that."""

        def changed(former: Entry | None) -> Entry:
            if former is None:
                raise not_found(self._machines.arn(name))
            return change(former)

        if name in self._machines.of_file():
            raise self._of_file(name)
        return await self._commit(name, changed)

    async def _commit(self, name: str, change: Callable[[Entry | None], Entry]) -> Entry:
        async with self._machines.turn:
            while True:
                record = await self._catalog.get(MACHINE, name)
                former = None if record is None else Entry.model_validate(record.document)
                entry = change(former)
                if entry == former:
                    return entry
                put = Put(
                    kind=MACHINE,
                    key=name,
                    document=entry.model_dump(),
                    expect=0 if record is None else record.version,
                )
                try:
                    await self._catalog.commit([put])
                except ConflictError:  # another gateway was faster: look at what it has made
                    continue
                await self._machines.put(entry)
                return entry

    def _mine(self, name: str) -> Entry:
        if name in self._machines.of_file():
            raise self._of_file(name)
        entry = self._machines.entry(name)
        if entry is None:
            raise not_found(self._machines.arn(name))
        return entry

    def _of_file(self, name: str) -> ExecutionError:
        return ExecutionError(
            "ConflictException",
            f"State machine {name} is in the configuration file: change it there. "
            "The API changes only the state machines that it has made.",
        )


def _is_same(former: Entry, wanted: NewMachine, settings: Settings) -> bool:
    """Whether CreateStateMachine asks for what is there. Roles and tags do not count."""
    same = former.settings.model_copy(update={"role": settings.role}) == settings
    if not same or former.express != wanted.express:
        return False
    if not wanted.publish:
        return True
    version = former.versions.get(former.current_version)
    return version is not None and version.description == wanted.description


def published(entry: Entry, description: str, now: float) -> Entry:
    """Return a machine with a version of what it is. Raises: ExecutionError, beyond the quota."""
    if not entry.current_version and len(entry.versions) >= MOST_VERSIONS:
        raise quota(f"A state machine can have {MOST_VERSIONS} versions.")
    return entry.published(description, now)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises: ExecutionError, for more tags than a resource can have."""
    if len(tags) > MOST_TAGS:
        raise ExecutionError("TooManyTags", f"Too Many Tags: a resource can have {MOST_TAGS}.")


def quota(message: str) -> ExecutionError:
    """Make the error for more of something than there may be."""
    return ExecutionError("ServiceQuotaExceededException", message)


async def _check(definition: str, *, express: bool) -> None:
    errors = [
        str(one)
        for one in await diagnosed(definition, express=express)
        if one.severity is Severity.ERROR
    ]
    if errors:
        raise ExecutionError(
            "InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(errors)}'"
        )
