"""Owns the API keys that are made while the gateway runs: kept in the catalog, told to whoever serves.

A key is told only once it is kept, and whoever made, revoked or enabled it is answered only once it is told.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.config.models.plan import MOST_PLANS, Plan, overlap
from frontdesk.config.models.root import Config
from frontdesk.config.validation import among, did_you_mean
from frontdesk.gateway.identity.key_registry import ApiKey, KeyRegistry
from frontdesk.gateway.pipeline.stages.api_key import keys_of_file
from frontdesk.ports.catalog import Catalog, Put, Record
from frontdesk.rules.auth.api_keys import RANDOM, digest_of, generate, prefix_of
from frontdesk.rules.periods import day_of
from frontdesk.stores.following import Following

KIND: Final = "api_key"

PAGE: Final = 1000
"""Keys that are read together."""

_OF_FILE: Final = "file:"
"""How what is asked for the next keys begins where some of the file have been passed over: no id has a colon."""

LONGEST_NAME: Final = 255
"""Characters of a name or a description."""

_log = logging.getLogger("frontdesk.keys")

Tell = Callable[[Sequence[ApiKey]], Awaitable[None]]


class KeyRefusedError(FrontdeskError):
    """What was asked of a key cannot be done; the message says why."""

    code = "key"


class NoSuchKeyError(KeyRefusedError):
    """There is no key of this name or id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key to be made. plans: by name. value: what an imported key is; "" to make one."""

    name: str
    plans: tuple[str, ...]
    description: str = ""
    enabled: bool = True
    value: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was made, as it is shown, and its value, which nobody can be told again."""

    key: dict[str, Any]
    value: str


