"""Owns matching: host and base path to an API's stage, then method and path to a route.

Precedence inside an API is AWS's (HTTP APIs, "Routes"): a full match of path and method, a static
segment before `{var}`; then the greedy route with the longest static prefix; then `$default`. On one
path an explicit method beats ANY. A path whose method is not defined is no match, never 405.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Protocol
from urllib.parse import unquote

from frontdesk.gateway.pipeline.exchange import EMPTY, Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.run import begin
from frontdesk.gateway.pipeline.sockets import Socket, SocketMount
from frontdesk.gateway.pipeline.tracing import Traces

_STATIC, _VARIABLE, _GREEDY = range(3)
"""What a segment of a template may be, in the order of precedence."""

_Found = tuple[RoutePlan, Mapping[str, str]]

_Variables = tuple[tuple[str, int], ...]
"""Name of each variable of a template, and the place of its segment."""


class Routes(Protocol):
    """What finds the plan of a request inside of one API stage."""

    plans: tuple[RoutePlan, ...]

    def match(self, method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """Find the plan for a normalised path below the stage, with its path variables."""
        ...


class RouteTable:
    """The routes of one stage of an HTTP API."""

    def __init__(self, routes: Iterable[RoutePlan]) -> None:
        """routes: plans whose `route_key` is "METHOD /path", "ANY /path" or "$default"."""
        self.plans = tuple(routes)
        by_method: dict[str, list[RoutePlan]] = {"ANY": []}
        for plan in self.plans:
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
        shared: dict[_Variables, _Variables] = {}
        for plan in plans:
            template = plan.route_key.partition(" ")[2]
            if "{" not in template:
                self._exact[template] = plan
                continue
            segments = template[1:].split("/")
            kinds = tuple([_kind(each) if "{" in each else _STATIC for each in segments])
            if kinds not in forms:
                forms[kinds] = _Form(kinds)
            forms[kinds].add(segments, plan, shared)
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

    width: segments before the rest that a greedy variable takes. greedy: whether the last one is.
    """

    __slots__ = ("_routes", "_static", "_variables", "greedy", "width")

    def __init__(self, kinds: tuple[int, ...]) -> None:
        self.greedy = kinds[-1] == _GREEDY
        self.width = len(kinds) - self.greedy
        places = [at for at in range(self.width) if kinds[at] == _STATIC]
        self._static: Callable[[list[str]], object] = itemgetter(*places) if places else _nothing
        self._variables = [at for at, kind in enumerate(kinds) if kind != _STATIC]
        self._routes: dict[object, tuple[RoutePlan, _Variables]] = {}

    def add(
        self, segments: list[str], plan: RoutePlan, shared: dict[_Variables, _Variables]
    ) -> None:
        """shared: what templates have that have the same variables."""
        variables = tuple([(segments[at][1:-1].removesuffix("+"), at) for at in self._variables])
        self._routes[self._static(segments)] = plan, shared.setdefault(variables, variables)

    def match(self, segments: list[str]) -> _Found | None:
        if self.greedy:
            width = self.width
            if len(segments) <= width:
                return None
            segments = [*segments[:width], "/".join(segments[width:])]
        found = self._routes.get(self._static(segments))
        if found is None:
            return None
        plan, variables = found
        params = {}
        for name, at in variables:
            value = segments[at]
            if not value:
                return None
            params[name] = unquote(value) if "%" in value else value
        return plan, params


def _nothing(_segments: list[str]) -> None:
    """Stand in for the static segments of a template that has none."""


def _kind(segment: str) -> int:
    if not segment.startswith("{"):
        return _STATIC
    return _GREEDY if segment.endswith("+}") else _VARIABLE


class Mount(Protocol):
    """Where one stage of one API is served.

    prefix: "" or "/base/stage", without trailing slash.
    """

    prefix: str

    def take(self, ex: Exchange, path: str) -> None:
        """Set `plan` and `params` of an exchange. path: normalised, below the stage; also `stage_path`."""
        ...

    def plans(self) -> Iterable[RoutePlan]:
        """Go through the plans of all routes."""
        ...


