"""Owns the parameters of the vault: their numbered versions, labels and history. All values are sealed.

Refusals are in AWS's words. Source: AWS, Systems Manager, API reference, Parameter Store operations.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

import re2

from frontdesk.base.clock import Clock
from frontdesk.ports.catalog import Catalog
from frontdesk.stores.vault.documents import Documents, Json
from frontdesk.stores.vault.master_keys import KeyRing, MasterKeys, Sealed
from frontdesk.stores.vault.refusals import LockedError, VaultError, deleted_meanwhile

KIND: Final = "parameter"

MOST_VERSIONS: Final = 100
MOST_LABELS: Final = 10
"""Of one version."""

LONGEST: Final = {"Standard": 4096, "Advanced": 8192}
"""Bytes of a value, by tier."""

_MOST_LEVELS: Final = 15
_NAME: Final = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_LABEL: Final = re.compile(r"(?!aws|ssm)[A-Za-z_.-][A-Za-z0-9_.-]{0,99}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Version:
    """One version, its number counting from 1. created: seconds since 1970. type: AWS's word."""

    number: int
    created: float
    type: str
    sealed: Sealed
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. versions: oldest first, at least one."""

    name: str
    tier: str
    data_type: str
    description: str
    pattern: str
    tags: Mapping[str, str]
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """The version that is read where no other is asked for."""
        return self.versions[-1]

    def version(self, selector: str) -> Version:
        """Find a version by its number or label; "" is the newest. Raises: VaultError."""
        if not selector:
            return self.newest
        for version in self.versions:
            if selector == str(version.number) or selector in version.labels:
                return version
        raise VaultError(
            "ParameterVersionNotFound",
            f"Systems Manager could not find version {selector} of {self.name}. "
            "Verify the version and try again.",
        )

    @classmethod
    def read(cls, name: str, document: Json) -> Self:
        """Read what `document` has written."""
        versions = tuple(
            Version(**{**each, "sealed": Sealed(**each["sealed"]), "labels": tuple(each["labels"])})
            for each in document["versions"]
        )
        return cls(name=name, **{**document, "versions": versions})

    def document(self) -> Json:
        """Write it for the catalog."""
        document = asdict(self)
        del document["name"]
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A parameter to be put; None: as it is, or the usual. overwrite: where there is one."""

    value: str
    type: str | None = None
    overwrite: bool = False
    tier: str | None = None
    data_type: str | None = None
    description: str | None = None
    pattern: str | None = None
    tags: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return "***"


