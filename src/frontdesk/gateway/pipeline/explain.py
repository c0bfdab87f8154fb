"""Owns the answer to "what would happen to this request": the compiled stages, each with its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.rules.http.path import normalise


@dataclass(frozen=True, slots=True)
class Explanation:
    """The plan that a request would take. path: normalised. params: its path variables, decoded."""

    method: str
    path: str
    plan: RoutePlan
    params: Mapping[str, str]


def explain(plan: GatewayPlan, method: str, url: str, headers: Mapping[str, str]) -> Explanation:
    """Route a request without running it.

    url: absolute, or a path. headers: only those matter that say a version, an origin or a host.
    Raises ValueError when the path is one that the door refuses with 400.
    """
    target = urlsplit(url)
    lower = {name.lower(): value for name, value in headers.items()}
    path = normalise(target.path or "/")
    if path is None:
        raise ValueError(url)
    ex = Exchange()
    ex.method = method.upper()
    ex.raw_path, ex.path = target.path, path
    ex.host = (target.hostname or lower.get("host", "")).lower().removesuffix(".")
    ex.headers = {name.encode(): value.encode() for name, value in lower.items()}
    plan.route(ex)
    return Explanation(ex.method, path, ex.plan, ex.params)
