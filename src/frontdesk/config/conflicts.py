"""Owns entries that exclude each other: routes of one shape, APIs at one place, taken addresses.

Works on the tree, so that conflicts are told even where a model is not valid.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from frontdesk.base.errors import Finding
from frontdesk.config.mappings import MAPPINGS, stage_names
from frontdesk.config.models.domain import target
from frontdesk.config.models.execution import ACCESSES, status_path
from frontdesk.config.route_keys import DEFAULT, parse_route_key
from frontdesk.config.tree import Path, Tree


def conflicts(tree: Tree) -> Iterator[Finding]:
    """Find every entry that a former one already stands for."""
    yield from _routes(tree)
    yield from _status_resources(tree)
    yield from _resources(tree)
    yield from _apis(tree)
    yield from _hosts(tree)
    yield from _function_urls(tree)


def _routes(tree: Tree) -> Iterator[Finding]:
    first: dict[tuple[Any, str], Path] = {}
    for path, _ in tree.match(("apis", "*", "routes", "*")):
        try:
            shape = parse_route_key(str(path[-1])).shape
        except ValueError:
            continue  # told by the model
        former = first.setdefault((path[1], shape), path)
        if former != path:
            message = f"this route matches the same requests as {former[-1]}"
            yield _conflict(tree, path, former, message, "keep one of the two")


def _status_resources(tree: Tree) -> Iterator[Finding]:
    """Find routes that start executions whose status has no place, or one that is taken."""
    modes = list(tree.match(("apis", "*", "routes", "*", "mode")))
    if not modes:
        return
    taken: dict[tuple[Any, str], Path] = {}
    for path, _ in tree.match(("apis", "*", "routes", "*")):
        with suppress(ValueError):
            taken.setdefault((path[1], parse_route_key(str(path[-1])).shape), path)
    for path, mode in modes:
        route, location = path[:-1], tree.value_at((*path[:-1], "location"))
        if mode != "async":
            continue
        machine = str(tree.value_at((*route, "state_machine"))).partition(":")[0]
        if tree.value_at(("state_machines", machine, "type")) == "express":
            if location is not None:
                where = tree.position((*route, "location"), of_key=True)
                message = "expected no location: express executions tell no status"
                yield Finding("error", "value", where, message)
            continue
        try:
            about = status_path(str(route[-1]), location)
        except ValueError as error:
            where = tree.position((*route, "location"))
            yield Finding("error", "value", where, str(error), hint=_LOCATION)
            continue
        for method, below in ACCESSES.values():
            key = f"{method} {about}{below}"
            former = taken.setdefault((route[1], parse_route_key(key).shape), route)
            if former != route:
                message = f"{key}, where executions of this route tell their status, is taken"
                yield _conflict(tree, route, former, message, _LOCATION)
                break


_LOCATION = "say where with location, such as /payments/{execution}"


def _resources(tree: Tree) -> Iterator[Finding]:
    """Find resources beside which another one has a variable of another name, as in AWS's trees."""
    first: dict[tuple[Any, str], tuple[str, Path]] = {}
    for path, _ in tree.match(("apis", "*", "resources", "*")):
        parent = ""
        for segment in str(path[-1]).split("/")[1:]:
            if segment.startswith("{"):
                former, at = first.setdefault((path[1], parent), (segment, path))
                if former != segment:
                    message = f"a resource has one variable below it: {former} or {segment}"
                    hint = f"write {segment} as {former}, or the other way round"
                    yield _conflict(tree, path, at, message, hint)
                    break
            parent = f"{parent}/{segment}"


def _apis(tree: Tree) -> Iterator[Finding]:
    first: dict[tuple[str, str, str], Path] = {}
    mapped = {target(str(text)).api for _, text in tree.match(MAPPINGS)}
    for path, api in tree.match(("apis", "*")):
        if not isinstance(api, dict):
            continue
        if path[-1] in mapped and not api.keys() & {"host", "base_path"}:
            continue  # served by its mappings alone
        host, base = str(api.get("host") or "").lower(), str(api.get("base_path", "/")).rstrip("/")
        served = [("base path", base), *(("path", f"{base}{stage}") for stage in _stages(api))]
        for kind, text in served:
            former = first.setdefault((kind, host, text), path)
            if former != path:
                message = f"this API is served at the same host and {kind} as {former[-1]}"
                hint = "give one of them a host or base_path of its own"
                yield _conflict(tree, path, former, message, hint)
                break


def _hosts(tree: Tree) -> Iterator[Finding]:
    """Find APIs at a host that a domain has for itself: what no mapping takes is refused there."""
    domains = {path[-1]: path for path, _ in tree.match(("domains", "*"))}
    for path, host in tree.match(("apis", "*", "host")):
        former = domains.get(str(host).lower())
        if former is not None:
            message = "this host is a domain, whose mappings say what is served there"
            yield _conflict(tree, path, former, message, "add the API to the domain's mappings")


def _function_urls(tree: Tree) -> Iterator[Finding]:
    """Find function URLs at a host that serves something else."""
    taken = {str(path[-1]).lower(): path for path, _ in tree.match(("domains", "*"))}
    for path, host in tree.match(("apis", "*", "host")):
        taken.setdefault(str(host).lower(), path)
    for path, host in tree.match(("functions", "*", "url", "host")):
        former = taken.setdefault(str(host).lower(), path)
        if former != path:
            message = f"this host serves {former[0]}.{former[1]}, too"
            yield _conflict(tree, path, former, message, "give the function a host of its own")


def _stages(api: dict[str, Any]) -> list[str]:
    """List what the stages of an API add to its base path: nothing for `$default`, or /name."""
    return ["" if name == DEFAULT else f"/{name}" for name in stage_names(api)]


def _conflict(tree: Tree, path: Path, former: Path, message: str, hint: str) -> Finding:
    where, first = tree.position(path, of_key=True), tree.position(former, of_key=True)
    return Finding("error", "conflict", where, f"{message} ({first})", hint=hint)