class Parameters:
    """The parameters of one store. Used on one event loop."""

    def __init__(self, catalog: Catalog, keys: MasterKeys, clock: Clock) -> None:
        self._documents = Documents(catalog, KIND)
        self._keys = keys
        self._clock = clock

    async def all(self) -> Sequence[Parameter]:
        """List them by name. Raises: StoreError."""
        return [Parameter.read(*each) async for each in self._documents.all()]

    async def get(self, name: str) -> Parameter:
        """Find one. Raises: VaultError, StoreError."""
        document = await self._documents.get(name)
        if document is None:
            raise _unknown(name)
        return Parameter.read(name, document)

    async def value(self, name: str, selector: str = "") -> tuple[Parameter, Version, str]:
        """Read a value, the newest where no other is asked for. Raises: VaultError, StoreError."""
        parameter = await self.get(name)
        version = parameter.version(selector)
        return parameter, version, self.opened(name, version)

    def opened(self, name: str, version: Version) -> str:
        """Decrypt the value of a version. Raises: VaultError."""
        return self._opened(self._keys.ring(), name, version).decode()

    async def put(self, name: str, wanted: Wanted) -> Parameter:
        """Make a parameter or, where that is wanted, its next version. Raises: VaultError, StoreError."""
        check_name(name)

        def decide(former: Json | None) -> Json:
            found = None if former is None else Parameter.read(name, former)
            return self._next(found, name, wanted).document()

        return Parameter.read(name, await self._documents.change(name, decide))

    async def label(
        self, name: str, number: int | None, labels: Sequence[str]
    ) -> tuple[int, list[str]]:
        """Give a version labels, taking them from others; None: the newest.

        Returns its number, and the labels that none can have. Raises: VaultError, StoreError.
        """
        invalid = [label for label in labels if not _LABEL.fullmatch(label)]
        good = [label for label in labels if label not in invalid]
        labelled = 0

        def decide(parameter: Parameter) -> Parameter:
            nonlocal labelled
            labelled = parameter.version("" if number is None else str(number)).number
            versions = (_labelled(each, labelled, good) for each in parameter.versions)
            return replace(parameter, versions=tuple(versions))

        await self._change(name, decide)
        return labelled, invalid

    async def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Let a parameter have these tags and no others. Raises: VaultError, StoreError."""
        await self._change(name, lambda parameter: replace(parameter, tags=tags))

    async def delete(self, name: str) -> None:
        """Delete one with all its versions. Raises: VaultError, StoreError."""
        await self.get(name)
        await self._documents.delete(name)

    async def locked(self) -> Mapping[str, LockedError]:
        """Return why values cannot be opened, by the name of the parameter. Raises: StoreError."""
        locked = {}
        for parameter in await self.all():
            for version in parameter.versions:
                try:
                    self._opened(self._keys.ring(), parameter.name, version)
                except LockedError as error:
                    locked[parameter.name] = error
        return locked

    async def seal_anew(self, ring: KeyRing) -> int:
        """Seal every value under the first key of a ring; return how many were not. Raises: VaultError."""
        count = 0

        def sealed(name: str, version: Version) -> Version:
            nonlocal count
            if version.sealed.key == ring.first:
                return version
            count += 1
            value = self._opened(ring, name, version)
            return replace(version, sealed=ring.seal(value, KIND, name, str(version.number)))

        def decide(parameter: Parameter) -> Parameter:
            versions = (sealed(parameter.name, each) for each in parameter.versions)
            return replace(parameter, versions=tuple(versions))

        for parameter in await self.all():
            with deleted_meanwhile():
                await self._change(parameter.name, decide)
        return count

    async def _change(self, name: str, decide: Callable[[Parameter], Parameter]) -> None:
        """Put what `decide` makes of a parameter that is there."""

        def documents(former: Json | None) -> Json:
            if former is None:
                raise _unknown(name)
            return decide(Parameter.read(name, former)).document()

        await self._documents.change(name, documents)

    def _opened(self, ring: KeyRing, name: str, version: Version) -> bytes:
        return ring.open(version.sealed, KIND, name, str(version.number))

    def _next(self, found: Parameter | None, name: str, wanted: Wanted) -> Parameter:
        if found is not None and not wanted.overwrite:
            raise VaultError(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            )
        kind = wanted.type or (found.newest.type if found else None)
        if kind is None:
            raise VaultError(
                "ValidationException", "A parameter type is required when you create a parameter."
            )
        shell = Parameter(
            name=name,
            tier=wanted.tier or (found.tier if found else "Standard"),
            data_type=wanted.data_type or (found.data_type if found else "text"),
            description=(found.description if found else "")
            if wanted.description is None
            else wanted.description,
            pattern=(found.pattern if found else "") if wanted.pattern is None else wanted.pattern,
            tags=(found.tags if found else {}) if wanted.tags is None else wanted.tags,
            versions=(),
        )
        _check_value(shell, wanted.value)
        number = found.newest.number + 1 if found else 1
        sealed = self._keys.ring_or_new().seal(wanted.value.encode(), KIND, name, str(number))
        version = Version(number, self._clock.time(), kind, sealed)
        return replace(shell, versions=(*_room(found), version))


def check_name(name: str) -> None:
    """Raises: VaultError for what AWS would not take as a name."""
    if not _NAME.fullmatch(name) or len(name) > 1011 or name.count("/") > _MOST_LEVELS:
        raise VaultError(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive), must be a '
            "fully qualified name beginning with / where it has levels, at most 15 of them, of the "
            "characters a-zA-Z0-9_.-",
        )
    first = name.removeprefix("/").partition("/")[0].lower()
    if first.startswith(("aws", "ssm")) or ("/" in name and not name.startswith("/")):
        raise VaultError(
            "ValidationException",
            f"Parameter name must be a fully qualified name that does not begin with aws or ssm: {name}",
        )


def _check_value(parameter: Parameter, value: str) -> None:
    most = LONGEST[parameter.tier]
    if not value or len(value.encode()) > most:
        raise VaultError(
            "ValidationException",
            f"{parameter.tier} tier parameters support a parameter value of 1 to {most} characters.",
        )
    try:
        fits = not parameter.pattern or re2.fullmatch(parameter.pattern, value)
    except re2.error as error:
        raise VaultError(
            "InvalidAllowedPatternException", f"The pattern cannot be used: {error}"
        ) from error
    if not fits:
        raise VaultError(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {parameter.pattern}",
        )


def _room(found: Parameter | None) -> tuple[Version, ...]:
    """Return the former versions, leaving out the oldest where there are too many."""
    versions = found.versions if found else ()
    if len(versions) < MOST_VERSIONS:
        return versions
    if versions[0].labels:
        raise VaultError(
            "ParameterMaxVersionLimitExceeded",
            f"The oldest version, {versions[0].number}, has a label. Move it to another version and try again.",
        )
    return versions[1:]


def _labelled(version: Version, number: int, labels: Sequence[str]) -> Version:
    left = tuple(label for label in version.labels if label not in labels)
    if version.number == number:
        left = (*left, *dict.fromkeys(labels))
        if len(left) > MOST_LABELS:
            raise VaultError(
                "ParameterVersionLabelLimitExceeded",
                f"A parameter version can have at most {MOST_LABELS} labels.",
            )
    return replace(version, labels=left)


def _unknown(name: str) -> VaultError:
    return VaultError("ParameterNotFound", f"Parameter {name} not found.")
