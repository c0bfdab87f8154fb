"""Owns the operations on tags, which state machines and activities have.

Source: AWS, Step Functions, API reference, TagResource and its neighbours; recorded answers.
"""

from collections.abc import Mapping
from typing import Any

from frontdesk.aws.states.arns import check_arn, machine_of
from frontdesk.aws.states.settings import read_tags, write_tags
from frontdesk.durable.activities import Activities
from frontdesk.durable.machine_changes import MachineChanges, check_tags
from frontdesk.durable.machine_versions import resource_not_found
from frontdesk.durable.machines import Machines
from frontdesk.ports.executions import ExecutionError


class TagOperations:
    """The operations whose subject is a resource with tags."""

    def __init__(self, machines: Machines, changes: MachineChanges, activities: Activities) -> None:
        self._machines = machines
        self._changes = changes
        self._activities = activities

    async def tag(self, members: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        arn, tags = members["resourceArn"], read_tags(members["tags"])
        if _is_activity(arn):
            together = {**await self._of_activity(arn), **tags}
            check_tags(together)
            await self._activities.tag(arn, together)
        else:
            await self._changes.tag(self._machine(arn), tags)
        return {}

    async def untag(self, members: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        arn, keys = members["resourceArn"], frozenset(members["tagKeys"])
        if _is_activity(arn):
            tags = await self._of_activity(arn)
            left = {key: value for key, value in tags.items() if key not in keys}
            await self._activities.tag(arn, left)
        else:
            await self._changes.untag(self._machine(arn), keys)
        return {}

    async def list_tags(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        arn = members["resourceArn"]
        if _is_activity(arn):
            return write_tags(await self._of_activity(arn))
        entry = self._machines.entry(self._machine(arn))
        return write_tags(entry.tags if entry is not None else {})

    def _machine(self, arn: str) -> str:
        """Return the name of a machine; versions and aliases have no tags. Raises: ExecutionError."""
        name, qualifier = machine_of(arn)
        of_file = name in self._machines.of_file()
        if qualifier or (self._machines.entry(name) is None and not of_file):
            raise resource_not_found(arn)
        return name

    async def _of_activity(self, arn: str) -> Mapping[str, str]:
        try:
            return (await self._activities.describe(arn)).tags
        except ExecutionError as error:
            raise resource_not_found(arn) from error


def _is_activity(arn: str) -> bool:
    check_arn(arn, "stateMachine", "activity")
    return ":activity:" in arn
