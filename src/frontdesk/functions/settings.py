"""Owns what the host must know of a function. The composition root makes it from configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from frontdesk.rules.concurrency import LATEST

Initialization = Literal["on-demand", "provisioned-concurrency"]
"""Why a child is started: for a call that waits, or to stand ready. AWS_LAMBDA_INITIALIZATION_TYPE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSettings:
    """One version of a function: what a child of it becomes.

    handler: `package.module.function`, or with slashes between folders as AWS allows; "" with a
    command. command: a program of the Lambda Runtime API and its arguments. code: a folder put first
    on the path, or a zip of one; layers: likewise, a later one before a former. requirements: file of
    pip, or None. timeout: seconds, of one call. memory: MB. environment: references already resolved;
    never logged. initialization: of the child.
    """

    name: str
    version: str = LATEST
    handler: str = ""
    command: tuple[str, ...] = ()
    code: Path
    layers: tuple[Path, ...] = ()
    requirements: Path | None = None
    timeout: float = 3.0
    memory: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    initialization: Initialization = "on-demand"
    region: str = "us-east-1"
    account: str = "000000000000"

    @property
    def arn(self) -> str:
        """The unqualified ARN of the function."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name for a version, which may send a share of its calls to another.

    weights: version → share, above 0, together below 1; `version` gets the rest.
    """

    version: str
    weights: Mapping[str, float] = field(default_factory=dict)

    def choose(self, draw: float) -> str:
        """Choose the version of one call. draw: random, from 0 up to but without 1."""
        for version, weight in self.weights.items():
            draw -= weight
            if draw < 0:
                return version
        return self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDefinition:
    """A function with its versions.

    latest: the version $LATEST. versions: the published ones, by number. aliases: by name; each
    names versions that are there. reserved_concurrency: calls at once, set aside for all versions
    together, 0 for none at all; None: the shared pool. provisioned: children that stand ready, by
    version or alias.
    """

    name: str
    latest: FunctionSettings
    versions: Mapping[str, FunctionSettings] = field(default_factory=dict)
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    provisioned: Mapping[str, int] = field(default_factory=dict)

    def version(self, number: str) -> FunctionSettings:
        """Return a version by its number or $LATEST. Raises: KeyError."""
        return self.latest if number == LATEST else self.versions[number]

    def provisioned_versions(self) -> dict[str, int]:
        """Count the children that stand ready by version. Those of an alias are shared out by weight."""
        counts: dict[str, int] = {}
        for qualifier, count in self.provisioned.items():
            alias = self.aliases.get(qualifier, Alias(version=qualifier))
            shares = {version: int(count * share) for version, share in alias.weights.items()}
            shares[alias.version] = count - sum(shares.values())
            for version, share in shares.items():
                counts[version] = counts.get(version, 0) + share
        return counts
