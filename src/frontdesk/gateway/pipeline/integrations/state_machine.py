"""Owns routes that start an execution: its input out, its output or a place to look at back.

Knows whoever runs state machines only as the `Executions` port.
"""

from collections.abc import Callable, Coroutine

from frontdesk.config.models.execution import status_path
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Parked, Reply
from frontdesk.gateway.pipeline.integrations.execution_answers import (
    RUNNING,
    output_of,
    status_of,
)
from frontdesk.gateway.pipeline.integrations.execution_calls import ExecutionCalls
from frontdesk.gateway.pipeline.integrations.execution_input import MAX_INPUT, bind_input
from frontdesk.gateway.pipeline.integrations.execution_links import ExecutionLinks
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import problem, refusal
from frontdesk.gateway.pipeline.tracing import CALLED
from frontdesk.gateway.pipeline.values import bind

Start = Callable[[Exchange, str, str, str], Coroutine[None, None, Reply]]
"""Starts an execution and answers: exchange, input as JSON text, name or "", X-Amzn-Trace-Id."""


def integration(build: RouteBuild) -> Step | None:
    """Build the start of an execution for a route."""
    route = build.route
    if route is None or route.state_machine is None:
        return None
    machine = route.state_machine
    detail = f"state machine {machine}, {route.mode}, timeout {route.timeout:g}s"
    if route.mode == "sync":
        start = _answer_now(build)
    elif build.config.state_machines[machine.partition(":")[0]].tells:
        about = status_path(build.key, route.location)
        start = _answer_later(build, about)
        detail += f", status at {about}"
    else:
        start = _answer_later(build, "")
    given, name = bind_input(route.input), bind(route.name or "")
    calls = ExecutionCalls(build.parts.clock, route.timeout)
    traces = build.parts.traces

    def run(ex: Exchange) -> Reply | Parked:
        document = given(ex)
        if document is None:
            detail = "The body is no valid JSON, and the execution is given JSON."
            return problem(400, "invalid-request", detail, "state_machine:input")
        if len(document) > MAX_INPUT:
            return refusal(413, "state_machine:input_size")
        trace = traces.amazon(ex, CALLED)
        return calls.park(ex, start(ex, document.decode(), name(ex) or "", trace))

    at = (*build.at, "state_machine")
    return Step("state machine", run, detail, at, needs_body=True)


def _answer_now(build: RouteBuild) -> Start:
    """Wait for the end of the execution."""
    route, executions = build.route, build.parts.executions
    assert route is not None
    assert route.state_machine is not None
    machine, within = route.state_machine, route.timeout

    async def start(ex: Exchange, given: str, name: str, trace: str) -> Reply:
        execution = await executions.run(machine, given, name=name, trace=trace, within=within)
        if execution.status in RUNNING:
            return refusal(504, "integration_timeout")
        return output_of(ex, execution)

    return start


def _answer_later(build: RouteBuild, about: str) -> Start:
    """Answer as soon as the start is committed. about: path of the status, "" where there is none."""
    route, executions = build.route, build.parts.executions
    assert route is not None
    assert route.state_machine is not None
    machine = route.state_machine
    links = ExecutionLinks(build, about, machine.partition(":")[0]) if about else None

    async def start(ex: Exchange, given: str, name: str, trace: str) -> Reply:
        execution = await executions.start(machine, given, name=name, trace=trace)
        location = links.location(ex, execution.arn) if links is not None else ""
        return status_of(execution, 202, location)

    return start
