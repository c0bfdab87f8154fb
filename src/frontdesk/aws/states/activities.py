"""Owns the operations on activities.

Source: AWS, Step Functions, API reference, CreateActivity and its neighbours; recorded answers.
"""

from typing import Any, Final

from frontdesk.aws.states.arns import check_arn
from frontdesk.aws.states.paging import page_size
from frontdesk.aws.states.settings import ENCRYPTION, check_encryption, read_tags
from frontdesk.durable.activities import Activities, Activity, PostStarted

_POLL: Final = 60.0
"""Seconds that a worker waits for a task."""


class ActivityOperations:
    """The operations whose subject is an activity."""

    def __init__(self, activities: Activities, post_started: PostStarted) -> None:
        """post_started: tells an execution that a worker has taken its task."""
        self._activities = activities
        self._post_started = post_started

    async def create(self, members: dict[str, Any]) -> dict[str, Any]:
        """CreateActivity. One that is there stays as it is."""
        check_encryption(members)
        made = await self._activities.create(members["name"], read_tags(members.get("tags", ())))
        return {"activityArn": made.arn, "creationDate": made.created}

    async def describe(self, members: dict[str, Any]) -> dict[str, Any]:
        """DescribeActivity."""
        arn = members["activityArn"]
        check_arn(arn, "activity")
        found = await self._activities.describe(arn)
        return {**_listed(found), "encryptionConfiguration": ENCRYPTION}

    async def delete(self, members: dict[str, Any]) -> dict[str, Any]:
        """DeleteActivity. There need not be one."""
        arn = members["activityArn"]
        check_arn(arn, "activity")
        await self._activities.delete(arn)
        return {}

    async def list_activities(self, members: dict[str, Any]) -> dict[str, Any]:
        """ListActivities."""
        found, token = await self._activities.list(page_size(members), members.get("nextToken", ""))
        answer: dict[str, Any] = {"activities": [_listed(one) for one in found]}
        return {**answer, "nextToken": token} if token else answer

    async def take(self, members: dict[str, Any]) -> dict[str, Any]:
        """GetActivityTask: wait for a task a minute long; nothing where there is none."""
        arn = members["activityArn"]
        check_arn(arn, "activity")
        taken = await self._activities.take(
            arn, members.get("workerName"), _POLL, self._post_started
        )
        return {} if taken is None else {"taskToken": taken.token, "input": taken.input}


def _listed(activity: Activity) -> dict[str, Any]:
    return {
        "activityArn": activity.arn,
        "name": activity.name,
        "creationDate": activity.created,
    }
