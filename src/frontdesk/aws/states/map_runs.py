"""Owns the operations on map runs: what has become of the items of a distributed Map.

Source: AWS, Step Functions, API reference, DescribeMapRun and its neighbours.
"""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.states.arns import check_arn
from frontdesk.aws.states.paging import Item, page
from frontdesk.ports.executions import ExecutionError, Executions, MapRun, MapRunBounds

_COUNTED: Final = ("pending", "running", "succeeded", "failed", "timedOut", "aborted")

_BOUNDS: Final = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")


class MapRunOperations:
    """The operations whose subject is a map run."""

    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    async def describe(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeMapRun."""
        arn = members["mapRunArn"]
        check_arn(arn, "mapRun")
        run = await self._executions.map_run(arn)
        answer = {
            "mapRunArn": run.arn,
            "executionArn": run.execution,
            "status": run.status,
            "startDate": run.started,
            "maxConcurrency": run.most,
            "toleratedFailureCount": run.tolerated_count,
            "toleratedFailurePercentage": run.tolerated_percentage,
            "itemCounts": _counts(run.items),
            "executionCounts": _counts(run.children),
            "redriveCount": run.redrives,
        }
        more = {"stopDate": run.ended, "redriveDate": run.redriven}
        return answer | {name: value for name, value in more.items() if value is not None}

    async def update(self, members: dict[str, Any]) -> dict[str, Any]:
        """UpdateMapRun: what is not said stays as it is."""
        arn = members["mapRunArn"]
        check_arn(arn, "mapRun")
        bounds = MapRunBounds(*(members.get(name) for name in _BOUNDS))
        if bounds == MapRunBounds():
            told = f"At least one of {', '.join(_BOUNDS)} must be specified"
            raise ExecutionError("ValidationException", told)
        await self._executions.update_map_run(arn, bounds)
        return {}

    async def list_runs(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListMapRuns: the newest first."""
        arn = members["executionArn"]
        check_arn(arn, "execution")
        found = await self._executions.map_runs(arn)
        items = (Item((-run.started, run.arn), _listed(run)) for run in found)
        return page(f"map_runs:{arn}", "mapRuns", items, members)


def _listed(run: MapRun) -> dict[str, Any]:
    answer = {
        "executionArn": run.execution,
        "mapRunArn": run.arn,
        "startDate": run.started,
    }
    return answer if run.ended is None else {**answer, "stopDate": run.ended}


def _counts(told: Mapping[str, int]) -> dict[str, int]:
    counts = {status: told.get(status, 0) for status in _COUNTED}
    return {
        **counts,
        "total": sum(counts.values()),
        "resultsWritten": told.get("resultsWritten", 0),
    }
