"""Owns which functions there are: those of the file, which only the file changes, and those of the API.

The latter are in the Catalog and run by the function host; they come back after a restart. A name is one
function: where both have it, it is the file's.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.code import CodeFolder, Uploaded
from frontdesk.aws.lambda_api.models import AliasEntry, FunctionEntry, LayerEntry, Version
from frontdesk.aws.wire import ApiError
from frontdesk.base.errors import StartError, StoreError
from frontdesk.durable.invocations.subject import Subject
from frontdesk.functions.archives import ArchiveError
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import Alias, FunctionDefinition, FunctionSettings
from frontdesk.ports.catalog import Catalog, ConflictError, Delete, Put
from frontdesk.ports.invoker import Invoker
from frontdesk.rules.asynchronous.destination import RESOURCES, Destination
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.rules.concurrency import LATEST, Share
from frontdesk.rules.pool import Standing

_log = logging.getLogger("frontdesk.aws")

_FUNCTION = "function"
_LAYER = "layer"
_BOOTSTRAP = ("./bootstrap",)


class Arns(NamedTuple):
    """Writes ARNs."""

    region: str
    account: str

    def function(self, name: str, qualifier: str = "") -> str:
        """Write the ARN of a function, or of a version or alias of it."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        return f"{arn}:{qualifier}" if qualifier else arn

    def mapping(self, uuid: str) -> str:
        """Write the ARN of an event source mapping."""
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{uuid}"

    def destination(self, destination: Destination) -> str:
        """Write the ARN of where records of asynchronous invocations go."""
        service, resource = RESOURCES[destination.kind]
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}{destination.name}"

    def layer(self, name: str) -> str:
        """Write the ARN of a layer; that of a version has `:number` behind."""
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{name}"


def not_found(arns: Arns, target: Target) -> ApiError:
    """Make the error for a function, or a version or alias of it, that is not there."""
    arn = arns.function(*target)
    return ApiError(404, "ResourceNotFoundException", f"Function not found: {arn}")


def has_qualifier(definition: FunctionDefinition, qualifier: str) -> bool:
    """Tell whether a function has this version or alias; "" is $LATEST."""
    return (
        qualifier in ("", LATEST)
        or qualifier in definition.versions
        or qualifier in definition.aliases
    )


class FileFunctions(Protocol):
    """The functions of the configuration in force."""

    def definitions(self) -> Mapping[str, FunctionDefinition]:
        """Return those that run here, by name."""
        ...

    def remote(self, name: str) -> Invoker | None:
        """Return the invoker of one that runs elsewhere."""
        ...

    def policy(self, name: str) -> Policy:
        """Tell what is done with asynchronous invocations of one, here or elsewhere."""
        ...


