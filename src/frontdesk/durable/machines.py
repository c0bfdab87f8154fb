"""Owns which state machines there are, and finds them: those of the file, and those that the API has made.

A name is one machine: where both have it, it is the file's. Knows no execution.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple, cast

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.config.validation import did_you_mean
from frontdesk.durable.machine_entries import Entry, Settings
from frontdesk.ports.catalog import Catalog, ConflictError, Put
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.arns import read_machine
from frontdesk.rules.asl.check import read_definition
from frontdesk.rules.asl.parse import Document, build_machine
from frontdesk.rules.asl.program import Program, compile_machine
from frontdesk.stores.following import Following

MACHINE: Final = "states_machine"
"""Documents: what the API has made, by name."""

DEFINITION: Final = "states_definition"
"""Documents: definitions by digest. They stay for good: an execution of any age may be pinned to one."""

RETENTION: Final = 90 * 86_400.0
"""Seconds that executions of the API's machines are kept after their end, as at AWS."""

_PROGRAMS: Final = 1000
"""Compiled machines that are held."""

_PAGE: Final = 500
"""Documents that are read together."""

_log = logging.getLogger("frontdesk.states")


class Revision(NamedTuple):
    """What an execution is pinned to. definition: JSON text. role: an ARN, or ""."""

    digest: str
    definition: str
    express: bool
    role: str


class FileMachine(NamedTuple):
    """A machine of the configuration file. retention: seconds. log: a level of AWS, such as ERROR."""

    name: str
    definition: str
    express: bool
    retention: float
    log: str


class Target(NamedTuple):
    """What a new execution runs. arn: of the machine. version_arn, alias_arn: "" where none was named."""

    name: str
    arn: str
    revision: Revision
    version_arn: str
    alias_arn: str
    retention: float
    log: str


class Standing(NamedTuple):
    """A machine of the file. adopted: when its definition was first seen, in seconds since 1970."""

    machine: FileMachine
    revision: Revision
    adopted: float


def digest_of(definition: str, *, express: bool) -> str:
    """Return the name of a definition: equal ones of one type have the same."""
    return sha256(f"{_type(express=express)}\n{definition}".encode()).hexdigest()


