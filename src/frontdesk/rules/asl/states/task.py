"""Owns Task: an attempt, its answers and their events. Who does the work is the caller's business.

Scheduled · Started · [Submitted] · Succeeded | Failed | TimedOut, in the family of the resource
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.data.scope import hold_payload
from frontdesk.rules.asl.errors import HEARTBEAT_TIMEOUT, TIMEOUT, Failure
from frontdesk.rules.asl.messages import (
    ActivityStarted,
    Invoke,
    KeyedEvent,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TaskTimedOut,
)
from frontdesk.rules.asl.model import ABSENT, Json, TaskState
from frontdesk.rules.asl.resources import Kind, Resource, read_resource
from frontdesk.rules.asl.run import Phase, Strand
from frontdesk.rules.asl.states.numbers import seconds
from frontdesk.rules.asl.states.sight import look
from frontdesk.rules.asl.turn import Turn

_SCHEDULED: Final = {kind: f"{kind}Scheduled" for kind in Kind}
_STARTED: Final = {kind: f"{kind}Started" for kind in Kind}
_SUCCEEDED: Final = {kind: f"{kind}Succeeded" for kind in Kind}


def work(turn: Turn, strand: Strand, state: TaskState) -> None:
    """Make an attempt."""
    resource = read_resource(state.resource)
    strand.submitted = False
    strand.token = turn.new_token(strand) if resource.has_token else ""
    arguments = prepare(state, strand.input, turn.scope(strand))
    hold_payload(state.name, arguments)
    see = partial(look, turn, strand, state)
    invoke = Invoke(
        key=turn.key(strand),
        attempt=strand.attempt,
        state=state.name,
        resource=state.resource,
        arguments=arguments,
        timeout=seconds(
            "TimeoutSeconds", state.timeout_seconds, state.timeout_seconds_path, see, least=1
        ),
        heartbeat=seconds(
            "HeartbeatSeconds", state.heartbeat_seconds, state.heartbeat_seconds_path, see, least=1
        ),
        token=strand.token,
        credentials=ABSENT
        if state.credentials is ABSENT
        else see().filled(state.credentials, "Credentials"),
    )
    turn.emit(strand, _SCHEDULED[resource.kind], _scheduled(turn, resource, invoke))
    if resource.kind is not Kind.ACTIVITY:
        turn.emit(strand, _STARTED[resource.kind], {**resource.described})
    turn.wait(strand, Phase.WORKING, invoke)


def _scheduled(turn: Turn, resource: Resource, invoke: Invoke) -> dict[str, Json]:
    if resource.kind is Kind.SERVICE:
        details: dict[str, Json] = {
            **resource.described,
            "region": turn.run.facts.region,
            "parameters": invoke.arguments,
        }
    else:
        details = {"resource": resource.text, "input": invoke.arguments}
    if invoke.timeout is not None:
        details["timeoutInSeconds"] = invoke.timeout
    if invoke.heartbeat is not None:
        details["heartbeatInSeconds"] = invoke.heartbeat
    if invoke.credentials is not ABSENT:
        details["taskCredentials"] = _role(invoke.credentials)
    return details


def _role(credentials: Json) -> Json:
    return {"roleArn": credentials.get("RoleArn")}


def answered(turn: Turn, strand: Strand, state: TaskState, event: KeyedEvent) -> None:
    """Take an answer to the attempt."""
    take = _ANSWERS.get(type(event))
    if take is not None:
        take(turn, strand, state, read_resource(state.resource), event)


def _started(
    turn: Turn, strand: Strand, _state: TaskState, resource: Resource, event: ActivityStarted
) -> None:
    if resource.kind is Kind.ACTIVITY:
        details = {} if event.worker is None else {"workerName": event.worker}
        turn.emit(strand, "ActivityStarted", details)


def _submitted(
    turn: Turn, strand: Strand, _state: TaskState, resource: Resource, event: TaskSubmitted
) -> None:
    if resource.pattern and not strand.submitted:
        strand.submitted = True
        details = {**resource.described, "output": event.output}
        turn.emit(strand, "TaskSubmitted", details)


def _succeeded(
    turn: Turn, strand: Strand, state: TaskState, resource: Resource, event: TaskSucceeded
) -> None:
    _over(turn, strand)
    try:
        hold_payload(resource.shown, event.output)
    except StateError as error:
        _fail(turn, strand, state, Failure(error.name, error.cause))
        return
    details = {**resource.described, "output": event.output}
    turn.emit(strand, _SUCCEEDED[resource.kind], details)
    scope = turn.scope(strand)
    turn.leave(strand, state, conclude(state, strand.input, event.output, scope), state.next)


def _failed(
    turn: Turn, strand: Strand, state: TaskState, _resource: Resource, event: TaskFailed
) -> None:
    _over(turn, strand)
    _fail(turn, strand, state, Failure(event.error, event.cause))


def _timed_out(
    turn: Turn, strand: Strand, state: TaskState, _resource: Resource, event: TaskTimedOut
) -> None:
    _over(turn, strand)
    failure = Failure(HEARTBEAT_TIMEOUT if event.heartbeat else TIMEOUT, None)
    _fail(turn, strand, state, failure, how="TimedOut")


def _over(turn: Turn, strand: Strand) -> None:
    del turn.run.waiting[strand.entry]


def _fail(
    turn: Turn, strand: Strand, state: TaskState, failure: Failure, how: str = "Failed"
) -> None:
    resource = read_resource(state.resource)
    told = {"error": failure.error, "cause": failure.cause}
    details = {
        **resource.described,
        **{name: one for name, one in told.items() if one is not None},
    }
    turn.emit(strand, f"{resource.kind}{how}", details)
    if failure.error == RUNTIME:
        turn.refuse(strand, state, StateError(RUNTIME, failure.cause or ""))
    else:
        turn.fail(strand, state, failure)


_ANSWERS: Final[
    dict[type[KeyedEvent], Callable[[Turn, Strand, TaskState, Resource, Any], None]]
] = {
    ActivityStarted: _started,
    TaskFailed: _failed,
    TaskSubmitted: _submitted,
    TaskSucceeded: _succeeded,
    TaskTimedOut: _timed_out,
}
