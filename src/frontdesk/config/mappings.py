"""Owns what the mappings of domains lead to: every one of them to a stage of an API.

Works on the tree, so that they are checked even where a model is not valid.
"""

from collections.abc import Iterator
from typing import Any

from frontdesk.base.errors import Finding
from frontdesk.config.models.domain import target
from frontdesk.config.route_keys import DEFAULT
from frontdesk.config.tree import Tree
from frontdesk.config.validation import among, shown

MAPPINGS = ("domains", "*", "mappings", "*")


def stage_names(api: dict[str, Any]) -> list[str]:
    """List the stages of an API, as the file has it."""
    several, only = api.get("stages"), api.get("stage")
    if isinstance(only, dict):
        return [str(only.get("name", DEFAULT))]
    return list(several) if isinstance(several, dict) else [DEFAULT]


def unknown_targets(tree: Tree) -> Iterator[Finding]:
    """Find mappings to APIs and stages that there are not, or that do not say which stage."""
    apis = tree.value.get("apis")
    known = apis if isinstance(apis, dict) else {}
    for path, text in tree.match(MAPPINGS):
        if not isinstance(text, str):
            continue  # told by the model
        api, stage = target(text)
        expected, names = "name under apis", list(known)
        if api in known:
            stages = stage_names(known[api] if isinstance(known[api], dict) else {})
            expected, names = f"stage of {api}", [f"{api}:{name}" for name in stages]
            if stage in stages or (not stage and (DEFAULT in stages or len(stages) == 1)):
                continue
        hint = among(text, names)
        where = tree.position(path)
        yield Finding(
            "error", "unknown-name", where, f"expected a {expected}", shown(text), hint=hint
        )