class LiveKeys:
    """The live keys of one gateway. Used on its event loop."""

    def __init__(
        self,
        catalog: Catalog,
        registry: KeyRegistry,
        tell: Tell,
        config: Callable[[], Config],
        clock: Clock,
    ) -> None:
        """registry: what this process knows. tell: puts keys into it and into whatever serves.

        config: the configuration in force.
        """
        self._catalog = catalog
        self._registry = registry
        self._tell = tell
        self._config = config
        self._clock = clock
        self._turn = asyncio.Lock()
        self._following = Following(self._follow)

    async def start(self, *, shared: bool) -> None:
        """Tell all keys that are kept.

        shared: other gateways change keys in this catalog, too: theirs are told from now on.
        Raises: StoreError.
        """
        if shared:
            self._catalog.watch(KIND, self._following.changed)
        await self._refresh()

    def stop(self) -> None:
        """Follow what others change no longer."""
        self._following.stop()

    async def _follow(self) -> None:
        try:
            await self._refresh()
        except StoreError as error:
            _log.warning("cannot read the API keys that have changed: %s", error)

    async def _refresh(self) -> None:
        """Tell the keys that are kept and are not known so."""
        known = {key.digest: key for key in self._registry}
        shared: dict[object, Any] = {}
        changed: list[ApiKey] = []
        after = ""
        # Page by page: all documents at once would weigh many times what is kept of them.
        while page := await self._catalog.list(KIND, after=after, most=PAGE):
            for record in page:
                key = _key(record, shared)
                former = known.get(key.digest)
                if former is None or _settings(former) != _settings(key):
                    changed.append(key)
            after = page[-1].key
        if changed:
            await self._tell(changed)

    async def create(self, wanted: Wanted) -> Made:
        """Make a key. Raises: KeyRefusedError, StoreError."""
        made = generate(self._config().environment, os.urandom(RANDOM))
        async with self._turn:
            self._check([wanted])
            record = await self._keep(made.id, _document(wanted, made.value, self._clock.time()))
        return Made(shown(record), made.value)

    async def import_all(self, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
        """Make keys of values that are known elsewhere: all, or none; return them as they are shown.

        Raises: KeyRefusedError for the first that cannot be made, StoreError.
        """
        now = self._clock.time()
        async with self._turn:
            self._check(wanted)
            changes = []
            for each in wanted:
                identity = generate("import", os.urandom(RANDOM)).id
                document = _document(each, each.value, now)
                changes.append(Put(kind=KIND, key=identity, document=document, expect=0))
            records = await self._catalog.commit(changes)
            shared: dict[object, Any] = {}
            await self._tell([_key(record, shared) for record in records])
        return [shown(record) for record in records]

    async def set_enabled(self, who: str, *, enabled: bool) -> dict[str, Any]:
        """Revoke or enable a key; return it as it is shown.

        who: its name or id. Raises: KeyRefusedError, StoreError.
        """
        async with self._turn:
            record = await self._find(who)
            changed = await self._keep(record.key, {**record.document, "enabled": enabled})
        return shown(changed)

    async def show(self, who: str) -> dict[str, Any]:
        """Return a key as it is shown. Raises: KeyRefusedError, StoreError."""
        of_file = next((each for each in self._of_file() if each["name"] == who), None)
        return of_file or shown(await self._find(who))

    async def page(self, after: str, most: int = PAGE) -> tuple[list[dict[str, Any]], str]:
        """Return keys as they are shown, and what to ask for the next ones; "" at the end.

        after: "" for the first page; those of the file come first. Raises: StoreError.
        """
        passed = after.removeprefix(_OF_FILE)
        if not after or passed != after:
            begin = int(passed[:9]) if passed.isdecimal() else 0
            fixed = list(islice(self._of_file(), begin, begin + most))
            if len(fixed) == most:
                return fixed, f"{_OF_FILE}{begin + most}"
            after, most = "", most - len(fixed)
        else:
            fixed = []
        live = await self._catalog.list(KIND, after=after, most=most)
        return [*fixed, *map(shown, live)], live[-1].key if len(live) == most else ""

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The plans of the configuration in force, by name."""
        return self._config().plans

    def known(self) -> dict[str, ApiKey]:
        """Return all keys by their ids."""
        return {key.id: key for key in (*keys_of_file(self._config()).values(), *self._registry)}

    def find(self, who: str) -> ApiKey:
        """Return the key of this name or id.

        Raises: NoSuchKeyError, or KeyRefusedError where several have the name.
        """
        known = self.known()
        found = [key for key in known.values() if who in (key.id, key.name)]
        if not found:
            names = [key.name for key in known.values()]
            hint = did_you_mean(who, names) or "`frontdesk keys list` lists them"
            raise NoSuchKeyError(f"there is no such key: {who}", hint=hint)
        if len(found) > 1:
            raise KeyRefusedError(
                f"several keys have this name: {who}", hint="use the id, which `keys list` shows"
            )
        return found[0]

    async def _find(self, who: str) -> Record:
        key = self.find(who)
        if key.id in self._config().keys:
            raise KeyRefusedError(
                f"this key is in the file: {who}", hint="change it there: enabled: false"
            )
        record = await self._catalog.get(KIND, key.id)
        if record is None:
            raise NoSuchKeyError(f"there is no such key any more: {who}")
        return record

    async def _keep(self, identity: str, document: dict[str, Any]) -> Record:
        record = await self._catalog.put(KIND, identity, document)
        await self._tell([_key(record, {})])
        return record

    def _of_file(self) -> Iterable[dict[str, Any]]:
        for name, key in self._config().keys.items():
            yield {
                "id": name,
                "name": name,
                "prefix": "",
                "plans": list(key.plan),
                "enabled": key.enabled,
                "description": key.description,
                "created": None,
                "from": "file",
            }

    # -- what cannot be made ------------------------------------------------------------------------

    def _check(self, wanted: Sequence[Wanted]) -> None:
        """Raises: KeyRefusedError for the first that cannot be made."""
        config = self._config()
        names = {key.name for key in self._registry} | config.keys.keys()
        digests = {key.digest for key in self._registry}
        digests |= {key.digest for key in config.keys.values()}
        for each in wanted:
            self._check_words(each)
            if each.name in names:
                raise KeyRefusedError(
                    f"there is a key of this name: {each.name}", hint="revoke it, or take another"
                )
            names.add(each.name)
            if each.value:
                digest = _digest(each)
                if digest in digests:
                    raise KeyRefusedError(f"another key has the same value: {each.name}")
                digests.add(digest)

    def _check_words(self, wanted: Wanted) -> None:
        if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
            raise KeyRefusedError(f"expected a name of 1 to {LONGEST_NAME} characters")
        if not wanted.name.isprintable():
            raise KeyRefusedError("expected a name of printable characters")
        if len(wanted.description) > LONGEST_NAME:
            raise KeyRefusedError(f"expected a description of at most {LONGEST_NAME} characters")
        if not 1 <= len(wanted.plans) <= MOST_PLANS:
            raise KeyRefusedError(f"expected 1 to {MOST_PLANS} plans: {wanted.name}")
        plans = self._config().plans
        for name in wanted.plans:
            if name not in plans:
                raise KeyRefusedError(f"there is no such plan: {name}", hint=among(name, plans))
        if twice := [name for name, times in Counter(wanted.plans).items() if times > 1]:
            raise KeyRefusedError(f"this plan is given twice: {twice[0]}")
        for one, other in combinations(wanted.plans, 2):
            for pair in product(plans[one].apis, plans[other].apis):
                if overlap(*pair):
                    raise KeyRefusedError(f"both plans open {pair[0]}: {one} and {other}")


def shown(record: Record) -> dict[str, Any]:
    """Write a key for its operators: everything but its digest."""
    document = record.document
    rest = {name: document[name] for name in _SHOWN}
    return {"id": record.key, **rest, "from": "catalog"}


_SHOWN: Final = ("name", "prefix", "plans", "enabled", "description", "created")


def _document(wanted: Wanted, value: str, now: float) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "prefix": prefix_of(value),
        "digest": digest_of(value).hex(),
        "plans": list(wanted.plans),
        "enabled": wanted.enabled,
        "description": wanted.description,
        "created": now,
    }


def _digest(wanted: Wanted) -> bytes:
    try:
        return digest_of(wanted.value)
    except ValueError as error:
        raise KeyRefusedError(f"{error}: {wanted.name}") from None


def _key(record: Record, shared: dict[object, Any]) -> ApiKey:
    """Make what serving needs of a key. shared: plans and days of others, which it then shares."""
    document = record.document
    plans, since = tuple(document["plans"]), day_of(document["created"])
    return ApiKey(
        record.key,
        document["name"],
        bytes.fromhex(document["digest"]),
        shared.setdefault(plans, plans),
        document["enabled"],
        shared.setdefault(since, since),
    )


def _settings(key: ApiKey) -> tuple[object, ...]:
    return key.id, key.name, key.plans, key.enabled, key.since
