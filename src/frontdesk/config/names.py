"""Owns cross-references: every name that an entry uses must be an entry of its section.

Works on the tree, so that names are checked even where a model is not valid.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from frontdesk.base.errors import Finding, Position
from frontdesk.config.tree import Path, Patterns, Tree
from frontdesk.config.validation import did_you_mean, shown
from frontdesk.rules.concurrency import LATEST


class Use(NamedTuple):
    """Texts that fit `pattern` name an entry of `section`. but: words that name none. keys: keys do, not texts.

    prefix: what stands before the name; texts without it name something else.
    """

    pattern: tuple[str, ...]
    section: str
    but: tuple[str, ...] = ()
    keys: bool = False
    prefix: str = ""


_DESTINATIONS: Final = {
    "function:": "functions",
    "queue:": "queues",
    "state_machine:": "state_machines",
}

USES: Final = (
    Use(("apis", "*", "authorizer"), "authorizers", ("none",)),
    Use(("apis", "*", "routes", "*", "authorizer"), "authorizers", ("none",)),
    Use(("apis", "*", "routes", "*", "function"), "functions"),
    Use(("apis", "*", "routes", "*", "http", "upstream"), "upstreams"),
    Use(("apis", "*", "routes", "*", "integration", "function"), "functions"),
    Use(("apis", "*", "routes", "*", "integration", "event_bus"), "event_buses", ("default",)),
    Use(("apis", "*", "routes", "*", "integration", "queue"), "queues"),
    Use(("apis", "*", "routes", "*", "integration", "state_machine"), "state_machines"),
    Use(("apis", "*", "routes", "*", "integration", "topic"), "topics"),
    Use(("apis", "*", "routes", "*", "integration", "upstream"), "upstreams"),
    Use(("apis", "*", "routes", "*", "queue"), "queues"),
    Use(("apis", "*", "routes", "*", "service", "event_bus"), "event_buses", ("default",)),
    Use(("apis", "*", "routes", "*", "service", "queue"), "queues"),
    Use(("apis", "*", "routes", "*", "state_machine"), "state_machines"),
    Use(("apis", "*", "routes", "*", "webhook"), "webhooks"),
    Use(("apis", "*", "resources", "*", "*", "authorizer"), "authorizers", ("none",)),
    Use(
        ("apis", "*", "resources", "*", "*", "integration", "event_bus"),
        "event_buses",
        ("default",),
    ),
    Use(("apis", "*", "resources", "*", "*", "integration", "function"), "functions"),
    Use(("apis", "*", "resources", "*", "*", "integration", "queue"), "queues"),
    Use(("apis", "*", "resources", "*", "*", "integration", "state_machine"), "state_machines"),
    Use(("apis", "*", "resources", "*", "*", "integration", "topic"), "topics"),
    Use(("apis", "*", "resources", "*", "*", "integration", "upstream"), "upstreams"),
    Use(("authorizers", "*", "function"), "functions"),
    Use(("connections", "*", "egress"), "egress"),
    Use(("event_buses", "*", "rules", "*", "targets", "function"), "functions"),
    Use(("event_buses", "*", "rules", "*", "targets", "queue"), "queues"),
    Use(("event_buses", "*", "rules", "*", "targets", "state_machine"), "state_machines"),
    Use(("event_buses", "*", "rules", "*", "targets", "*", "function"), "functions"),
    Use(("event_buses", "*", "rules", "*", "targets", "*", "queue"), "queues"),
    Use(("event_buses", "*", "rules", "*", "targets", "*", "state_machine"), "state_machines"),
    *(
        Use(("functions", "*", key), section, prefix=prefix)
        for key in ("on_failure", "on_success")
        for prefix, section in _DESTINATIONS.items()
    ),
    Use(("keys", "*", "plan"), "plans"),
    Use(("keys", "*", "plan", "*"), "plans"),
    Use(("outgoing_webhooks", "events", "function"), "functions"),
    Use(("outgoing_webhooks", "events", "queue"), "queues"),
    Use(("queues", "*", "consumer", "function"), "functions"),
    Use(("queues", "*", "dead_letter"), "queues"),
    Use(("records", "*", "on_change", "function"), "functions"),
    Use(("records", "*", "on_change", "queue"), "queues"),
    Use(("records", "*", "on_status", "function"), "functions"),
    Use(("records", "*", "on_status", "queue"), "queues"),
    Use(("schedules", "*", "function"), "functions"),
    Use(("schedules", "*", "state_machine"), "state_machines"),
    Use(("topics", "*", "subscriptions", "dead_letter"), "queues"),
    Use(("topics", "*", "subscriptions", "function"), "functions"),
    Use(("topics", "*", "subscriptions", "queue"), "queues"),
    Use(("topics", "*", "subscriptions", "*", "dead_letter"), "queues"),
    Use(("topics", "*", "subscriptions", "*", "function"), "functions"),
    Use(("topics", "*", "subscriptions", "*", "queue"), "queues"),
    Use(("upstreams", "*", "egress"), "egress"),
    Use(("upstreams", "*", "mirror"), "upstreams"),
    Use(("upstreams", "*", "mirror", "upstream"), "upstreams"),
    Use(("upstreams", "*", "split", "*"), "upstreams", keys=True),
    Use(("webhooks", "*", "dispatch", "*", "function"), "functions"),
    Use(("webhooks", "*", "dispatch", "*", "queue"), "queues"),
    Use(("webhooks", "*", "dispatch", "*", "state_machine"), "state_machines"),
)


_USED: Final = Patterns((use.pattern, use) for use in USES)
_SCOPES: Final = Patterns(
    (
        (("apis", "*", "routes", "*", "scopes"), None),
        (("apis", "*", "resources", "*", "*", "scopes"), None),
    )
)

SECTIONS: Final = ("authorizers", "egress", "functions", "upstreams", "webhooks")


def used_names(tree: Tree, section: str) -> set[str]:
    """Collect the names that entries use of `section`, without versions and aliases."""
    return {
        name.partition(":")[0]
        for use, _, name in _names(tree)
        if use.section == section and isinstance(name, str)
    }


def _names(tree: Tree) -> Iterator[tuple[Use, Path, Any]]:
    """Yield each name that is used, how, and where it stands."""
    for use, path, value in _USED.match(tree):
        name = path[-1] if use.keys else value
        if not use.prefix:
            yield use, path, name
        elif isinstance(name, str) and name.startswith(use.prefix):
            yield use, path, name.removeprefix(use.prefix)


def unknown_names(tree: Tree) -> Iterator[Finding]:
    """Find names without an entry, qualifiers that a function lacks, and scopes without a token."""
    for use, path, written in _names(tree):
        if not isinstance(written, str) or written.count(":") > 1:
            continue  # told by the model
        entries = _mapping(tree.value.get(use.section))
        name, colon, _ = written.partition(":")
        if name not in entries and name not in use.but:
            where = tree.position(path, of_key=use.keys)
            yield _unknown(where, written, f"name under {use.section}", entries, use.section)
        elif colon and use.section == "functions":
            known = [f"{name}:{each}" for each in _qualifiers(_mapping(entries[name]))]
            if written not in known:
                where, place = tree.position(path, of_key=use.keys), f"functions.{name}.aliases"
                yield _unknown(where, written, f"version or alias of {name}", known, place)
    for name, function in _mapping(tree.value.get("functions")).items():
        yield from _unknown_qualifiers(tree, name, _mapping(function))
    yield from _scopes_without_token(tree)


def _unknown(
    where: Position, name: str, expected: str, entries: Iterable[str], place: str
) -> Finding:
    hint = did_you_mean(name, entries) or f"add it under {place}"
    return Finding("error", "unknown-name", where, f"expected a {expected}", shown(name), hint=hint)


def _unknown_qualifiers(tree: Tree, name: str, function: dict[str, Any]) -> Iterator[Finding]:
    """Find versions that aliases name, and qualifiers that stand ready, which a function lacks."""
    path = ("functions", name)
    versions = [*_mapping(function.get("versions")), LATEST]
    for at, version in tree.match((*path, "aliases", "*", "version")):
        if str(version) not in versions:
            where, place = tree.position(at), f"functions.{name}.versions"
            yield _unknown(where, str(version), f"version of {name}", versions, place)
    for at, _ in tree.match((*path, "aliases", "*", "weights", "*")):
        if at[-1] not in versions:
            where, place = tree.position(at, of_key=True), f"functions.{name}.versions"
            yield _unknown(where, str(at[-1]), f"version of {name}", versions, place)
    qualifiers = _qualifiers(function)
    for at, _ in tree.match((*path, "provisioned_concurrency", "*")):
        if at[-1] not in qualifiers:
            where, place = tree.position(at, of_key=True), f"functions.{name}.aliases"
            yield _unknown(where, str(at[-1]), f"version or alias of {name}", qualifiers, place)


def _qualifiers(function: dict[str, Any]) -> list[str]:
    return [*_mapping(function.get("aliases")), *_mapping(function.get("versions")), LATEST]


def _scopes_without_token(tree: Tree) -> Iterator[Finding]:
    authorizers = _mapping(tree.value.get("authorizers"))
    for _, path, scopes in _SCOPES.match(tree):
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
