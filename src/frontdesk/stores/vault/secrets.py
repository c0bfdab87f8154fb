"""Owns the secrets of the vault: their versions, which stages these have, when a deleted one is gone.

Values are in a document only as they are sealed. Refusals are in AWS's words.
Source: AWS, Secrets Manager, API reference.
"""

import re
import secrets as randomness
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from frontdesk.base.clock import Clock
from frontdesk.ports.catalog import Catalog
from frontdesk.rules.secret_stages import CURRENT, StageError, Stages, moved, placed
from frontdesk.stores.vault.documents import Documents, Json
from frontdesk.stores.vault.master_keys import KeyRing, MasterKeys, Sealed
from frontdesk.stores.vault.refusals import LockedError, VaultError, deleted_meanwhile

KIND: Final = "secret"

LONGEST_VALUE: Final = 65_536
"""Bytes of a value."""

_DAY: Final = 86400.0
_MOST_WITHOUT_STAGE: Final = 20
"""Versions without a stage that are kept, the newest."""

_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_SUFFIX: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Version:
    """One version. created: seconds since 1970. binary: whether its value was given as bytes."""

    id: str
    created: float
    binary: bool
    sealed: Sealed
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What people say of a secret; None: as it is. kms_key: kept, and not used."""

    description: str | None = None
    kms_key: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One secret. suffix: of its ARN. times: seconds since 1970; gone: when it will be, 0.0 for never.

    versions: oldest first.
    """

    name: str
    suffix: str
    created: float
    changed: float
    description: str = ""
    kms_key: str = ""
    tags: Mapping[str, str]
    deleted: float = 0.0
    gone: float = 0.0
    versions: tuple[Version, ...] = ()

    @property
    def stages(self) -> Stages:
        """The stages of each version."""
        return {version.id: version.stages for version in self.versions}

    def version(self, version_id: str | None, stage: str | None) -> Version:
        """Find a version by its id, a stage, or both. Raises: VaultError."""
        if version_id is None:
            stage = stage or CURRENT
            found = next((each for each in self.versions if stage in each.stages), None)
            sought = f"secret value for staging label: {stage}"
        else:
            found = next((each for each in self.versions if each.id == version_id), None)
            sought = f"secret value for VersionId: {version_id}"
        if found is None:
            raise VaultError(
                "ResourceNotFoundException", f"Secrets Manager can't find the specified {sought}"
            )
        if stage is not None and stage not in found.stages:
            raise VaultError(
                "InvalidRequestException",
                "You provided a VersionStage that is not associated to the provided VersionId.",
            )
        return found

    def described(self, more: Description) -> Self:
        """Say other things of it."""
        given = {name: value for name, value in _members(more).items() if value is not None}
        return replace(self, **given)

    def staged(self, stages: Stages) -> Self:
        """Give its versions these stages; drop the oldest of those that have none."""
        versions = [replace(each, stages=tuple(stages[each.id])) for each in self.versions]
        bare = [each for each in versions if not each.stages][:-_MOST_WITHOUT_STAGE]
        return replace(self, versions=tuple(each for each in versions if each not in bare))

    @classmethod
    def read(cls, name: str, document: Json) -> Self:
        """Read what `document` has written."""
        versions = tuple(
            Version(**{**each, "sealed": Sealed(**each["sealed"]), "stages": tuple(each["stages"])})
            for each in document["versions"]
        )
        return cls(name=name, **{**document, "versions": versions})

    def document(self) -> Json:
        """Write it for the catalog."""
        document = asdict(self)
        del document["name"]
        return document


def _members(more: Description) -> dict[str, Any]:
    return {"description": more.description, "kms_key": more.kms_key, "tags": more.tags}


@dataclass(frozen=True, slots=True)
class Value:
    """A value to be kept, or one that was asked for. Never shown by itself."""

    data: bytes
    binary: bool = False

    def __repr__(self) -> str:
        return "***"


