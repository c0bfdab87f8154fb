"""Owns the answer to "what would happen to this request": the compiled stages, each with its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from frontdesk.config.load import Loaded
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.rules.http.path import normalise


def where(at: tuple[str, ...], loaded: Loaded) -> str:
    """Write where a key path of a plan stands in the files, "" where they say nothing."""
    return str((loaded.place(*at) if at else None) or "")


@dataclass(frozen=True, slots=True)
class Explanation:
    """The plan that a request would take. path: normalised. params: its path variables, decoded."""

    method: str
    path: str
    plan: RoutePlan
    params: Mapping[str, str]


class NoSocketError(ValueError):
    """No WebSocket API takes handshakes there."""


def explain(
    plan: GatewayPlan,
    method: str,
    url: str,
    headers: Mapping[str, str],
    message: str | None = None,
) -> Explanation:
    """Route a request without running it.

    url: absolute, or a path; one of `ws` or `wss` is a handshake. headers: only those matter that say a version,
    an origin or a host. message: what is sent on the connection, in place of the handshake itself.
    Raises ValueError when the path is one that the door refuses with 400, NoSocketError where nobody would take
    a message.
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
    ex.upgrade = target.scheme in ("ws", "wss")
    plan.route(ex)
    if message is not None:
        if ex.socket is None:
            raise NoSocketError(url)
        ex.method, ex.body = "MESSAGE", message.encode()
        ex.plan = plan.sockets[ex.socket.key].plan_of(ex.body, 0.0)
    return Explanation(ex.method, path, ex.plan, ex.params)
