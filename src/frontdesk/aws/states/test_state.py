"""TestState: one state is tried by itself, its work done by a mock or for real.

Source: AWS, API reference, TestState; texts as recorded from it.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from frontdesk.aws.wire import new_uuid
from frontdesk.base.clock import Clock
from frontdesk.durable.tasks.task import Doer, Task, Watch
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.data.scope import is_variable_name
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.messages import Invoke, KeyedEvent, TaskFailed, TaskSucceeded, TaskTimedOut
from frontdesk.rules.asl.model import Json, State, TaskState
from frontdesk.rules.asl.resources import read_resource
from frontdesk.rules.asl.run import Facts
from frontdesk.rules.asl.trial.contexts import read_context
from frontdesk.rules.asl.trial.mocks import Mock, Strictness
from frontdesk.rules.asl.trial.refused import RefusedError
from frontdesk.rules.asl.trial.subject import find_state
from frontdesk.rules.asl.trial.trial import Situation, Trial
from frontdesk.rules.lang.compact_json import JsonTextError, from_json

_LONGEST: Final = 300.0
"""Seconds that a task may take."""

_INFO: Final = "INFO"
_TRACE: Final = "TRACE"

_NO_INPUT: Final = "Invalid State Machine Execution Input: 'Invalid execution input.'"

_NEEDS_MOCK: Final = {
    "errorCausedByState": "ErrorCausedByState",
    "mapItemReaderData": "MapItemReaderData",
    "mapIterationFailureCount": "MapIterationFailureCount",
    "retrierRetryCount": "RetrierRetryCount",
}
"""Members of `stateConfiguration`, as AWS writes them in its refusals."""


class StateTrials:
    """The operation. doer: does the tasks of states machines."""

    def __init__(self, doer: Doer, clock: Clock, *, region: str, account: str) -> None:
        self._doer = doer
        self._clock = clock
        self._region = region
        self._place = f"{region}:{account}"

    async def test_state(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Try the state that a request gives. Raises: ExecutionError."""
        try:
            return await self._try(document)
        except RefusedError as error:
            raise ExecutionError(error.code, error.message) from error

    async def _try(self, document: Mapping[str, Any]) -> dict[str, Any]:
        configuration = _members(document, "stateConfiguration")
        mock = _mock(document, configuration)
        program, state = find_state(document["definition"], document.get("stateName"))
        if configuration.get("errorCausedByState", state.name) not in program.states:
            raise RefusedError("State not found in definition")
        situation = self._situation(document, configuration, mock)
        level = document.get("inspectionLevel", _INFO)
        now, seed = round(self._clock.time() * 1000), os.urandom(16)
        _check_role(document, state, mock)
        trial = Trial(program, state, situation, now=now, seed=seed)
        watch = Watch(secrets=document.get("revealSecrets", False))
        if trial.invoke is not None:
            await self._work(trial, trial.invoke, situation.facts, watch)
        answer = trial.told(steps=level != _INFO)
        if level == _TRACE:
            answer["inspectionData"] |= watch.seen
        return answer

    def _situation(
        self, document: Mapping[str, Any], configuration: Mapping[str, Any], mock: Mock | None
    ) -> Situation:
        context = document.get("context")
        name = new_uuid()
        return Situation(
            given=_json(document.get("input", "{}"), _NO_INPUT, "InvalidExecutionInput"),
            facts=Facts(
                execution=f"arn:aws:states:{self._place}:express:{name}:{name}",
                name=name,
                machine=f"arn:aws:states:{self._place}:stateMachine:{name}",
                machine_name=name,
                role=document.get("roleArn", ""),
                region=self._region,
                express=True,
            ),
            variables=_variables(document.get("variables", "{}")),
            context=None if context is None else read_context(context),
            mock=mock,
            retries=configuration.get("retrierRetryCount", 0),
            failed=configuration.get("mapIterationFailureCount", 0),
            read=configuration.get("mapItemReaderData"),
        )

    async def _work(self, trial: Trial, invoke: Invoke, facts: Facts, watch: Watch) -> None:
        """Have a task done, and hand its answer to the trial."""
        answer = _Answer(asyncio.get_running_loop().create_future())
        task = Task(invoke, read_resource(invoke.resource), facts, watch=watch)
        work = self._doer.do(task, answer)
        seconds = min(invoke.timeout or _LONGEST, _LONGEST)
        made: Callable[..., KeyedEvent]
        try:
            made = await asyncio.wait_for(answer.outcome, seconds)
        except TimeoutError:
            made = TaskTimedOut
        finally:
            if work is not None:
                work.cancel()
        now, seed = round(self._clock.time() * 1000), os.urandom(16)
        trial.take(made(key=invoke.key, attempt=invoke.attempt, now=now, seed=seed))


class _Answer:
    """What a task answers with. See durable.tasks.task.Answer."""

    def __init__(self, outcome: "asyncio.Future[Callable[..., KeyedEvent]]") -> None:
        self.outcome = outcome

    def submitted(self, output: Json) -> None:
        """See Answer. Tasks that others end are not tried for real."""

    def succeeded(self, output: Json) -> None:
        """See Answer."""
        self._settle(partial(TaskSucceeded, output=output))

    def failed(self, error: str, cause: str | None = None) -> None:
        """See Answer."""
        self._settle(partial(TaskFailed, error=error, cause=cause))

    def _settle(self, made: "Callable[..., KeyedEvent]") -> None:
        if not self.outcome.done():
            self.outcome.set_result(made)


def _members(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the members of a structure that are not null."""
    return {key: value for key, value in document.get(name, {}).items() if value is not None}


def _mock(document: Mapping[str, Any], configuration: Mapping[str, Any]) -> Mock | None:
    """Read what stands in for the work, and refuse what only makes sense with it."""
    told = _members(document, "mock")
    if "mock" not in document:
        needless = [shown for name, shown in _NEEDS_MOCK.items() if name in configuration]
        if "context" in document:
            needless.append("Context")
        if needless:
            raise RefusedError(
                f"TestState does not support {needless[0]} when a mock is not specified."
            )
        return None
    if ("result" in told) == ("errorOutput" in told):
        raise RefusedError(
            "A test mock should have only one of the following fields: [result, errorOutput]."
        )
    if document.get("revealSecrets"):
        raise RefusedError("TestState does not support RevealSecrets when a mock is specified.")
    strictness = Strictness(told.get("fieldValidationMode", Strictness.STRICT))
    if "errorOutput" in told:
        error = told["errorOutput"]
        return Mock(failure=Failure(error.get("error"), error.get("cause")), strictness=strictness)
    return Mock(_json(told["result"], "Mocked result must be valid JSON"), strictness=strictness)


def _check_role(document: Mapping[str, Any], state: State, mock: Mock | None) -> None:
    """Ask for a role where AWS does; functions here run as the gateway's user whatever it is."""
    if isinstance(state, TaskState) and mock is None and not document.get("roleArn"):
        raise RefusedError("RoleArn must be specified when testing a Task state")


def _variables(text: str) -> Mapping[str, Json]:
    message = "Variables must be a JSON object"
    variables = _json(text, message)
    if not isinstance(variables, dict):
        raise RefusedError(message)
    for name in variables:
        if not is_variable_name(name):
            raise RefusedError(f"Invalid variable name: {name}")
    return variables


def _json(text: str, message: str, code: str = "ValidationException") -> Json:
    try:
        return from_json(text)
    except JsonTextError:
        raise RefusedError(message, code) from None
