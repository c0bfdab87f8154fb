"""Owns what stages and canaries name, and what tells one canary from the next."""

import json
from collections.abc import Iterator
from hashlib import sha256

from frontdesk.base.errors import Finding
from frontdesk.config.models.api import Api
from frontdesk.config.models.root import Config
from frontdesk.config.tree import Path, Tree
from frontdesk.config.validation import did_you_mean, shown


def unknown_aliases(config: Config, tree: Tree) -> Iterator[Finding]:
    """Find aliases of stages and canaries that none of the API's functions has."""
    for name, api in config.apis.items():
        known = _aliases(config, api)
        for path, alias in _named(name, api):
            if tree.node_at(path) is not None and alias not in known:
                hint = did_you_mean(alias, known) or "add it under aliases of a function"
                expected = "expected an alias of a function that the routes call"
                where = tree.position(path)
                yield Finding("error", "unknown-name", where, expected, shown(alias), hint=hint)


def _named(name: str, api: Api) -> Iterator[tuple[Path, str]]:
    at = ("apis", name)
    if api.canary is not None and api.canary.alias is not None:
        yield (*at, "canary", "alias"), api.canary.alias
    for stage_name, stage in api.stages.items():
        place: Path = (*at, "stage") if api.declared_stages is None else (*at, "stages", stage_name)
        if stage.alias is not None:
            yield (*place, "alias"), stage.alias
        if stage.canary is not None and stage.canary.alias is not None:
            yield (*place, "canary", "alias"), stage.canary.alias


def _aliases(config: Config, api: Api) -> list[str]:
    """List the aliases of all functions that an API's operations call, each once."""
    names = {
        operation.called.partition(":")[0]
        for _, _, operation in api.operations()
        if operation.called is not None
    }
    functions = config.local_functions
    return list(
        dict.fromkeys(
            alias for name in sorted(names & functions.keys()) for alias in functions[name].aliases
        )
    )


def canary_identity(config: Config, api_name: str, stage: str) -> str:
    """Return what tells one canary of a stage from the next: other settings, or another version behind its alias."""
    canary = config.apis[api_name].canary_of(stage)
    assert canary is not None
    functions = config.local_functions.items()
    aliases = {
        name: function.aliases[canary.alias].model_dump(mode="json")
        for name, function in functions
        if canary.alias in function.aliases
    }
    told = json.dumps([canary.model_dump(mode="json"), aliases], sort_keys=True)
    return f"{api_name}/{stage} {sha256(told.encode()).hexdigest()[:16]}"
