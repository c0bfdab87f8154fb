"""Owns the tasks that functions do: by their ARN, by `lambda:invoke`, by the SDK's `invoke`.

Knows functions only as Invokers. Nothing here awaits: an attempt is an object until its outcome comes.
Source: AWS, "Invoke an AWS Lambda function with Step Functions"; recorded executions.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from math import inf
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.base.clock import Clock
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.refusals import arguments_of, service_cause, text_argument
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.ports.invocations import Invocations
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import size
from frontdesk.rules.asl.invocations import (
    FunctionFailure,
    function_failure,
    invocation_result,
    invoked_payload,
    read_function,
    returned_payload,
)
from frontdesk.rules.asl.model import Json
from frontdesk.rules.lang.compact_json import to_json_bytes

Functions = Callable[[str, str], Invoker | None]
"""Finds a function by name and qualifier (`""` is `$LATEST`). None: there is none."""

_ascii_json: Final = json.JSONEncoder().encode

_LATEST: Final = "$LATEST"
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204


class FunctionTasks:
    """Tasks whose Resource is a function: the input is its event, and what it returns is the result."""

    def __init__(self, functions: Functions, clock: Clock) -> None:
        self._functions = functions
        self._clock = clock

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        name, _, qualifier = task.resource.name.partition(":")
        invoker = self._functions(name, qualifier)
        if invoker is None:
            answer.failed(*_not_found(task, task.resource.text, ""))
            return None

        def take(outcome: Outcome) -> None:
            failure = _failure(outcome)
            if failure is None:
                answer.succeeded(returned_payload(outcome.payload))
            else:
                answer.failed(*failure)

        invocation = _invocation(task, task.invoke.arguments, _context(task, {}), self._clock)
        return _Attempt(invoker, invocation, self._clock, take)


class LambdaTasks:
    """Tasks of `lambda:invoke`, waiting for a token or not, and of `aws-sdk:lambda:invoke`."""

    def __init__(self, functions: Functions, clock: Clock, later: Invocations, jobs: Jobs) -> None:
        """later: takes those of InvocationType Event. jobs: do what waits for a store."""
        self._functions = functions
        self._clock = clock
        self._later = later
        self._jobs = jobs

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        try:
            asked = _read(task)
        except StateError as error:
            answer.failed(error.name, error.cause)
            return None
        invoker = self._functions(asked.name, asked.qualifier)
        if invoker is None:
            answer.failed(*_not_found(task, asked.text, asked.qualifier))
            return None
        give = answer.submitted if task.resource.has_token else answer.succeeded
        form = _FORMS[task.resource.service]
        if asked.type == "DryRun":
            give(form.accepted(task, _NO_CONTENT))
            return None
        invocation = _invocation(task, asked.payload, asked.context, self._clock)
        if asked.type == "Event":

            async def accept() -> None:
                id_ = await self._later.accept(
                    asked.name,
                    asked.qualifier,
                    invocation.event,
                    trace=invocation.trace,
                    client_context=invocation.client_context,
                )
                if id_ is None:  # it has been removed meanwhile
                    answer.failed(*_not_found(task, asked.text, asked.qualifier))
                else:
                    give(form.accepted(task, _ACCEPTED))

            return self._jobs.run(accept, answer)

        def take(outcome: Outcome) -> None:
            result = form.result(asked, outcome)
            if isinstance(result, FunctionFailure):
                answer.failed(*result)
            else:
                give(result)

        return _Attempt(invoker, invocation, self._clock, take)


class _Attempt:
    """A call of a function, until its outcome comes."""

    __slots__ = ("_call", "_clock", "_deadline", "_take")

    def __init__(
        self,
        invoker: Invoker,
        invocation: Invocation,
        clock: Clock,
        take: Callable[[Outcome], None],
    ) -> None:
        self._clock = clock
        self._deadline = invocation.deadline
        self._take = take
        self._call = invoker.invoke(invocation, self._done)

    def _done(self, outcome: Outcome) -> None:
        # What comes later is not how the function ended, but that its time was over; that is a timeout of
        # the task, which whoever watches its time tells.
        if self._clock.monotonic() < self._deadline:
            self._take(outcome)

    def cancel(self) -> None:
        """Hear nothing of it. The function runs to its end, as at AWS, or to the task's timeout."""
        self._call.cancel(kill=False)


# -- what is asked ----------------------------------------------------------------------------------


class _Asked(NamedTuple):
    """The arguments of `lambda:invoke`. text: FunctionName as it is given. context: JSON text."""

    text: str
    name: str
    qualifier: str
    payload: Json
    type: str
    context: str
    wants_log: bool


