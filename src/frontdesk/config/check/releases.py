"""Finds what will hurt in versions and canaries."""

import re
from collections.abc import Iterator

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.api import Api
from frontdesk.config.models.canary import Canary
from frontdesk.config.models.versioning import Versioning
from frontdesk.config.tree import Path

_CLOCK = SystemClock()
_NUMBER = re.compile(r"\d+")


def sunset_without_guide(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Versions that answer 410 and do not say where to go."""
    now = _CLOCK.time()
    for path, _, versioning in _versioned(loaded):
        for name, version in versioning.versions.items():
            if version.sunset is not None and version.sunset <= now and version.guide is None:
                where = loaded.tree.position((*path, "versions", name, "sunset"))
                yield where, f"{name} is gone, and its answer does not say what to do"


def unknown_version(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Routes below what looks like a version of the API and is none: /v3 beside v1 and v2."""
    for path, api, versioning in _versioned(loaded):
        forms = {_NUMBER.sub("0", name) for name in versioning.versions}
        for below, key, _ in api.operations():
            first = key.partition(" /")[2].partition("/")[0]
            if first not in versioning.versions and _NUMBER.sub("0", first) in forms:
                where = loaded.tree.position((*path[:2], *below), of_key=True)
                yield where, f"{first} is no version of this API"


def version_without_routes(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Versions without a route and without a stage of their name."""
    for path, api, versioning in _versioned(loaded):
        used = {versioning.of_route(key) for _, key, _ in api.operations()} | api.stages.keys()
        for name in versioning.versions:
            if name not in used:
                where = loaded.tree.position((*path, "versions", name), of_key=True)
                yield where, f"no route begins with /{name}"


def canary_without_difference(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Canaries that run what all other requests run."""
    for path, canary in _canaries(loaded):
        if canary.alias is None and not canary.variables:
            yield loaded.tree.position(path, of_key=True), "the canary runs the same as all others"


def _versioned(loaded: Loaded) -> Iterator[tuple[Path, Api, Versioning]]:
    for name, api in loaded.config.apis.items():
        if api.versioning is not None:
            yield ("apis", name, "versioning"), api, api.versioning


def _canaries(loaded: Loaded) -> Iterator[tuple[Path, Canary]]:
    for name, api in loaded.config.apis.items():
        if api.canary is not None:
            yield ("apis", name, "canary"), api.canary
        for stage, told in (api.declared_stages or {}).items():
            if told.canary is not None:
                yield ("apis", name, "stages", stage, "canary"), told.canary
        if api.stage is not None and api.stage.canary is not None:
            yield ("apis", name, "stage", "canary"), api.stage.canary
