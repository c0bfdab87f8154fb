"""Owns cross-references: every name that an entry uses must be an entry of its section.

Works on the tree, so that names are checked even where a model is not valid.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from frontdesk.base.errors import Finding
from frontdesk.config.tree import Path, Tree
from frontdesk.config.validation import did_you_mean, shown


class Use(NamedTuple):
    """Keys that fit `pattern` name an entry of `section`. but: words that name none."""

    pattern: tuple[str, ...]
    section: str
    but: tuple[str, ...] = ()


USES: Final = (
    Use(("apis", "*", "authorizer"), "authorizers", ("none",)),
    Use(("apis", "*", "routes", "*", "authorizer"), "authorizers", ("none",)),
    Use(("apis", "*", "routes", "*", "function"), "functions"),
    Use(("apis", "*", "routes", "*", "http", "upstream"), "upstreams"),
    Use(("authorizers", "*", "function"), "functions"),
)


SECTIONS: Final = ("authorizers", "functions", "upstreams")


def used_names(tree: Tree, section: str) -> set[str]:
    """Collect the names that entries use of `section`."""
    return {
        name
        for use in USES
        if use.section == section
        for _, name in tree.match(use.pattern)
        if isinstance(name, str)
    }


def unknown_names(tree: Tree) -> Iterator[Finding]:
    """Find names without an entry, and scopes that no token can have."""
    for use in USES:
        entries = _mapping(tree.value.get(use.section))
        for path, name in tree.match(use.pattern):
            if not isinstance(name, str) or ":" in name:
                continue  # told by the model
            if name not in entries and name not in use.but:
                message = f"expected a name under {use.section}"
                hint = did_you_mean(name, entries) or f"add it under {use.section}"
                yield Finding(
                    "error", "unknown-name", tree.position(path), message, shown(name), hint=hint
                )
    yield from _scopes_without_token(tree)


def _scopes_without_token(tree: Tree) -> Iterator[Finding]:
    authorizers = _mapping(tree.value.get("authorizers"))
    for path, scopes in tree.match(("apis", "*", "routes", "*", "scopes")):
        name = _authorizer(tree, path[:-1])
        if scopes and _mapping(authorizers.get(name)).get("type") != "jwt":
            yield Finding(
                "error",
                "scopes-without-token",
                tree.position(path, of_key=True),
                "expected a jwt authorizer on a route with scopes",
                why="only a token has scopes: without a jwt authorizer nothing would check them",
                hint="add authorizer to the route, or remove scopes",
            )


def _authorizer(tree: Tree, route: Path) -> str:
    own = tree.value_at((*route, "authorizer"))
    name = own if own is not None else tree.value_at((*route[:2], "authorizer"))
    return name if isinstance(name, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
