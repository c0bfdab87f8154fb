"""Owns which version of an API a request means, and where the routes of that version are.

The routes of v1 are those below /v1, whether clients write that or say the version in another way; the
routes below no version belong to each of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from frontdesk.config.models.versioning import Versioning
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import Mount, Routes

Said = Callable[[Exchange, str], str | None]
"""Gives the version that a request says, None for none. The text: its path below the stage."""


class VersionTable:
    """The routes of one version, and those that belong to all."""

    __slots__ = ("_below", "_common", "_own", "plans")

    def __init__(self, below: str, own: Routes, common: Routes) -> None:
        """below: what is put before paths to find the version's own routes, such as `/v1`."""
        self._below = below
        self._own = own
        self._common = common
        self.plans = (*own.plans, *common.plans)

    def match(self, method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """See Routes."""
        below = self._below
        found = self._own.match(method, below if below and path == "/" else below + path)
        return self._common.match(method, path) if found[0] is None else found


class VersionMount:
    """One stage of an API with several versions."""

    __slots__ = ("_mounts", "_said", "_unknown", "prefix")

    def __init__(
        self, prefix: str, said: Said, mounts: Mapping[str | None, Mount], unknown: Mount
    ) -> None:
        """mounts: by what is said. unknown: for what is no version."""
        self.prefix = prefix
        self._said = said
        self._mounts = mounts
        self._unknown = unknown

    def take(self, ex: Exchange, path: str) -> None:
        """See Mount."""
        self._mounts.get(self._said(ex, path), self._unknown).take(ex, path)

    def plans(self) -> Iterator[RoutePlan]:
        """See Mount."""
        for mount in dict.fromkeys((*self._mounts.values(), self._unknown)):
            yield from mount.plans()


_PARAMETER: Final = re.compile(rb""";\s*version\s*=\s*"?([^\s";,]+)""", re.IGNORECASE)


def how_said(versioning: Versioning) -> Said:
    """Return what reads the version of requests."""
    if versioning.by == "header":
        return _in_accept if versioning.header.lower() == "accept" else _in(versioning.header)
    names = frozenset(versioning.versions)
    return _in_host(names) if versioning.by == "host" else _in_path(names)


def _in_path(names: Iterable[str]) -> Said:
    def said(_ex: Exchange, path: str) -> str | None:
        first = path[1:].partition("/")[0]
        return first if first in names else None

    return said


def _in_host(names: Iterable[str]) -> Said:
    labels = {name.lower(): name for name in names}
    return lambda ex, _path: labels.get(ex.host.partition(".")[0])


def _in(header: str) -> Said:
    field = header.lower().encode()

    def said(ex: Exchange, _path: str) -> str | None:
        value = ex.headers.get(field)
        return None if value is None else value.decode("latin-1")

    return said


def _in_accept(ex: Exchange, _path: str) -> str | None:
    found = _PARAMETER.search(ex.headers.get(b"accept", b""))
    return None if found is None else found[1].decode("latin-1")
