"""Owns matching inside a REST API: method and path to a method of a resource, and where an API is served.

An exact segment goes before `{var}`, that before `{proxy+}`. A resource that lacks the method is passed
over, so that a less specific one which has it can take the request. Source: AWS, "Set up API resources";
the fallback was recorded.
"""

from collections.abc import Iterable, Mapping

from frontdesk.base.ids import uuid_of
from frontdesk.gateway.pipeline.exchange import EMPTY, Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import StageMount
from frontdesk.rules.http.path import with_slashes

_Found = tuple[RoutePlan, tuple[tuple[str, str], ...]]


class ResourceTree:
    """The resources of one API stage."""

    def __init__(self, methods: Iterable[RoutePlan]) -> None:
        """methods: plans whose `route_key` is "METHOD /path" or "ANY /path"."""
        self.plans = tuple(methods)
        by_method: dict[str, list[RoutePlan]] = {}
        for plan in self.plans:
            by_method.setdefault(plan.route_key.partition(" ")[0], []).append(plan)
        of_any = by_method.pop("ANY", [])
        self._any = _Resource(of_any)
        self._by_method = {
            # At one resource the later plan stays: the one of the method itself.
            method: _Resource([*of_any, *plans])
            for method, plans in by_method.items()
        }

    def match(self, method: str, path: str) -> tuple[RoutePlan | None, Mapping[str, str]]:
        """Find the method for a normalised path below the stage, with its path variables, still encoded.

        A slash at the end of the path is passed over.
        """
        # Differs: [normalised-variables] AWS shows variables as they were sent.
        segments = path.strip("/").split("/") if path != "/" else []
        found = self._by_method.get(method, self._any).find(segments, 0)
        if found is None:
            return None, EMPTY
        plan, values = found
        return plan, dict(values) if values else EMPTY


class _Resource:
    """One segment of the tree of one method, with what is below it."""

    __slots__ = ("children", "greedy", "plan", "variable")

    def __init__(self, plans: Iterable[RoutePlan] = ()) -> None:
        self.plan: RoutePlan | None = None
        self.children: dict[str, _Resource] = {}
        self.variable: tuple[str, _Resource] | None = None
        self.greedy: tuple[str, RoutePlan] | None = None
        for plan in plans:
            self._add(plan)

    def _add(self, plan: RoutePlan) -> None:
        resource = self
        for segment in filter(None, plan.route_key.partition(" ")[2].split("/")):
            if segment.endswith("+}"):
                resource.greedy = segment[1:-2], plan
                return
            if segment.startswith("{"):
                if resource.variable is None:
                    resource.variable = segment[1:-1], _Resource()
                resource = resource.variable[1]
            else:
                resource = resource.children.setdefault(segment, _Resource())
        resource.plan = plan

    def find(self, segments: list[str], at: int) -> _Found | None:
        """Find the plan for `segments[at:]`, with the names and values of variables from here on."""
        if at == len(segments):
            return None if self.plan is None else (self.plan, ())
        segment = segments[at]
        child = self.children.get(segment)
        found = child.find(segments, at + 1) if child is not None else None
        if found is None and self.variable is not None:
            name, below = self.variable
            found = below.find(segments, at + 1)
            if found is not None:
                return found[0], ((name, segment), *found[1])
        if found is None and self.greedy is not None:
            name, plan = self.greedy
            return plan, ((name, "/".join(segments[at:])),)
        return found


class RestMount(StageMount):
    """One stage of a REST API where it is served."""

    __slots__ = ()

    def take(self, ex: Exchange, path: str) -> None:
        """See Mount. The request gets the ids of REST APIs, a greedy variable the slashes of its client."""
        # Differs: [request-uuid] at AWS the two ids have nothing to do with each other.
        ex.extended_request_id = ex.request_id
        ex.request_id = uuid_of(ex.request_id)
        super().take(ex, path)
        if "//" in ex.raw_path and ex.plan.route_key.endswith("+}"):
            ex.params = _with_slashes(ex)


def _with_slashes(ex: Exchange) -> Mapping[str, str]:
    """Return the path variables with every slash that the client sent inside of the greedy one."""
    name, value = list(ex.params.items())[-1]
    before = ex.path.strip("/").count("/") - value.count("/")
    rest = with_slashes(ex.raw_path).lstrip("/")
    for _ in range(before):
        rest = rest.partition("/")[2].lstrip("/")
    return {**ex.params, name: rest.rstrip("/")}
