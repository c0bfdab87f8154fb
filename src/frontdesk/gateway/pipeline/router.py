"""Owns matching: host and base path to an API's stage, then method and path to a route.

Precedence inside an API is AWS's (HTTP APIs, "Routes"): a full match of path and method, a static
segment before `{var}`; then the greedy route with the longest static prefix; then `$default`. On one
path an explicit method beats ANY. A path whose method is not defined is no match, never 405.
"""

from collections.abc import Iterable, Mapping
from itertools import compress
from urllib.parse import unquote

from frontdesk.gateway.pipeline.exchange import EMPTY, Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.run import begin

_STATIC, _VARIABLE, _GREEDY = range(3)
"""What a segment of a template may be, in the order of precedence."""

_Found = tuple[RoutePlan, Mapping[str, str]]


class RouteTable:
    """The routes of one API stage."""

    def __init__(self, routes: Iterable[RoutePlan]) -> None:
        """routes: plans whose `route_key` is "METHOD /path", "ANY /path" or "$default"."""
        by_method: dict[str, list[RoutePlan]] = {"ANY": []}
        for plan in routes:
            by_method.setdefault(plan.route_key.partition(" ")[0], []).append(plan)
        default = by_method.pop("$default", None)
        self._default = default[0] if default else None
        of_any = by_method.pop("ANY")
        self._any = _Templates(of_any)
        self._by_method = {
            # On one path the later plan stays: the one of the method itself.
            method: _Templates([*of_any, *plans])
            for method, plans in by_method.items()
        }

    def match(self, method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """Find the route for a normalised path below the stage, with its decoded path variables."""
        found = self._by_method.get(method, self._any).match(path)
        return (self._default, EMPTY) if found is None else found


class _Templates:
    """The routes that requests of one method can take."""

    __slots__ = ("_exact", "_full", "_greedy")

    def __init__(self, plans: Iterable[RoutePlan]) -> None:
        self._exact: dict[str, RoutePlan] = {}
        self._full: dict[int, list[_Form]] = {}  # by number of segments
        self._greedy: list[_Form] = []
        forms: dict[tuple[int, ...], _Form] = {}
        for plan in plans:
            template = plan.route_key.partition(" ")[2]
            if "{" not in template:
                self._exact[template] = plan
                continue
            segments = template[1:].split("/")
            kinds = tuple(map(_kind, segments))
            if kinds not in forms:
                forms[kinds] = _Form(kinds)
            forms[kinds].add(segments, plan)
        for kinds in sorted(forms):
            form = forms[kinds]
            same = self._greedy if form.greedy else self._full.setdefault(form.width, [])
            same.append(form)

    def match(self, path: str) -> _Found | None:
        plan = self._exact.get(path)
        if plan is not None:
            return plan, EMPTY
        segments = path[1:].split("/")
        for form in self._full.get(len(segments), ()):
            found = form.match(segments)
            if found is not None:
                return found
        for form in self._greedy:
            found = form.match(segments)
            if found is not None:
                return found
        return None


class _Form:
    """The templates with variables at the same places: one lookup by the other segments finds a route.

    static, variable: which of the first `width` segments are. greedy: a last variable takes the rest.
    """

    __slots__ = ("_routes", "_static", "_variable", "greedy", "width")

    def __init__(self, kinds: tuple[int, ...]) -> None:
        self.greedy = kinds[-1] == _GREEDY
        self.width = len(kinds) - self.greedy
        self._static = tuple(kind == _STATIC for kind in kinds[: self.width])
        self._variable = tuple(kind == _VARIABLE for kind in kinds[: self.width])
        self._routes: dict[str, tuple[RoutePlan, tuple[str, ...]]] = {}

    def add(self, segments: list[str], plan: RoutePlan) -> None:
        names = tuple(part[1:-1].removesuffix("+") for part in segments if part.startswith("{"))
        self._routes["/".join(compress(segments, self._static))] = plan, names

    def match(self, segments: list[str]) -> _Found | None:
        found = self._routes.get("/".join(compress(segments, self._static)))
        if found is None:
            return None
        values = list(compress(segments, self._variable))
        if self.greedy:
            values.append("/".join(segments[self.width :]))
        if "" in values:
            return None
        plan, names = found
        return plan, {
            name: unquote(value) if "%" in value else value
            for name, value in zip(names, values, strict=True)
        }


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return _STATIC
    return _GREEDY if segment.endswith("+}") else _VARIABLE


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
