"""Owns the operator's requests about executions of state machines, on the admin listener.

    GET  /api/state-machines                              all of them: name, arn, type, from file or API
    GET  /api/state-machines/MACHINE/executions           newest first, also of a map run: ?status=, ?token= of `next`
    POST /api/state-machines/MACHINE/executions           start one: {"input", "name"}
    GET  /api/executions/EXECUTION                        how it stands, what it waits for; ?wait= seconds for its end
    GET  /api/executions/EXECUTION/history                AWS's events: ?token=, ?newest_first=true
    GET  /api/executions/EXECUTION/graph.svg              its picture
    GET  /api/executions/EXECUTION/definition             what it was started with
    GET  /api/executions/EXECUTION/steps                  as the journal has them: ?first= number, from 1
    POST /api/executions/EXECUTION/stop                   {"error", "cause"}
    POST /api/executions/EXECUTION/redrive                go on where it failed
    POST /api/tasks/TOKEN/success | failure | heartbeat   {"output"} | {"error", "cause"} | {}

EXECUTION is an ARN, MACHINE:NAME, or the unique beginning of a name, quoted for a URL, but for slashes. Answers 200, or 201
for what was started; 400, 404 or 409 with AWS's name of the error, 503 where the store does not do it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

import orjson

from frontdesk.app.actions import find_action, query_of
from frontdesk.app.execution_names import find_execution
from frontdesk.base.errors import StoreError
from frontdesk.durable.executions.pinned import program_of, read_pinned
from frontdesk.durable.machines import Machines
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.ports.executions import Execution, ExecutionError, ExecutionRecords, Executions
from frontdesk.rules.asl.graph import draw
from frontdesk.rules.asl.graph.draw import GraphError
from frontdesk.rules.asl.history import HistoryEvent, aws_event
from frontdesk.rules.asl.model import Machine
from frontdesk.rules.asl.outlook import Expected
from frontdesk.rules.asl.progress import progress
from frontdesk.rules.lang.compact_json import JsonTextError, to_json

_MACHINES: Final = "/api/state-machines"
_EXECUTIONS: Final = "/api/executions"
_TASKS: Final = "/api/tasks"

_PAGE: Final = 1000
"""Events of a page, as at AWS."""

_LISTED: Final = 100
"""Executions, or steps, of a page."""

_LONGEST_WAIT: Final = 60.0
"""Seconds that one request waits for an end."""

_SVG: Final = (b"content-type", b"image/svg+xml; charset=utf-8")

_STATUSES: Final = {
    "Ambiguous": 409,
    "ExecutionAlreadyExists": 409,
    "ExecutionDoesNotExist": 404,
    "ExecutionNotRedrivable": 409,
    "StateMachineDoesNotExist": 404,
    "TaskTimedOut": 409,
}
"""HTTP status of a refusal; 400 for all others."""

Answer = tuple[int, object]
Action = Callable[[Exchange, str], Awaitable[Answer | Reply]]


class ExecutionsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self, executions: Executions, records: ExecutionRecords, machines: Machines
    ) -> None:
        self._executions = executions
        self._records = records
        self._machines = machines
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", _MACHINES): self._list_machines,
            ("GET", f"{_MACHINES}/*/executions"): self._list,
            ("POST", f"{_MACHINES}/*/executions"): self._start,
            ("GET", f"{_EXECUTIONS}/*"): self._show,
            ("GET", f"{_EXECUTIONS}/*/history"): self._history,
            ("GET", f"{_EXECUTIONS}/*/graph.svg"): self._graph,
            ("GET", f"{_EXECUTIONS}/*/definition"): self._definition,
            ("GET", f"{_EXECUTIONS}/*/steps"): self._steps,
            ("POST", f"{_EXECUTIONS}/*/stop"): self._stop,
            ("POST", f"{_EXECUTIONS}/*/redrive"): self._redrive,
            ("POST", f"{_TASKS}/*/success"): self._succeed,
            ("POST", f"{_TASKS}/*/failure"): self._fail,
            ("POST", f"{_TASKS}/*/heartbeat"): self._beat,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == _MACHINES or ex.path.startswith(
            (f"{_MACHINES}/", f"{_EXECUTIONS}/", f"{_TASKS}/")
        )

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        place, who = _place(ex.path)
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else self._answer(ex, action, who)

    async def _answer(self, ex: Exchange, action: Action, who: str) -> Reply:
        try:
            answer = await action(ex, who)
        except ExecutionError as error:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
            answer = _STATUSES.get(error.code, 400), told
        except JsonTextError as error:
            answer = 400, {"code": error.code, "message": error.message, "hint": error.hint}
        except StoreError as error:
            answer = 503, {"code": error.code, "message": error.message, "hint": error.hint}
        if isinstance(answer, Reply):
            return answer
        status, document = answer
        return Reply(status, [JSON, FRESH], orjson.dumps(document))

    # -- machines -----------------------------------------------------------------------------------

    async def _list_machines(self, _ex: Exchange, _who: str) -> Answer:
        of_file = self._machines.of_file()
        express = {name: one.revision.express for name, one in of_file.items()}
        express |= {name: one.express for name, one in self._machines.entries().items()}
        listed = [
            {
                "name": name,
                "arn": self._machines.arn(name),
                "type": "EXPRESS" if express[name] else "STANDARD",
                "from": "file" if name in of_file else "api",
            }
            for name in sorted(express)
        ]
        return 200, {"machines": listed}

    async def _list(self, ex: Exchange, who: str) -> Answer:
        asked = query_of(ex)
        which = {"map_run": who} if ":mapRun:" in who else {"machine": who}
        page = await self._executions.list(
            **which,
            status=asked.get("status"),
            most=_number(asked, "most", _LISTED, _PAGE),
            token=asked.get("token", ""),
        )
        return 200, {"executions": [_shown(one) for one in page.executions], "next": page.token}

    async def _start(self, ex: Exchange, who: str) -> Answer:
        body = _body(ex, "name")
        given = to_json(body.get("input", {}))
        started = await self._executions.start(who, given, name=body.get("name") or "")
        return 201, {"execution": _shown(started)}

    # -- one execution ------------------------------------------------------------------------------

    async def _show(self, ex: Exchange, who: str) -> Answer:
        arn = await self._find(who)
        wait = _number(query_of(ex), "wait", 0, int(_LONGEST_WAIT))
        if wait:
            execution = await self._executions.settled(arn, within=float(wait))
        else:
            execution = await self._executions.describe(arn)
        outlook = await self._records.outlook(arn)
        return 200, {"execution": _described(execution), "outlook": [_expected(o) for o in outlook]}

    async def _history(self, ex: Exchange, who: str) -> Answer:
        asked = query_of(ex)
        page = await self._executions.history(
            await self._find(who),
            most=_number(asked, "most", _PAGE, _PAGE),
            token=asked.get("token", ""),
            newest_first=asked.get("newest_first") == "true",
        )
        return 200, {"events": [aws_event(event) for event in page.events], "next": page.token}

    async def _graph(self, _ex: Exchange, who: str) -> Reply | Answer:
        arn = await self._find(who)
        machine, events = await self._machine_of(arn), await self._events_of(arn)
        seen = progress(events, await self._records.outlook(arn))
        title = ":".join(arn.split(":")[-2:])
        try:
            drawn = await asyncio.to_thread(draw, machine, title=title, progress=seen)
        except GraphError as error:
            return 400, {"code": error.code, "message": error.message, "hint": error.hint}
        return Reply(200, [_SVG, FRESH], drawn.encode())

    async def _machine_of(self, arn: str) -> Machine:
        (first,) = await self._records.steps(arn, first=1, most=1)
        pinned = read_pinned(first["execution"])
        return program_of(await self._machines.program(pinned.digest), pinned).machine

    async def _events_of(self, arn: str) -> list[HistoryEvent]:
        page = await self._executions.history(arn, most=_PAGE)
        events = list(page.events)
        while page.token:
            page = await self._executions.history(arn, most=_PAGE, token=page.token)
            events += page.events
        return events

    async def _definition(self, _ex: Exchange, who: str) -> Answer:
        (first,) = await self._records.steps(await self._find(who), first=1, most=1)
        text = await self._machines.text(read_pinned(first["execution"]).digest)
        return 200, {"definition": text}

    async def _steps(self, ex: Exchange, who: str) -> Answer:
        first = _number(query_of(ex), "first", 1, None)
        arn = await self._find(who)
        return 200, {"steps": await self._records.steps(arn, first=first, most=_LISTED)}

    async def _stop(self, ex: Exchange, who: str) -> Answer:
        body, arn = _body(ex, "error", "cause"), await self._find(who)
        ended = await self._executions.stop(arn, body.get("error"), body.get("cause"))
        stopped = await self._executions.describe(arn)
        return 200, {"arn": arn, "status": stopped.status, "ended": ended}

    async def _redrive(self, _ex: Exchange, who: str) -> Answer:
        arn = await self._find(who)
        return 200, {"arn": arn, "redriven": await self._executions.redrive(arn)}

    async def _find(self, who: str) -> str:
        return await find_execution(self._executions, self._machines, who)

    # -- tasks that wait ----------------------------------------------------------------------------

    async def _succeed(self, ex: Exchange, token: str) -> Answer:
        output = to_json(_body(ex).get("output"))
        await self._executions.succeed(token, output)
        return 200, {}

    async def _fail(self, ex: Exchange, token: str) -> Answer:
        body = _body(ex, "error", "cause")
        await self._executions.fail(token, body.get("error"), body.get("cause"))
        return 200, {}

    async def _beat(self, _ex: Exchange, token: str) -> Answer:
        await self._executions.beat(token)
        return 200, {}


def _place(path: str) -> tuple[str, str]:
    """Return a path with `*` in place of what it is about, and that. ARNs may have slashes."""
    head = next((one for one in (_MACHINES, _EXECUTIONS, _TASKS) if path.startswith(f"{one}/")), "")
    if not head:
        return path, ""
    rest = path.removeprefix(f"{head}/")
    who, slash, action = rest.rpartition("/")
    if not slash or ":" in unquote(action):
        return f"{head}/*", unquote(rest)
    return f"{head}/*/{action}", unquote(who)


def _number(asked: dict[str, str], name: str, default: int, most: int | None) -> int:
    """Read a number; 0 stands for the default, as in AWS's lists."""
    text = asked.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise ExecutionError("ValidationException", f"expected a number for {name}: {text}")
    number = int(text) or default
    return number if most is None else min(number, most)