class Secrets:
    """The secrets of one store. Used on one event loop."""

    def __init__(
        self, catalog: Catalog, keys: MasterKeys, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        """new_id: makes ids of versions."""
        self._documents = Documents(catalog, KIND)
        self._keys = keys
        self._clock = clock
        self._new_id = new_id

    # -- reading ------------------------------------------------------------------------------------

    async def all(self) -> Sequence[Secret]:
        """List them by name, those that are to be deleted among them. Raises: StoreError."""
        read = [Secret.read(*each) async for each in self._documents.all()]
        return [secret for secret in read if not self._is_gone(secret)]

    async def find(self, name: str) -> Secret:
        """Find one that may be to be deleted. Raises: VaultError, StoreError."""
        document = await self._documents.get(name)
        return self._there(name, document)

    async def get(self, name: str) -> Secret:
        """Find one. Raises: VaultError, StoreError."""
        return _in_use(await self.find(name))

    async def value(
        self, name: str, version_id: str | None = None, stage: str | None = None
    ) -> tuple[Secret, Version, Value]:
        """Read a value, of AWSCURRENT where nothing else is asked for. Raises: VaultError, StoreError."""
        secret = await self.get(name)
        version = secret.version(version_id, stage)
        return secret, version, self._opened(self._keys.ring(), name, version)

    # -- changing -----------------------------------------------------------------------------------

    async def create(
        self, name: str, value: Value | None, token: str | None, more: Description
    ) -> tuple[Secret, str | None]:
        """Make a secret; return it and the id of its version, if it has a value. Raises: VaultError."""
        if not _NAME.fullmatch(name):
            raise VaultError(
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of "
                "the following: -/_+=.@",
            )
        token = token or self._new_id()

        def decide(secret: Secret | None) -> Secret:
            if secret is not None:
                _in_use(secret)
                if value is None or not self._is_same(secret, token, value):
                    message = f"The operation failed because the secret {name} already exists."
                    raise VaultError("ResourceExistsException", message)
                return secret
            now = self._clock.time()
            suffix = "".join(randomness.choice(_SUFFIX) for _ in range(6))
            made = Secret(name=name, suffix=suffix, created=now, changed=now, tags={})
            made = made.described(more)
            return made if value is None else self._with(made, value, token, (CURRENT,))

        return await self._change(name, decide), None if value is None else token

    async def put(
        self, name: str, value: Value, token: str | None = None, stages: Sequence[str] = (CURRENT,)
    ) -> tuple[Secret, str]:
        """Add a version with a value; return the secret and its id. Raises: VaultError, StoreError."""
        token = token or self._new_id()
        changed = await self._change(
            name, lambda found: self._with(_in_use(_known(found)), value, token, stages)
        )
        return changed, token

    async def set(self, name: str, value: Value) -> Secret:
        """Make a secret with a value, or give it a new one. Raises: VaultError, StoreError."""
        try:
            return (await self.put(name, value))[0]
        except VaultError as error:
            if error.code != "ResourceNotFoundException":
                raise
        return (await self.create(name, value, None, Description()))[0]

    async def update(
        self, name: str, value: Value | None, token: str | None, more: Description
    ) -> tuple[Secret, str | None]:
        """Say other things of a secret, give it a value, or both. Raises: VaultError, StoreError."""
        token = token or self._new_id()

        def decide(found: Secret | None) -> Secret:
            described = replace(_in_use(_known(found)).described(more), changed=self._clock.time())
            return described if value is None else self._with(described, value, token, (CURRENT,))

        return await self._change(name, decide), None if value is None else token

    async def move_stage(
        self, name: str, stage: str, *, source: str | None, target: str | None
    ) -> Secret:
        """Take a stage from a version, give it to another. Raises: VaultError, StoreError."""

        def decide(found: Secret | None) -> Secret:
            secret = _in_use(_known(found))
            try:
                stages = moved(secret.stages, stage, source=source, target=target)
            except StageError as error:
                raise VaultError("InvalidParameterException", str(error)) from error
            return replace(secret.staged(stages), changed=self._clock.time())

        return await self._change(name, decide)

    async def describe(self, name: str, decide: Callable[[Secret], Description]) -> Secret:
        """Say other things of a secret, seeing what has been said. Raises: VaultError, StoreError."""

        def described(found: Secret | None) -> Secret:
            secret = _in_use(_known(found))
            return secret.described(decide(secret))

        return await self._change(name, described)

    async def delete(self, name: str, days: int) -> Secret:
        """Let a secret be deleted in so many days; nobody can read it meanwhile. Raises: VaultError."""

        def decide(found: Secret | None) -> Secret:
            now = self._clock.time()
            return replace(_in_use(_known(found)), deleted=now, gone=now + days * _DAY)

        return await self._change(name, decide)

    async def restore(self, name: str) -> Secret:
        """Take a planned deletion back. Raises: VaultError, StoreError."""
        return await self._change(name, lambda found: replace(_known(found), deleted=0.0, gone=0.0))

    async def forget(self, name: str) -> Secret:
        """Delete a secret at once, with all its versions. Raises: VaultError, StoreError."""
        secret = await self.find(name)
        await self._documents.delete(name)
        return replace(secret, gone=self._clock.time())

    async def sweep(self) -> None:
        """Remove those whose time has come. Raises: StoreError."""
        async for name, document in self._documents.all():
            if self._is_gone(Secret.read(name, document)):
                await self._documents.delete(name)

    async def locked(self) -> Mapping[str, LockedError]:
        """Return why values cannot be opened, by the name of the secret. Raises: StoreError."""
        locked = {}
        for secret in await self.all():
            for version in secret.versions:
                try:
                    self._opened(self._keys.ring(), secret.name, version)
                except LockedError as error:
                    locked[secret.name] = error
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
            return replace(version, sealed=ring.seal(value.data, KIND, name, version.id))

        def decide(found: Secret | None) -> Secret:
            known = _known(found)
            return replace(
                known, versions=tuple(sealed(known.name, each) for each in known.versions)
            )

        for secret in await self.all():
            with deleted_meanwhile():
                await self._change(secret.name, decide)
        return count

    # -- how ----------------------------------------------------------------------------------------

    async def _change(self, name: str, decide: Callable[[Secret | None], Secret]) -> Secret:
        """Put what `decide` makes of a secret, None where there is none (any more)."""

        def documents(former: Json | None) -> Json:
            secret = None if former is None else Secret.read(name, former)
            return decide(None if secret is None or self._is_gone(secret) else secret).document()

        return Secret.read(name, await self._documents.change(name, documents))

    def _with(self, secret: Secret, value: Value, token: str, stages: Sequence[str]) -> Secret:
        """Add a version, unless it is there with the same value."""
        if len(value.data) > LONGEST_VALUE:
            raise VaultError(
                "InvalidParameterException", f"A value has at most {LONGEST_VALUE} bytes."
            )
        now = self._clock.time()
        if token not in secret.stages:
            sealed = self._keys.ring_or_new().seal(value.data, KIND, secret.name, token)
            version = Version(token, now, value.binary, sealed)
            secret = replace(secret, versions=(*secret.versions, version))
        elif self._is_same(secret, token, value):
            return secret
        else:
            raise VaultError(
                "ResourceExistsException",
                f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {secret.name}.",
            )
        return replace(secret.staged(placed(secret.stages, token, stages)), changed=now)

    def _is_same(self, secret: Secret, token: str, value: Value) -> bool:
        if token not in secret.stages:
            return False
        version = secret.version(token, None)
        return self._opened(self._keys.ring(), secret.name, version) == value

    def _opened(self, ring: KeyRing, name: str, version: Version) -> Value:
        return Value(ring.open(version.sealed, KIND, name, version.id), version.binary)

    def _there(self, name: str, document: Json | None) -> Secret:
        secret = None if document is None else Secret.read(name, document)
        return _known(None if secret is None or self._is_gone(secret) else secret)

    def _is_gone(self, secret: Secret) -> bool:
        return 0.0 < secret.gone <= self._clock.time()


def _known(secret: Secret | None) -> Secret:
    if secret is None:
        raise VaultError(
            "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
        )
    return secret


def _in_use(secret: Secret) -> Secret:
    if secret.deleted:
        raise VaultError(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    return secret