class Registry:
    """All functions and layers.

    Whoever changes something holds `changing` from the look at what is there until it is saved.
    """

    def __init__(
        self,
        catalog: Catalog,
        host: FunctionHost,
        code: CodeFolder,
        file: FileFunctions,
        arns: Arns,
        *,
        pool: int | None = None,
    ) -> None:
        """pool: `limits.concurrency`; None: calls are not counted."""
        self.arns = arns
        self.pool = pool
        self.changing = asyncio.Lock()
        self._catalog = catalog
        self._host = host
        self._code = code
        self._file = file
        self._functions: dict[str, FunctionEntry] = {}
        self._layers: dict[str, LayerEntry] = {}
        self._numbers: dict[tuple[str, str], int] = {}  # versions of their documents

    async def start(self) -> None:
        """Run what the Catalog has. Raises: StoreError."""
        for record in await self._catalog.list(_LAYER):
            self._layers[record.key] = LayerEntry.read(record.document)
            self._numbers[_LAYER, record.key] = record.version
        for record in await self._catalog.list(_FUNCTION):
            self._functions[record.key] = FunctionEntry.read(record.document)
            self._numbers[_FUNCTION, record.key] = record.version
        await self._sweep()
        await self.run()

    async def run(self) -> None:
        """Run what does not run yet: at the start, and when the file has given a name back."""
        of_file = self.of_file()
        for name, entry in self._functions.items():
            if name in of_file:
                _log.warning("a function of the Lambda API gives way to the file's: %s", name)
            elif self._host.definition(name) is None:
                try:
                    await self._host.put(self._definition(entry))
                except StartError as error:
                    _log.warning("a function of the Lambda API cannot run: %s", error.message)

    # -- looking ------------------------------------------------------------------------------------

    def entries(self) -> dict[str, FunctionEntry]:
        """Return the functions of the API, by name, without those that give way to the file's."""
        of_file = self.of_file()
        return {name: entry for name, entry in self._functions.items() if name not in of_file}

    def of_file(self) -> Mapping[str, FunctionDefinition]:
        """Return the functions of the file that run here, by name."""
        return self._file.definitions()

    def layers(self) -> Mapping[str, LayerEntry]:
        """Return all layers, by name."""
        return self._layers

    def definition(self, target: Target) -> FunctionDefinition:
        """Return what runs under a name. Raises: ApiError."""
        of_file = self.of_file().get(target.name)
        if of_file is not None:
            return of_file
        entry = self._functions.get(target.name)
        if entry is None:
            raise self.not_found(target)
        return self._definition(entry)

    def invoker(self, target: Target) -> Invoker:
        """Return the invoker of a function. Raises: ApiError."""
        remote = self._file.remote(target.name)
        if remote is not None:
            return remote
        if not has_qualifier(self.definition(target), target.qualifier):
            raise self.not_found(target)
        return self._host.invoker(target.name, target.qualifier)

    def subject(self, target: Target) -> Subject:
        """Return a function as one that is invoked later. Raises: ApiError."""
        invoker = self.invoker(target)
        arn = self.arns.function(target.name, target.qualifier or LATEST)
        if self._file.remote(target.name) is not None:
            return Subject(invoker, arn, self._file.policy(target.name))
        reserved = self.definition(target).reserved_concurrency
        return Subject(invoker, arn, self.policy(target), reserved)

    def policy(self, target: Target) -> Policy:
        """Return what is done with asynchronous invocations of a function that runs here. Raises: ApiError."""
        if target.name in self.of_file():
            return self._file.policy(target.name)
        return self.mine(target).asynchronous(target.qualifier)

    def standing(self, name: str, version: str) -> Standing:
        """Count the children of a version that stand ready."""
        return self._host.standing(name, version)

    def other_shares(self, name: str) -> Iterator[Share]:
        """Return what all functions but `name` have of the pool for themselves."""
        for of_file in self.of_file().values():
            if of_file.name != name:
                provisioned = sum(of_file.provisioned.values())
                yield Share(of_file.reserved_concurrency, provisioned)
        for entry in self.entries().values():
            if entry.function_name != name:
                yield entry.share

    def not_found(self, target: Target) -> ApiError:
        """Make the error for what is not there."""
        return not_found(self.arns, target)

    # -- changing -----------------------------------------------------------------------------------

    def free(self, name: str) -> None:
        """Raises: ApiError when there is a function of this name."""
        if name in self._functions or name in self.of_file() or self._file.remote(name):
            raise ApiError(409, "ResourceConflictException", f"Function already exist: {name}")

    def mine(self, target: Target) -> FunctionEntry:
        """Return a function that the API may change. Raises: ApiError."""
        if target.name in self.of_file() or self._file.remote(target.name) is not None:
            raise ApiError(
                409,
                "ResourceConflictException",
                f"Function {target.name} is in the configuration file: change it there. "
                "The API changes only the functions that it has made.",
            )
        entry = self._functions.get(target.name)
        if entry is None:
            raise self.not_found(target)
        return entry

    async def upload(self, content: bytes) -> Uploaded:
        """Keep the zip of new code. Raises: ApiError when it is none, or must not be unpacked."""
        try:
            return await asyncio.to_thread(self._code.keep, content)
        except ArchiveError as error:
            raise ApiError(
                400,
                "InvalidParameterValueException",
                "Could not unzip uploaded file. Please check your file, then try to upload again. "
                f"({error.__cause__})",
            ) from error
        except OSError as error:
            raise StoreError(f"the code cannot be stored: {error.strerror}") from error

    async def save(self, entry: FunctionEntry) -> FunctionEntry:
        """Commit a function, then run it.

        Raises: ApiError or StoreError. Nothing has changed then, but for a ServiceException: the function
        is committed and could not be run, for lack of space, say; a restart tries again.
        """
        name = entry.function_name
        await self._put(_FUNCTION, name, entry)
        self._functions[name] = entry
        try:
            await self._host.put(self._definition(entry))
        except StartError as error:
            raise ApiError(500, "ServiceException", error.message) from error
        await self._sweep()
        return entry

    async def remove(self, name: str) -> None:
        """Remove a function with all its versions. Raises: ApiError, StoreError."""
        await self._delete(_FUNCTION, name)
        del self._functions[name]
        self._host.remove(name)
        await self._sweep()

    async def save_layer(self, entry: LayerEntry) -> None:
        """Commit a layer. Raises: ApiError, StoreError."""
        await self._put(_LAYER, entry.layer_name, entry)
        self._layers[entry.layer_name] = entry
        await self._sweep()

    async def _put(self, kind: str, key: str, entry: FunctionEntry | LayerEntry) -> None:
        expected = self._numbers.get((kind, key), 0)
        change = Put(kind=kind, key=key, document=entry.document(), expect=expected)
        try:
            (record,) = await self._catalog.commit([change])
        except ConflictError as error:
            raise self._busy(key) from error
        self._numbers[kind, key] = record.version

    async def _delete(self, kind: str, key: str) -> None:
        change = Delete(kind=kind, key=key, expect=self._numbers[kind, key])
        try:
            await self._catalog.commit([change])
        except ConflictError as error:
            raise self._busy(key) from error
        del self._numbers[kind, key]

    def _busy(self, name: str) -> ApiError:
        """Make the error for what another process has changed meanwhile."""
        return ApiError(
            409,
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for "
            f"resource: {self.arns.function(name)}",
        )

    async def _sweep(self) -> None:
        versions = [version for entry in self._functions.values() for version in entry.all]
        used = {version.code_sha256 for version in versions}
        used |= {layer.code_sha256 for version in versions for layer in version.layers}
        for entry in self._layers.values():
            used |= {layer.code_sha256 for layer in entry.versions.values()}
        await asyncio.to_thread(self._code.sweep, used)

    # -- running ------------------------------------------------------------------------------------

    def _definition(self, entry: FunctionEntry) -> FunctionDefinition:
        name = entry.function_name
        return FunctionDefinition(
            name=name,
            latest=self._settings(name, entry.latest),
            versions={
                number: self._settings(name, version) for number, version in entry.versions.items()
            },
            aliases={alias: _alias(told) for alias, told in entry.aliases.items()},
            reserved_concurrency=entry.reserved_concurrent_executions,
            provisioned=entry.provisioned,
        )

    def _settings(self, name: str, version: Version) -> FunctionSettings:
        provided = version.runtime.startswith("provided")
        return FunctionSettings(
            name=name,
            version=version.version,
            handler="" if provided else version.handler,
            command=_BOOTSTRAP if provided else (),
            code=self._code.path(version.code_sha256),
            layers=tuple(self._code.path(layer.code_sha256) for layer in version.layers),
            timeout=float(version.timeout),
            memory=version.memory_size,
            environment=version.environment.variables,
            region=self.arns.region,
            account=self.arns.account,
        )


def _alias(entry: AliasEntry) -> Alias:
    weights = entry.routing_config.additional_version_weights
    return Alias(
        version=entry.function_version,
        weights={number: weight for number, weight in weights.items() if weight > 0},
    )
