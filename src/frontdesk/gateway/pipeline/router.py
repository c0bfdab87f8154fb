"""Owns matching: host and base path to an API's stage, then method and path to a route.

Precedence inside an API is AWS's (HTTP APIs, "Routes"): a full match of path and method, a static
segment before `{var}`; then the greedy route with the longest static prefix; then `$default`. On one
path an explicit method beats ANY. A path whose method is not defined is no match, never 405.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from frontdesk.gateway.pipeline.exchange import EMPTY, Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.run import begin

_Methods = dict[str, RoutePlan]
_Found = tuple[RoutePlan, list[str]]


class _Node:
    """One segment of the template tree. Variables are positional: names are kept by the route."""

    __slots__ = ("greedy", "methods", "static", "variable")

    def __init__(self) -> None:
        self.static: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.methods: _Methods = {}
        self.greedy: _Methods = {}


class RouteTable:
    """The routes of one API stage."""

    def __init__(self, routes: Iterable[RoutePlan]) -> None:
        """routes: plans whose `route_key` is "METHOD /path", "ANY /path" or "$default"."""
        self._exact: dict[str, _Methods] = {}
        self._root = _Node()
        self._names: dict[str, tuple[str, ...]] = {}
        self._default: RoutePlan | None = None
        for plan in routes:
            self._add(plan)

    def _add(self, plan: RoutePlan) -> None:
        if plan.route_key == "$default":
            self._default = plan
            return
        method, _, template = plan.route_key.partition(" ")
        if "{" not in template:
            self._exact.setdefault(template, {})[method] = plan
            return
        node = self._root
        names: list[str] = []
        for segment in template[1:].split("/"):
            if not segment.startswith("{"):
                node = node.static.setdefault(segment, _Node())
                continue
            names.append(segment[1:-1].removesuffix("+"))
            if segment.endswith("+}"):
                node.greedy[method] = plan
                break
            if node.variable is None:
                node.variable = _Node()
            node = node.variable
        else:
            node.methods[method] = plan
        self._names[plan.route_key] = tuple(names)

    def match(self, method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """Find the route for a normalised path below the stage, with its decoded path variables."""
        methods = self._exact.get(path)
        if methods is not None:
            plan = methods.get(method) or methods.get("ANY")
            if plan is not None:
                return plan, EMPTY
        segments = path[1:].split("/")
        found = _full(self._root, segments, 0, method) or _greedy(self._root, segments, 0, method)
        if found is None:
            return self._default, EMPTY
        plan, values = found
        names = self._names[plan.route_key]
        # Captured innermost first.
        return plan, {
            name: unquote(value) if "%" in value else value
            for name, value in zip(names, reversed(values), strict=True)
        }


def _full(node: _Node, segments: list[str], at: int, method: str) -> _Found | None:
    if at == len(segments):
        plan = node.methods.get(method) or node.methods.get("ANY")
        return (plan, []) if plan is not None else None
    segment = segments[at]
    child = node.static.get(segment)
    if child is not None:
        found = _full(child, segments, at + 1, method)
        if found is not None:
            return found
    if node.variable is not None and segment:
        found = _full(node.variable, segments, at + 1, method)
        if found is not None:
            found[1].append(segment)
            return found
    return None


def _greedy(node: _Node, segments: list[str], at: int, method: str) -> _Found | None:
    if at == len(segments):
        return None
    segment = segments[at]
    child = node.static.get(segment)
    if child is not None:
        found = _greedy(child, segments, at + 1, method)
        if found is not None:
            return found
    if node.variable is not None and segment:
        found = _greedy(node.variable, segments, at + 1, method)
        if found is not None:
            found[1].append(segment)
            return found
    plan = node.greedy.get(method) or node.greedy.get("ANY")
    if plan is None:
        return None
    rest = "/".join(segments[at:])
    return (plan, [rest]) if rest else None


class Mount:
    """One stage of one API where it is served.

    prefix: "" or "/base/stage", without trailing slash. unmatched: the plan of a miss. preflight: the plan
    that answers CORS preflights before routing, when the API has a CORS configuration.
    """

    __slots__ = ("prefix", "preflight", "routes", "unmatched")

    def __init__(
        self, prefix: str, routes: RouteTable, unmatched: RoutePlan, preflight: RoutePlan | None
    ) -> None:
        self.prefix = prefix
        self.routes = routes
        self.unmatched = unmatched
        self.preflight = preflight


def _longest_first(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    return tuple(sorted(mounts, key=lambda mount: -len(mount.prefix)))


class GatewayPlan:
    """All APIs of one configuration, by host and prefix. Immutable."""

    def __init__(self, mounts: Mapping[str, Iterable[Mount]], nowhere: RoutePlan) -> None:
        """mounts: by lower-case host; "" for APIs of any host. nowhere: answers when no API is there."""
        self._any_host = _longest_first(mounts.get("", ()))
        # An API that names the host goes before those of any host, whatever their prefixes.
        self._by_host = {
            host: _longest_first(found) + self._any_host for host, found in mounts.items() if host
        }
        self._nowhere = nowhere

    def route(self, ex: Exchange) -> None:
        """Set `plan`, `stage_path` and `params` of the exchange. Always finds a plan."""
        path = ex.path
        for mount in self._by_host.get(ex.host, self._any_host):
            prefix = mount.prefix
            if not prefix:
                self._route_within(mount, ex, path)
                return
            if path.startswith(prefix) and path[len(prefix) :][:1] in ("", "/"):
                self._route_within(mount, ex, path[len(prefix) :] or "/")
                return
        ex.stage_path = path
        ex.plan = self._nowhere

    def _route_within(self, mount: Mount, ex: Exchange, path: str) -> None:
        ex.stage_path = path
        if mount.preflight is not None and ex.method == "OPTIONS":
            headers = ex.headers
            if b"origin" in headers and b"access-control-request-method" in headers:
                ex.plan = mount.preflight
                return
        plan, ex.params = mount.routes.match(ex.method, path)
        ex.plan = plan or mount.unmatched


class Door:
    """Where requests enter. Holds the plan in force; a reload assigns another one."""

    __slots__ = ("plan",)

    def __init__(self, plan: GatewayPlan) -> None:
        self.plan = plan

    def enter(self, ex: Exchange) -> None:
        """Route the exchange and run it. The exchange keeps the plan that it began with."""
        self.plan.route(ex)
        begin(ex)