class Machines:
    """All state machines of one gateway. Used on its event loop.

    Whoever changes one holds `turn` from the look at what is there until it is told to `put` or `drop`.
    """

    def __init__(self, catalog: Catalog, clock: Clock, *, region: str, account: str) -> None:
        self.turn = asyncio.Lock()
        self._catalog = catalog
        self._clock = clock
        self._arn = f"arn:aws:states:{region}:{account}:stateMachine:"
        self._of_file: Mapping[str, Standing] = {}
        self._entries: dict[str, Entry] = {}
        self._definitions: dict[str, str] = {}
        self._programs: dict[str, Program] = {}
        self._following = Following(self._follow)

    async def start(self) -> None:
        """Read what the API has made, and follow what other gateways make of it. Raises: StoreError."""
        self._catalog.watch(MACHINE, self._following.changed)
        await self._refresh()

    def stop(self) -> None:
        """Follow nothing any more."""
        self._following.stop()

    async def adopt(self, machines: Mapping[str, FileMachine]) -> None:
        """Take those of the file in place of those taken before. Raises: StoreError, and nothing has changed."""
        standing = {}
        for name, machine in machines.items():
            digest = digest_of(machine.definition, express=machine.express)
            revision = Revision(digest, machine.definition, machine.express, "")
            adopted = await self.keep(machine.definition, express=machine.express)
            standing[name] = Standing(machine, revision, adopted)
        for name in standing.keys() & self._entries.keys():
            _log.warning("a state machine of the API gives way to the file's: %s", name)
        self._of_file = standing

    # -- looking ------------------------------------------------------------------------------------

    def target(self, text: str, pick: float) -> Target:
        """Find what an execution of a machine runs.

        text: an ARN of whatever region and account, a part of one, or a name, each with a version or an
        alias behind it or without. pick: from 0 up to 1, chooses among the versions of an alias.
        Raises: ExecutionError, StateMachineDoesNotExist.
        """
        named = read_machine(text)
        if named is None:
            raise not_found(text)
        name, qualifier = named
        arn = self.arn(name)
        of_file = self._of_file.get(name)
        if of_file is not None and not qualifier:
            machine = of_file.machine
            return Target(name, arn, of_file.revision, "", "", machine.retention, machine.log)
        entry = self.entry(name)
        if entry is None:
            raise not_found(text, did_you_mean(name, {*self._of_file, *self.entries()}))
        if not qualifier:
            return self._target(entry, entry.settings)
        alias = entry.aliases.get(qualifier)
        number = alias.choose(pick) if alias is not None else qualifier
        version = entry.versions.get(number)
        if version is None:
            raise not_found(text)
        found = self._target(entry, version.settings)
        alias_arn = self.arn(name, qualifier) if alias is not None else ""
        return found._replace(version_arn=self.arn(name, number), alias_arn=alias_arn)

    def arn(self, name: str, qualifier: str = "") -> str:
        """Write the ARN of a machine, or of a version or alias of it."""
        return f"{self._arn}{name}:{qualifier}" if qualifier else f"{self._arn}{name}"

    def of_file(self) -> Mapping[str, Standing]:
        """Return the machines of the file, by name."""
        return self._of_file

    def entries(self) -> Mapping[str, Entry]:
        """Return the machines of the API, by name, without those that give way to the file's."""
        of_file = self._of_file
        return {name: entry for name, entry in self._entries.items() if name not in of_file}

    def entry(self, name: str) -> Entry | None:
        """Return a machine of the API; None where there is none, or the file has the name."""
        return None if name in self._of_file else self._entries.get(name)

    def definition(self, entry: Entry, settings: Settings) -> Revision:
        """Return what executions of a machine of the API are pinned to. settings: its own or a version's."""
        text = self._definitions[settings.digest]
        return Revision(settings.digest, text, entry.express, settings.role)

    async def program(self, digest: str) -> Program:
        """Return a definition made ready to run. Raises: StoreError, also where it is not kept."""
        program = self._programs.get(digest)
        if program is None:
            document = cast(Document, read_definition(await self.text(digest)))
            program = self._programs[digest] = compile_machine(build_machine(document))
            if len(self._programs) > _PROGRAMS:
                del self._programs[next(iter(self._programs))]
        return program

    async def text(self, digest: str) -> str:
        """Return a definition that is kept, as JSON text. Raises: StoreError."""
        text = self._definitions.get(digest)
        return text if text is not None else await self._read(digest)

    # -- changing -----------------------------------------------------------------------------------

    async def keep(self, definition: str, *, express: bool) -> float:
        """Keep a definition for good; return since when it is kept. Raises: StoreError."""
        digest = digest_of(definition, express=express)
        document = {"definition": definition, "type": _type(express=express)}
        put = Put(kind=DEFINITION, key=digest, document=document, expect=0)
        record = await self._catalog.get(DEFINITION, digest)
        if record is None:
            try:
                (record,) = await self._catalog.commit([put])
            except ConflictError:  # another gateway has kept the same one meanwhile
                return self._clock.time()
        return record.time

    async def put(self, entry: Entry) -> None:
        """Take a machine of the API that is committed. Raises: StoreError."""
        await self._learn([entry])
        self._entries[entry.name] = entry

    def drop(self, name: str) -> None:
        """Forget a machine of the API whose deletion is committed."""
        self._entries.pop(name, None)

    # -- following ----------------------------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            await self._refresh()
        except StoreError as error:
            _log.warning("cannot read the state machines that have changed: %s", error)

    async def _refresh(self) -> None:
        async with self.turn:
            entries: dict[str, Entry] = {}
            after = ""
            while page := await self._catalog.list(MACHINE, after=after, most=_PAGE):
                entries |= {one.key: Entry.model_validate(one.document) for one in page}
                after = page[-1].key
            await self._learn(entries.values())
            self._entries = entries
            used = set().union(*(entry.digests for entry in entries.values()))
            self._definitions = {digest: self._definitions[digest] for digest in used}

    async def _learn(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            for digest in entry.digests - self._definitions.keys():
                self._definitions[digest] = await self._read(digest)

    async def _read(self, digest: str) -> str:
        record = await self._catalog.get(DEFINITION, digest)
        if record is None:
            raise StoreError(f"the definition of a state machine is not kept: {digest}")
        return str(record.document["definition"])

    def _target(self, entry: Entry, settings: Settings) -> Target:
        revision = self.definition(entry, settings)
        log = str(settings.logging["level"])
        return Target(entry.name, self.arn(entry.name), revision, "", "", RETENTION, log)


def not_found(text: str, hint: str = "") -> ExecutionError:
    """Make the error for a state machine that is not there. text: as it was asked for."""
    told = f"State Machine Does Not Exist: '{text}'"
    return ExecutionError("StateMachineDoesNotExist", told, hint=hint)


def _type(*, express: bool) -> str:
    return "EXPRESS" if express else "STANDARD"
