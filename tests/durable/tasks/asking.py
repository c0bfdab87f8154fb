"""Asks Doers as a driver does, and writes down what they answer."""

import asyncio

from frontdesk.durable.tasks.task import Task
from frontdesk.rules.asl.messages import Invoke
from frontdesk.rules.asl.resources import read_resource
from frontdesk.rules.asl.run import Facts

EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:orders:o-1"
KEY = f"{EXECUTION}:Ask:2"


def a_task(
    resource, arguments=None, *, attempt=1, key=KEY, token="t-1", trace="", nesting=0, **more
):
    """A task of the state `Ask` of an execution `o-1` of the machine `orders`."""
    facts = Facts(
        execution=EXECUTION,
        name="o-1",
        machine="arn:aws:states:eu-west-1:123456789012:stateMachine:orders",
        machine_name="orders",
    )
    invoke = Invoke(
        key=key,
        attempt=attempt,
        state="Ask",
        resource=resource,
        arguments={} if arguments is None else arguments,
        token=token if read_resource(resource).has_token else "",
        **more,
    )
    return Task(invoke, read_resource(resource), facts, trace=trace, nesting=nesting)


class Answers:
    """Everything that a Doer answers, in order: `("succeeded", output)`, …"""

    def __init__(self):
        self.all = []
        self._more = asyncio.Event()

    def submitted(self, output):
        self._take("submitted", output)

    def succeeded(self, output):
        self._take("succeeded", output)

    def failed(self, error, cause=None):
        self._take("failed", error, cause)

    def _take(self, *answer):
        self.all.append(answer)
        self._more.set()

    async def until(self, count=1):
        """Wait until there are so many, and return the last one."""
        async with asyncio.timeout(30):
            while len(self.all) < count:
                self._more.clear()
                await self._more.wait()
        assert len(self.all) == count
        return self.all[-1]
