"""Owns what is kept of a state machine that the API has made. Knows no store and no wire format.

Definitions are kept apart, by their digests: see `machines`.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

LOGGING_OFF: Final[Mapping[str, Any]] = {"level": "OFF", "includeExecutionData": False}


class Kept(BaseModel):
    """A part of a document of the catalog."""

    model_config = ConfigDict(frozen=True)


class Settings(Kept):
    """What an update changes. digest: of the definition. logging: as AWS writes it. role: an ARN."""

    digest: str
    role: str
    logging: Mapping[str, Any] = LOGGING_OFF
    tracing: bool = False


class Version(Kept):
    """Settings that never change. revision: of the machine when it was published. created: s since 1970."""

    settings: Settings
    revision: str
    created: float
    description: str = ""


class Route(Kept):
    """A version, and how many of a hundred executions of an alias are given to it."""

    version: str
    weight: int


class Alias(Kept):
    """A name for one version, or two."""

    routes: tuple[Route, ...]
    created: float
    updated: float
    description: str = ""

    def choose(self, pick: float) -> str:
        """Return a version by weight. pick: from 0 up to 1, without 1."""
        left = pick * 100
        for route in self.routes:
            if left < route.weight:
                return route.version
            left -= route.weight
        return self.routes[-1].version


class Entry(Kept):
    """A state machine. revision: "" until the first update. versions: by number.

    last_version: the highest number ever given: none is given twice.
    """

    name: str
    express: bool
    settings: Settings
    created: float
    updated: float
    revision: str = ""
    versions: Mapping[str, Version] = Field(default_factory=dict)
    last_version: int = 0
    aliases: Mapping[str, Alias] = Field(default_factory=dict)
    tags: Mapping[str, str] = Field(default_factory=dict)

    @property
    def digests(self) -> set[str]:
        """Those of all definitions that an execution may be started with."""
        return {self.settings.digest, *(one.settings.digest for one in self.versions.values())}

    @property
    def current_version(self) -> str:
        """The number of the newest version, where nothing has been updated since; else ""."""
        number = max(self.versions, key=int, default="")
        return number if number and self.versions[number].revision == self.revision else ""

    def changed(self, **fields: Any) -> "Entry":
        """Return it with other fields."""
        return self.model_copy(update=fields)

    def published(self, description: str, now: float) -> "Entry":
        """Return it with a version of what it is; as it stands, where there is one."""
        if self.current_version:
            return self
        number = self.last_version + 1
        version = Version(
            settings=self.settings, revision=self.revision, created=now, description=description
        )
        versions = {**self.versions, str(number): version}
        return self.changed(versions=versions, last_version=number)