def _read(task: Task) -> _Asked:
    """Read the arguments. Raises: StateError."""
    text, arguments = text_argument(task, "FunctionName"), arguments_of(task)
    name, own = read_function(text)
    qualifier = arguments.get("Qualifier") or ""
    if own and qualifier and own != qualifier:
        raise _refused(
            task,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    payload = invoked_payload(arguments)
    size(payload)  # a text may hold what is nested deeper than anything that was held to the quota
    kind = arguments.get("InvocationType") or "RequestResponse"
    if kind not in {"Event", "RequestResponse", "DryRun"}:
        raise _refused(
            task,
            "ValidationException",
            f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        )
    return _Asked(
        text,
        name,
        own or str(qualifier),
        payload,
        kind,
        _context(task, _given_context(task, arguments.get("ClientContext"))),
        arguments.get("LogType") == "Tail",
    )


def _given_context(task: Task, encoded: Any) -> dict[str, Any]:
    if encoded is None:
        return {}
    try:
        context = orjson.loads(b64decode(encoded, validate=True))
        if isinstance(context, dict) and isinstance(context.get("custom", {}), dict):
            return context
    except (TypeError, ValueError):
        pass
    raise _refused(
        task,
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
    )


def _context(task: Task, given: dict[str, Any]) -> str:
    """Add the idempotency key to a client context; ASCII, because it travels in a header field."""
    # Differs: [idempotency-key] AWS hands functions no key that is the same on every attempt.
    key = task.invoke.key
    if not given:  # to write one text takes the writer a tenth of what an object takes
        return f'{{"custom": {{"idempotency_key": {_ascii_json(key)}}}}}'
    return _ascii_json({**given, "custom": {**given.get("custom", {}), "idempotency_key": key}})


def _invocation(task: Task, event: Json, context: str, clock: Clock) -> Invocation:
    timeout = task.invoke.timeout
    deadline = inf if timeout is None else clock.monotonic() + timeout
    return Invocation(to_json_bytes(event), deadline, task.trace, context, trigger="other")


# -- what comes of it -------------------------------------------------------------------------------


def _failure(outcome: Outcome) -> FunctionFailure | None:
    """Say how a task fails; None: the function has answered."""
    if not outcome.error:
        return None
    refusal = _REFUSALS.get(outcome.error)
    if refusal is None:
        return function_failure(outcome.payload)
    status, code, message = refusal
    return _service_failure(code, message or outcome.reason, status, outcome.request_id)


def _result(asked: _Asked, outcome: Outcome) -> dict[str, Any] | FunctionFailure:
    failure = _failure(outcome)
    if failure is not None:
        return failure
    payload = returned_payload(outcome.payload)
    result = invocation_result(payload, outcome.request_id, outcome.version)
    if asked.wants_log:
        result["LogResult"] = b64encode(outcome.log_tail).decode()
    return result


def _accepted(task: Task, status: int) -> dict[str, Any]:
    return invocation_result("", task.id, "", status)


def _sdk_result(asked: _Asked, outcome: Outcome) -> dict[str, Any] | FunctionFailure:
    """Make the SDK's answer: the payload is text, and a function's own error is a result as well."""
    if outcome.error in _REFUSALS:
        return _failure(outcome) or {}
    result = {
        "ExecutedVersion": outcome.version,
        "Payload": outcome.payload.decode("utf-8", "replace"),
        "StatusCode": 200,
    }
    if outcome.error:
        result["FunctionError"] = "Unhandled"
    if asked.wants_log:
        result["LogResult"] = b64encode(outcome.log_tail).decode()
    return result


def _sdk_accepted(_task: Task, status: int) -> dict[str, Any]:
    return {"Payload": "", "StatusCode": status}


class _Form(NamedTuple):
    """How a service answers. accepted: by HTTP status, where nothing has run yet."""

    result: Callable[[_Asked, Outcome], dict[str, Any] | FunctionFailure]
    accepted: Callable[[Task, int], dict[str, Any]]


_FORMS: Final = {
    "lambda": _Form(_result, _accepted),
    "aws-sdk:lambda": _Form(_sdk_result, _sdk_accepted),
}

_REFUSALS: Final = {
    "Throttled": (429, "TooManyRequestsException", "Rate Exceeded."),
    "Unavailable": (500, "ServiceException", ""),
}
"""Outcomes of calls that did not reach the function: HTTP status, error code, message."""


def _not_found(task: Task, text: str, qualifier: str) -> FunctionFailure:
    """Fail as Lambda does for a function that is not there. text: its name or ARN as it is given."""
    _, _, _, region, account = task.facts.execution.split(":")[:5]
    name, own = read_function(text)
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}:{own or qualifier or _LATEST}"
    message = f"Function not found: {arn}"
    return _service_failure("ResourceNotFoundException", message, 404, task.id)


def _service_failure(code: str, message: str, status: int, request_id: str) -> FunctionFailure:
    cause = service_cause("AWSLambda", code, message, request_id, status=status)
    return FunctionFailure(f"Lambda.{code}", cause)


def _refused(task: Task, code: str, message: str) -> StateError:
    return StateError(*_service_failure(code, message, 400, task.id))
