"""Owns routes that ask SQS or EventBridge: parameters of the request in, the service's own answer out.

Source: AWS, "Integration subtype reference" of HTTP APIs.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.service_forms import SERVICES, Asked, written
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.gateway.pipeline.values import bind
from frontdesk.ports.service_actions import ActionAnswer

Given = Mapping[str, Any]


def integration(build: RouteBuild) -> Step | None:
    """Build the asking for a route."""
    route = build.route
    if route is None or route.service is None:
        return None
    asked, actions, traces = route.service, build.parts.actions, build.parts.traces
    service, members = SERVICES[asked.key], _MEMBERS[asked.key]
    form = Asked({}, query=bool(service.namespace), xml=True)
    values = {name: bind(text) for name, text in asked.parameters.items()}
    calls = ExecutionCalls(build.parts.clock, route.timeout)

    async def reply(ex: Exchange, trace: str) -> Reply:
        found = {name: value(ex) for name, value in values.items()}
        given = {name: _READ.get(name, _text)(value) for name, value in found.items() if value}
        try:
            answer = await actions.ask(service.action, asked.name, members(given), trace=trace)
        except StoreError as error:
            answer = ActionAnswer({}, 503, "ServiceUnavailable", error.message)
        if answer.error:
            ex.integration_error = f"{answer.error}: {answer.message}"
        field, body = written(service, form, answer, ex.request_id)
        return Reply(answer.status, [field], body)

    def run(ex: Exchange) -> Parked:
        return calls.park(ex, reply(ex, traces.amazon(ex, CALLED)))

    detail = f"{service.action} of {asked.key} {asked.name}"
    return Step("service", run, detail, (*build.at, "service"), needs_body=True)


_MEMBERS: Final[dict[str, Callable[[Given], Given]]] = {
    "event_bus": lambda given: {"Entries": [given]},
    "queue": lambda given: given,
}


def _text(value: str) -> Any:
    return value


def _number(value: str) -> Any:
    return int(value) if value.isdecimal() and len(value) <= _DIGITS else value


def _json(value: str) -> Any:
    try:
        return orjson.loads(value)
    except ValueError:
        return value


_DIGITS: Final = 9
_READ: Final[dict[str, Callable[[str], Any]]] = {
    "DelaySeconds": _number,
    "MessageAttributes": _json,
    "MessageSystemAttributes": _json,
    "Resources": _json,
}
"""Parameters that are no texts; what cannot be read is refused by the service."""
