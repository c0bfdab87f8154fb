"""Owns which operation of the Step Functions API a request asks for: one table of names.

Source: AWS, Step Functions, API reference; Smithy, "AWS JSON 1.0 protocol".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.aws.constraints import checked, unreadable
from frontdesk.aws.states.activities import ActivityOperations
from frontdesk.aws.states.executions import ExecutionOperations
from frontdesk.aws.states.machines import MachineOperations
from frontdesk.aws.states.map_runs import MapRunOperations
from frontdesk.aws.states.shapes import SHAPES
from frontdesk.aws.states.tags import TagOperations
from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.states.validation import validate_definition
from frontdesk.aws.states.versions import VersionOperations
from frontdesk.aws.wire import ApiError, new_uuid
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.streams import Field
from frontdesk.durable.activities import Activities, PostStarted
from frontdesk.durable.machine_changes import MachineChanges
from frontdesk.durable.machine_versions import MachineVersions
from frontdesk.durable.machines import Machines
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.executions import ExecutionError, Executions

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes the members of a request that are not null, checked by `shapes`; raises ExecutionError."""

_TARGET: Final = b"x-amz-target"
_PREFIX: Final = b"AWSStepFunctions."
_JSON: Final[Field] = (b"content-type", b"application/x-amz-json-1.0")


class StatesService:
    """The Step Functions API. See wire.Service."""

    scope = "states"

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        """operations: those that are served, by name; `operations` lists them."""
        self._operations = operations

    def serves(self, ex: Exchange) -> bool:
        """See Service. Any host will do: StartSyncExecution comes to `sync-...`."""
        return ex.headers.get(_TARGET, b"").startswith(_PREFIX)

    async def answer(self, ex: Exchange) -> Reply:
        """See Service."""
        name = ex.headers[_TARGET][len(_PREFIX) :].decode("latin-1")
        run = self._operations.get(name)
        if run is None:
            raise ApiError(400, "UnknownOperationException", f"No such operation: {name}")
        try:
            return _reply(200, await run(checked(_document(ex.body), SHAPES[name])))
        except ExecutionError as error:
            raise ApiError(400, error.code, error.message) from error
        except StoreError as error:
            raise ApiError(500, "InternalFailure", error.message) from error

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        body = {"__type": error.code, "message": error.message}
        return _reply(error.status, body, (b"x-amzn-errortype", error.code.encode()))


def operations(
    *,
    machines: Machines,
    catalog: Catalog,
    clock: Clock,
    executions: Executions,
    activities: Activities,
    post_started: PostStarted,
    trials: StateTrials,
) -> dict[str, Operation]:
    """List all operations by their names.

    catalog: where `machines` are kept. post_started: tells an execution that a worker has its task.
    """
    changes = MachineChanges(machines, catalog, clock, new_uuid)
    of_machines = MachineOperations(machines, changes, executions)
    of_versions = VersionOperations(machines, MachineVersions(machines, changes, clock))
    of_executions = ExecutionOperations(machines, executions)
    of_map_runs = MapRunOperations(executions)
    of_activities = ActivityOperations(activities, post_started)
    tags = TagOperations(machines, changes, activities)
    return {
        "CreateStateMachine": of_machines.create,
        "UpdateStateMachine": of_machines.update,
        "DescribeStateMachine": of_machines.describe,
        "DescribeStateMachineForExecution": of_machines.describe_for_execution,
        "DeleteStateMachine": of_machines.delete,
        "ListStateMachines": of_machines.list_machines,
        "PublishStateMachineVersion": of_versions.publish,
        "ListStateMachineVersions": of_versions.list_versions,
        "DeleteStateMachineVersion": of_versions.delete,
        "CreateStateMachineAlias": of_versions.create_alias,
        "UpdateStateMachineAlias": of_versions.update_alias,
        "DescribeStateMachineAlias": of_versions.describe_alias,
        "ListStateMachineAliases": of_versions.list_aliases,
        "DeleteStateMachineAlias": of_versions.delete_alias,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "ListTagsForResource": tags.list_tags,
        "StartExecution": of_executions.start,
        "StartSyncExecution": of_executions.start_sync,
        "DescribeExecution": of_executions.describe,
        "ListExecutions": of_executions.list_executions,
        "GetExecutionHistory": of_executions.history,
        "StopExecution": of_executions.stop,
        "RedriveExecution": of_executions.redrive,
        "SendTaskSuccess": of_executions.succeed,
        "SendTaskFailure": of_executions.fail,
        "SendTaskHeartbeat": of_executions.beat,
        "DescribeMapRun": of_map_runs.describe,
        "ListMapRuns": of_map_runs.list_runs,
        "CreateActivity": of_activities.create,
        "DescribeActivity": of_activities.describe,
        "ListActivities": of_activities.list_activities,
        "DeleteActivity": of_activities.delete,
        "GetActivityTask": of_activities.take,
        "TestState": trials.test_state,
        "ValidateStateMachineDefinition": validate_definition,
    }


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body or b"{}")
    except ValueError as error:
        raise unreadable(f"Could not parse request body into json: {error}") from None


def _reply(status: int, document: dict[str, Any], *fields: Field) -> Reply:
    return Reply(status, [_JSON, *fields], orjson.dumps(document))