class StageMount:
    """One stage of one API where it is served.

    unmatched: the plan of a miss. preflight: the plan that answers CORS preflights before routing, when
    the API has a CORS configuration.
    """

    __slots__ = ("_preflight", "_routes", "_unmatched", "prefix")

    def __init__(
        self, prefix: str, routes: Routes, unmatched: RoutePlan, preflight: RoutePlan | None
    ) -> None:
        self.prefix = prefix
        self._routes = routes
        self._unmatched = unmatched
        self._preflight = preflight

    def take(self, ex: Exchange, path: str) -> None:
        """See Mount."""
        if self._preflight is not None and ex.method == "OPTIONS":
            headers = ex.headers
            if b"origin" in headers and b"access-control-request-method" in headers:
                ex.plan = self._preflight
                return
        plan, ex.params = self._routes.match(ex.method, path)
        ex.plan = plan or self._unmatched

    def plans(self) -> Iterable[RoutePlan]:
        """See Mount."""
        return self._routes.plans


def _longest_first(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    return tuple(sorted(mounts, key=lambda mount: -len(mount.prefix)))


class GatewayPlan:
    """All APIs of one configuration, by host and prefix. Immutable."""

    def __init__(self, mounts: Mapping[str, Iterable[Mount]], nowhere: RoutePlan) -> None:
        """mounts: by lower-case host; "" for APIs of any host. nowhere: answers when no API is there."""
        mounts = {host: tuple(found) for host, found in mounts.items()}
        self._any_host = _longest_first(mounts.get("", ()))
        # An API that names the host goes before those of any host, whatever their prefixes.
        self._by_host = {
            host: _longest_first(found) + self._any_host for host, found in mounts.items() if host
        }
        self._nowhere = nowhere
        self.sockets = {
            mount.key: mount
            for found in mounts.values()
            for mount in found
            if isinstance(mount, SocketMount)
        }
        """Where WebSocket APIs are served, for connections that are open."""

    def plans(self) -> Iterator[RoutePlan]:
        """Go through the plans of all routes."""
        for mounts in (self._any_host, *self._by_host.values()):
            for mount in mounts:
                yield from mount.plans()

    def route(self, ex: Exchange) -> None:
        """Set `plan`, `stage_path` and `params` of the exchange. Always finds a plan."""
        path = ex.path
        for mount in self._by_host.get(ex.host, self._any_host):
            prefix = mount.prefix
            if not prefix:
                ex.stage_path = path
                mount.take(ex, path)
                return
            if path.startswith(prefix) and path[len(prefix) :][:1] in ("", "/"):
                ex.stage_path = below = path[len(prefix) :] or "/"
                mount.take(ex, below)
                return
        ex.stage_path = path
        ex.plan = self._nowhere


class Door:
    """Where requests enter. Holds the plan in force; a reload assigns another one."""

    __slots__ = ("plan",)

    def __init__(self, plan: GatewayPlan) -> None:
        self.plan = plan

    def enter(self, ex: Exchange) -> None:
        """Route the exchange and run it. The exchange keeps the plan that it began with."""
        self.plan.route(ex)
        begin(ex)

    def plan_of(self, socket: Socket, message: bytes, now: float) -> RoutePlan | None:
        """Find the plan of a message of a connection. None: its API is served no more."""
        mount = self.plan.sockets.get(socket.key)
        return None if mount is None else mount.plan_of(message, now)

    def message(self, ex: Exchange) -> None:
        """Run a message, which has its plan."""
        begin(ex)

    def ended(self, ex: Exchange) -> bool:
        """Run the end of a connection. False: nobody wants to know."""
        assert ex.socket is not None
        mount = self.plan.sockets.get(ex.socket.key)
        if mount is None or not mount.take_end(ex):
            return False
        begin(ex)
        return True


class TracedDoor(Door):
    """A door at which every request belongs to a trace."""

    __slots__ = ("_begin_own_trace", "_begin_trace")

    def __init__(self, plan: GatewayPlan, traces: Traces) -> None:
        super().__init__(plan)
        self._begin_trace = traces.begin
        self._begin_own_trace = traces.begin_own

    def enter(self, ex: Exchange) -> None:
        """See Door."""
        self._begin_trace(ex)
        self.plan.route(ex)
        begin(ex)

    def message(self, ex: Exchange) -> None:
        """See Door."""
        self._begin_own_trace(ex)
        begin(ex)

    def ended(self, ex: Exchange) -> bool:
        """See Door."""
        self._begin_own_trace(ex)
        return super().ended(ex)
