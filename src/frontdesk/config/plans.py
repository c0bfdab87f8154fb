"""Owns what plans and keys refer to: APIs, stages, operations, and one plan of a key for each stage.

Works on the tree, so that they are checked even where a model is not valid.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from frontdesk.base.errors import Finding, Position
from frontdesk.config.mappings import stage_names
from frontdesk.config.models.plan import overlap
from frontdesk.config.tree import Path, Tree
from frontdesk.config.validation import among, shown


def unfit_plans(tree: Tree) -> Iterator[Finding]:
    """Find targets and operations of plans that there are not, and keys whose plans overlap."""
    apis = _mapping(tree.value.get("apis"))
    for path, plan in tree.match(("plans", "*")):
        targets = list(_listed(_mapping(plan).get("apis"), (*path, "apis")))
        for at, text in targets:
            yield from _unknown_target(tree, at, text, apis)
        named = {text.partition("/")[0] for _, text in targets}
        known = {key for name in named for key in _operations(_mapping(apis.get(name)))}
        for at, _ in tree.match(("plans", str(path[-1]), "methods", "*")):
            if at[-1] not in known:
                where = tree.position(at, of_key=True)
                yield _unknown(where, at[-1], "an operation of an API of this plan", known)
    for path, key in tree.match(("keys", "*")):
        yield from _overlap(tree, path, key)


def _unknown_target(tree: Tree, at: Path, text: str, apis: dict[str, Any]) -> Iterator[Finding]:
    name, slash, stage = text.partition("/")
    if name not in apis:
        yield _unknown(tree.position(at), text, "a name under apis", apis)
    elif slash and stage not in (stages := stage_names(_mapping(apis[name]))):
        known = [f"{name}/{each}" for each in stages]
        yield _unknown(tree.position(at), text, f"a stage of {name}", known)


def _overlap(tree: Tree, path: Path, key: object) -> Iterator[Finding]:
    """Find a plan of a key that opens what a former one of its plans opens."""
    plans = _mapping(tree.value.get("plans"))
    taken: dict[str, str] = {}
    for at, name in _listed(_mapping(key).get("plan"), (*path, "plan")):
        for _, text in _listed(_mapping(plans.get(name)).get("apis"), ()):
            former = next((taken[each] for each in taken if overlap(each, text)), name)
            taken.setdefault(text, name)
            if former != name:
                message = f"expected plans for different APIs: {former} and {name} both open {text}"
                yield Finding(
                    "error", "conflict", tree.position(at), message, hint="keep one of the two"
                )
                return


def _operations(api: dict[str, Any]) -> Iterator[str]:
    yield from _mapping(api.get("routes"))
    for path, methods in _mapping(api.get("resources")).items():
        yield from (f"{method} {path}" for method in _mapping(methods))


def _listed(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Go through the texts of a list that may be written as its only member."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        yield from (((*path, at), each) for at, each in enumerate(value) if isinstance(each, str))


def _unknown(where: Position, name: object, expected: str, known: Iterable[str]) -> Finding:
    names = sorted(known)
    hint = among(name, names)
    return Finding("error", "unknown-name", where, f"expected {expected}", shown(name), hint=hint)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
