"""Whoever runs state machines, played by a test: executions end when and as they are told."""

import asyncio
import json

from frontdesk.ports.executions import Execution, ExecutionError

ARN = "arn:aws:states:us-east-1:000000000000"


class PlayedExecutions:
    """An Executions port. calls: (method, arguments) in order. tokens: of tasks that wait."""

    def __init__(self):
        self.calls = []
        self.known = {}
        self.tokens = {"t0ken": []}
        self.given_up = []
        self.waiting, self.left = asyncio.Event(), asyncio.Event()
        self.error = None
        self.ends_as = {}
        """By machine: what becomes of executions as soon as they begin; none: they run on."""

    async def start(self, machine, given, *, name="", trace=""):
        return self._begin("start", machine, given, name, trace)

    async def run(self, machine, given, *, name="", trace="", within):
        begun = self._begin("run", machine, given, name, trace, within)
        if begun.status == "RUNNING":
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.given_up.append(begun.name)
                self.left.set()
                raise
        return begun

    async def describe(self, arn):
        self.calls.append(("describe", arn))
        if arn not in self.known:
            raise ExecutionError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self.known[arn]

    async def stop(self, arn, error=None, cause=None):
        self.calls.append(("stop", arn, error, cause))
        self.end(arn, status="ABORTED", error=error, cause=cause)
        return 11.0

    async def succeed(self, token, output):
        self._take(token, "succeed", output)

    async def fail(self, token, error=None, cause=None):
        self._take(token, "fail", error, cause)

    async def beat(self, token):
        self._take(token, "beat")

    def end(self, arn, **how):
        """End an execution."""
        self.known[arn] = self.known[arn]._replace(ended=11.0, **how)

    def _begin(self, method, machine, given, name, trace, *more):
        self.calls.append((method, machine, json.loads(given), name, trace, *more))
        if self.error is not None:
            raise self.error
        machine = machine.partition(":")[0]
        name = name or f"run-{len(self.calls)}"
        arn = f"{ARN}:execution:{machine}:{name}"
        begun = Execution(arn, f"{ARN}:stateMachine:{machine}", name, "RUNNING", 10.0, given)
        self.known[arn] = begun
        if machine in self.ends_as:
            self.end(arn, **self.ends_as[machine])
        return self.known[arn]

    def _take(self, token, *what):
        if token not in self.tokens:
            raise ExecutionError("InvalidToken", "Invalid Token: 'Invalid token'")
        if self.tokens[token]:
            raise ExecutionError("TaskTimedOut", "Task Timed Out")
        if what != ("beat",):
            self.tokens[token].append(what)
        self.calls.append(what)
