"""Owns the compiled form of a configuration: immutable, shared by all requests, swapped whole.

A request keeps the plan that it began with. Nothing here refers to configuration models.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from frontdesk.gateway.pipeline.exchange import Exchange, Stage, Tail
from frontdesk.rules.events.request import RouteFacts

Gate = Callable[[float], bool]
"""Whether one more message may pass at a monotonic second; it then has. False: the stage has to look at it."""

Count = Callable[[str, float, float, int, int], None]
"""Is told of a message the scheme of its connection, the monotonic seconds at which it came and was answered, and
the bytes received and sent."""


class Answer(NamedTuple):
    """What every message is answered alike, with b"" by nothing, and the status that it counts as."""

    status: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer of a route that looks at no message beyond its route key, and so needs no Exchange of it.

    gate: has to let it pass. longest: bytes of a message that is answered so.
    """

    answer: Answer
    gate: Gate
    longest: int
    count: Count


class Step(NamedTuple):
    """One stage of one route, and what `frontdesk explain` says of it.

    name: the row of `order`. run: a Stage in a head, a Tail in a tail. needs_body: the whole body
    must have been read before it runs. detail: one line, no secrets. at: key path in the file, () for
    built-in defaults. parts: detail and key path of each of several settings that one stage stands for;
    detail is "" then. unseen: what the stage does with a message that it need not look at, where it does
    the same with all of them.
    """

    name: str
    run: Callable[..., object]
    detail: str = ""
    at: tuple[str, ...] = ()
    needs_body: bool = False
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unseen: "Gate | Answer | None" = None

    def lines(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return what `explain` shows: each detail with its key path."""
        return self.parts or ((self.detail, self.at),)


def unlogged(_ex: Exchange) -> None:
    """Write down nothing of an exchange that is over."""


def uncounted(_scheme: str, _began: float, _ended: float, _received: int, _sent: int) -> None:
    """Count no message; see Standing."""


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """What every request of one stage of one API has in common.

    id: short stable id (ten letters and digits) from the API's name. name: key under `apis`.
    stage: "$default" or the stage's name. domain: host to show in events. mapping_key: the key of the
    domain's mapping that led here, "" for none. side: "canary" or "stable" where the stage has a canary.
    """

    id: str
    name: str
    kind: str
    stage: str
    account: str
    region: str
    domain: str
    variables: Mapping[str, str] = field(default_factory=dict)
    mapping_key: str = ""
    side: str = ""

    def execute_arn(self, method: str, path: str) -> str:
        """The method ARN `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{VERB}/{path}`."""
        if self.kind == "websocket":  # asked at the handshake alone
            return f"{self.api_arn}/{self.stage}/$connect"
        # Differs: [method-arn-slash] a REST API passes the last slash over, and so must its policies.
        below = path.strip("/") if self.kind == "rest" else path.removeprefix("/")
        return f"{self.api_arn}/{self.stage}/{method}/{below}"

    @property
    def api_arn(self) -> str:
        """What the ARNs of all methods begin with."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}"

    def event_facts(self, route_key: str) -> RouteFacts:
        """Return what the function events of one route have in common."""
        return RouteFacts(route_key, self.account, self.id, self.domain, self.stage, self.variables)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Everything one route does, in order. The last stage of `head` is the integration.

    body_at: index in `head` before which the whole body must be there; -1: never (streams through).
    max_body: bytes. timeout: seconds for the integration.
    """

    route_key: str
    api: ApiFacts
    head: tuple[Stage, ...]
    tail: tuple[Tail, ...]
    body_at: int
    max_body: int
    timeout: float
    timeout_status: int
    """503 for functions, 504 for HTTP backends (api-gateway.md §8)."""
    log: Callable[[Exchange], None]
    """Called once, when the exchange is over."""
    steps: tuple[Step, ...]
    """Head then tail, for `explain`."""
    at: tuple[str, ...] = ()
    """Key path of the route in the file, () where it says nothing of it."""
    standing: Standing | None = None
    """Of routes of WebSocket APIs whose messages nobody looks at, writes down or traces."""