def _body(ex: Exchange, *texts: str) -> dict[str, Any]:
    """Read a JSON object. texts: members that are texts, where they are there."""
    try:
        document = orjson.loads(ex.body or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ExecutionError("ValidationException", "expected a JSON object")
    for name in texts:
        if not isinstance(document.get(name, ""), str | None):
            raise ExecutionError("ValidationException", f"expected a text for {name}")
    return document


def _shown(execution: Execution) -> dict[str, Any]:
    """Write what a list shows of an execution."""
    return {
        "arn": execution.arn,
        "machine": execution.machine.rpartition(":")[2],
        "name": execution.name,
        "status": execution.status,
        "started": execution.started,
        "ended": execution.ended,
        "redrives": execution.redrives,
    }


def _described(execution: Execution) -> dict[str, Any]:
    """Write all of an execution; input and output as JSON values."""
    output = None if execution.output is None else orjson.Fragment(execution.output)
    return _shown(execution) | {
        "redriven": execution.redriven,
        "input": orjson.Fragment(execution.input),
        "output": output,
        "error": execution.error,
        "cause": execution.cause,
        "version": execution.version,
        "alias": execution.alias,
        "map_run": execution.map_run,
        "trace": execution.trace,
    }


def _expected(one: Expected) -> dict[str, Any]:
    """Write what a state waits for, times in seconds since 1970."""
    return {
        "state": one.state,
        "awaited": one.awaited,
        "since": one.since / 1000,
        "until": None if one.until is None else one.until / 1000,
        "attempt": one.attempt,
        "most_attempts": one.most_attempts,
        "next": one.next,
        "within": [{"state": state, "index": index} for state, index in one.within],
        "ended": one.ended,
        "total": one.total,
    }
