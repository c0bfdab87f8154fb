"""Owns which operation of the Step Functions API a request asks for: one table of names.

Source: AWS, Step Functions, API reference; Smithy, "AWS JSON 1.0 protocol".
"""

from collections.abc import Mapping

from frontdesk.aws.json_service import JsonService, Operation, Run
from frontdesk.aws.states.activities import ActivityOperations
from frontdesk.aws.states.executions import ExecutionOperations
from frontdesk.aws.states.machines import MachineOperations
from frontdesk.aws.states.map_runs import MapRunOperations
from frontdesk.aws.states.shapes import SHAPES
from frontdesk.aws.states.tags import TagOperations
from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.states.validation import validate_definition
from frontdesk.aws.states.versions import VersionOperations
from frontdesk.aws.wire import new_uuid
from frontdesk.base.clock import Clock
from frontdesk.durable.activities import Activities, PostStarted
from frontdesk.durable.machine_changes import MachineChanges
from frontdesk.durable.machine_versions import MachineVersions
from frontdesk.durable.machines import Machines
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.executions import ExecutionError, Executions


def states_service(operations: Mapping[str, Run]) -> JsonService:
    """Make the Step Functions API of operations by name. Any host will do: StartSyncExecution comes to `sync-…`."""
    return JsonService(
        "states",
        "AWSStepFunctions",
        {name: Operation(SHAPES[name], run) for name, run in operations.items()},
        refused=ExecutionError,
        version="1.0",
        internal="InternalFailure",
    )


def operations(
    *,
    machines: Machines,
    catalog: Catalog,
    clock: Clock,
    executions: Executions,
    activities: Activities,
    post_started: PostStarted,
    trials: StateTrials,
) -> dict[str, Run]:
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
        "UpdateMapRun": of_map_runs.update,
        "CreateActivity": of_activities.create,
        "DescribeActivity": of_activities.describe,
        "ListActivities": of_activities.list_activities,
        "DeleteActivity": of_activities.delete,
        "GetActivityTask": of_activities.take,
        "TestState": trials.test_state,
        "ValidateStateMachineDefinition": validate_definition,
    }
