"""Models of an HTTP API and its routes."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from frontdesk.config.models.api import Api
from frontdesk.config.models.execution import Location, accesses, status_path
from frontdesk.config.models.integration import (
    FunctionName,
    HttpField,
    InvokeMode,
    Mock,
    StaticField,
    plain,
)
from frontdesk.config.models.mapping import (
    RequestMapping,
    RequestValue,
    ResponseMapping,
    of_request,
)
from frontdesk.config.models.model import HintedError, Name, Repeated, Selector, broken_rule
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.queue import QueueName
from frontdesk.config.models.service import Service
from frontdesk.config.models.state_machine import MachineReference, StateMachine
from frontdesk.config.route_keys import meant_by, parse_route_key

INTEGRATIONS = (
    "function",
    "http",
    "mock",
    "queue",
    "service",
    "state_machine",
    "static",
    "task_token",
    "webhook",
)

_ONE_OF = frozenset(INTEGRATIONS)

_OF_ONE = {
    "action": "state_machine",
    "deduplication": "queue",
    "group": "queue",
    "input": "state_machine",
    "location": "state_machine",
    "mode": "state_machine",
    "name": "state_machine",
    "outcome": "task_token",
}
"""Keys that only one integration has."""


def _input(value: object) -> object:
    for text in _texts(value):
        of_request(text)
    return value


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


class Route(Operation):
    """What happens to the requests of one route key. Exactly one of the `INTEGRATIONS`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias."""

    http: HttpField | None = None
    """An HTTP backend: a URL, or {url | upstream, path, method, host}."""

    mock: Mock | None = None
    """An answer made at the door: {status, headers, body}."""

    static: StaticField | None = None
    """A folder or file to serve."""

    queue: QueueName | None = None
    """Name under `queues`: the body of each request is sent there, and answered with 202."""

    group: RequestValue | None = None
    """Group of the message in a FIFO queue, such as `$request.body.patient`. Default: one for the route."""

    deduplication: RequestValue | None = None
    """What a FIFO queue knows the message by, such as `$request.header.Idempotency-Key`. Default: its body."""

    service: Service | None = None
    """What is asked of SQS or EventBridge, in AWS's words, of a queue or a bus of the file."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias: each request starts an execution."""

    mode: Literal["sync", "async"] = "sync"
    """`sync` answers with the output of the execution, `async` with 202 and where to look. Default sync."""

    input: Annotated[JsonValue, BeforeValidator(plain), AfterValidator(_input)] = None
    """What an execution gets: JSON whose texts may be selectors. Default: the JSON body."""

    name: RequestValue | None = None
    """Name of the execution, such as `$request.header.Idempotency-Key`. Default: a random one."""

    location: Location | None = None
    """Path of the status of executions of `mode: async`, with {execution}. Default: the route's own
    path with /executions/{execution}."""

    task_token: Selector | None = None
    """Where the token of a waiting task is, such as `$request.path.token`: each request answers it."""

    outcome: Literal["success", "failure", "heartbeat"] = "success"
    """What a request says to the task: its body is the output, or {error, cause}. Default success."""

    webhook: Name | None = None
    """Name under `webhooks`: each request is a delivery, or what the vendor asks before it sends any."""

    payload: Literal["1.0", "2.0"] = "2.0"
    """Format of the event that a function gets. Default 2.0."""

    # Differs: [stream-routes] AWS streams at REST APIs and function URLs only.
    invoke_mode: InvokeMode = "buffered"
    """`response_stream` passes on the parts of a function's result as they come. Default buffered."""

    request: RequestMapping | None = None
    """Changes to the request before it is passed on."""

    response: ResponseMapping | None = None
    """Changes to the integration's answer."""

    @model_validator(mode="after")
    def _has_one_integration(self) -> Self:
        written = self.model_fields_set
        chosen = [key for key in written & _ONE_OF if getattr(self, key) is not None]
        if len(chosen) != 1:
            found = " and ".join(sorted(chosen)) or "none"
            raise broken_rule(f"expected exactly one of {', '.join(INTEGRATIONS)}, got {found}")
        for key in sorted(written & _OF_ONE.keys()):
            if chosen != [_OF_ONE[key]]:
                raise broken_rule(f"expected {key} on a route with {_OF_ONE[key]} only")
        if self.location is not None and self.mode != "async":
            raise broken_rule("expected location beside mode: async only")
        if chosen != ["function"] and self.invoke_mode == "response_stream":
            raise broken_rule("expected invoke_mode on a route with function only")
        # Differs: [request-mapping] AWS maps for functions, too.
        if chosen != ["http"] and self.request is not None:
            raise broken_rule("expected request mapping on a route with http only")
        return self

    @property
    def called(self) -> str | None:
        """See Operation."""
        return self.function

    @property
    def upstream(self) -> str | None:
        """See Operation."""
        return self.http.upstream if self.http is not None else None

    def calling(self, function: str) -> Self:
        """See Operation."""
        return self.model_copy(update={"function": function})


def _route_key(text: str) -> str:
    try:
        parse_route_key(text)
    except ValueError as error:
        meant = meant_by(text)
        raise HintedError(str(error), f"did you mean {meant}?" if meant else "") from None
    return text


RouteKeyText = Annotated[str, AfterValidator(_route_key)]


class HttpApi(Api):
    """An HTTP API: routes behind one host or base path."""

    type: Literal["http"] = "http"
    """`http`"""

    routes: dict[RouteKeyText, Annotated[Route, Repeated()]] = Field(default_factory=dict)
    """What to do, by route key: `METHOD /path`, `ANY /path/{proxy+}`, `$default`."""

    def operations(self) -> Iterator[tuple[tuple[str, ...], str, Route]]:
        """See Api."""
        for key, route in self.routes.items():
            yield ("routes", key), key, route

    def served(
        self, machines: Mapping[str, StateMachine]
    ) -> Iterator[tuple[tuple[str, ...], str, Operation]]:
        """See Api."""
        yield from self.operations()
        for key, route in self.routes.items():
            if route.state_machine is None or route.mode != "async":
                continue
            machine = route.state_machine.partition(":")[0]
            if machines[machine].tells:
                about = status_path(key, route.location)
                for own, access in accesses(route, about, machine):
                    yield ("routes", key), own, access
