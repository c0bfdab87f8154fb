"""Owns the operator's requests about executions of state machines, on the admin listener.

    GET  /api/executions/EXECUTION                        how it stands, what it waits for; ?wait= seconds for its end
    GET  /api/executions/EXECUTION/history                AWS's events: ?token=, ?newest_first=true
    GET  /api/executions/EXECUTION/graph.svg              its picture; ?style=none for a page with a style of its own
    GET  /api/executions/EXECUTION/states                 how it stands with each; ?of=STATE all about one of them
    GET  /api/executions/EXECUTION/map-runs               its distributed Maps, newest first: ?after=, ?most=
    GET  /api/map-runs/ARN                                one of them
    GET  /api/executions/EXECUTION/definition             what it was started with
    GET  /api/executions/EXECUTION/steps                  as the journal has them: ?first= number, from 1
    POST /api/executions/EXECUTION/stop                   {"error", "cause"}
    POST /api/executions/EXECUTION/redrive                go on where it failed
    POST /api/tasks/TOKEN/success | failure | heartbeat   {"output"} | {"error", "cause"} | {}

EXECUTION is an ARN, MACHINE:NAME, or the unique beginning of a name, quoted for a URL, but for slashes. Answers 200; 400, 404 or
409 with AWS's name of the error, 503 where the store does not do it.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import orjson

from frontdesk.app.actions import asked_part, find_action, query_of
from frontdesk.app.execution_names import find_execution
from frontdesk.app.execution_requests import (
    Action,
    Answer,
    answered,
    body_of,
    drawing,
    number,
    place_of,
    shown,
)
from frontdesk.app.execution_states import read_document, tell_expected, tell_state, tell_states
from frontdesk.base.recent import Recent
from frontdesk.durable.executions.pinned import program_of, read_pinned
from frontdesk.durable.machines import Machines
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.executions import (
    Execution,
    ExecutionError,
    ExecutionRecords,
    Executions,
    MapRun,
)
from frontdesk.rules.asl.graph.draw import Laid, lay
from frontdesk.rules.asl.history import HistoryEvent, aws_event
from frontdesk.rules.asl.outlook import Expected
from frontdesk.rules.asl.progress import progress
from frontdesk.rules.lang.compact_json import to_json

_EXECUTIONS: Final = "/api/executions"
_MAP_RUNS: Final = "/api/map-runs"
_TASKS: Final = "/api/tasks"

_PAGE: Final = 1000
"""Events of a page, as at AWS."""

_LISTED: Final = 100
"""Steps of a page."""

_LONGEST_WAIT: Final = 60.0
"""Seconds that one request waits for an end."""

_LAID: Final = 100
"""Pictures that are held without what is drawn on them for an execution."""


class ExecutionsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self, executions: Executions, records: ExecutionRecords, machines: Machines
    ) -> None:
        self._executions = executions
        self._records = records
        self._machines = machines
        self._laid: Recent[tuple[str, str], Laid] = Recent(_LAID)
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", f"{_EXECUTIONS}/*"): self._show,
            ("GET", f"{_EXECUTIONS}/*/history"): self._history,
            ("GET", f"{_EXECUTIONS}/*/graph.svg"): self._graph,
            ("GET", f"{_EXECUTIONS}/*/states"): self._states,
            ("GET", f"{_EXECUTIONS}/*/map-runs"): self._map_runs,
            ("GET", f"{_EXECUTIONS}/*/definition"): self._definition,
            ("GET", f"{_EXECUTIONS}/*/steps"): self._steps,
            ("POST", f"{_EXECUTIONS}/*/stop"): self._stop,
            ("POST", f"{_EXECUTIONS}/*/redrive"): self._redrive,
            ("GET", f"{_MAP_RUNS}/*"): self._map_run,
            ("POST", f"{_TASKS}/*/success"): self._succeed,
            ("POST", f"{_TASKS}/*/failure"): self._fail,
            ("POST", f"{_TASKS}/*/heartbeat"): self._beat,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path.startswith((f"{_EXECUTIONS}/", f"{_MAP_RUNS}/", f"{_TASKS}/"))

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        place, who = place_of(ex.path, (_EXECUTIONS, _MAP_RUNS, _TASKS))
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else answered(ex, action, who)

    # -- one execution ------------------------------------------------------------------------------

    async def _show(self, ex: Exchange, who: str) -> Answer:
        arn = await self._find(who)
        wait = number(query_of(ex), "wait", 0, int(_LONGEST_WAIT))
        if wait:
            execution = await self._executions.settled(arn, within=float(wait))
        else:
            execution = await self._executions.describe(arn)
        outlook = await self._records.outlook(arn)
        return 200, {
            "execution": _described(execution),
            "outlook": [tell_expected(one) for one in outlook],
        }

    async def _history(self, ex: Exchange, who: str) -> Answer:
        asked = query_of(ex)
        page = await self._executions.history(
            await self._find(who),
            most=number(asked, "most", _PAGE, _PAGE),
            token=asked.get("token", ""),
            newest_first=asked.get("newest_first") == "true",
        )
        return 200, {"events": [aws_event(event) for event in page.events], "next": page.token}

    async def _graph(self, ex: Exchange, who: str) -> Reply | Answer:
        arn = await self._find(who)
        _, laid = await self._machine_of(arn)
        events, outlook = await self._seen(arn)
        title = ":".join(arn.split(":")[-2:])
        write = laid.page_svg if query_of(ex).get("style") == "none" else laid.svg
        return drawing(await asyncio.to_thread(lambda: write(title, progress(events, outlook))))

    async def _states(self, ex: Exchange, who: str) -> Answer:
        arn, of = await self._find(who), query_of(ex).get("of")
        definition, laid = await self._machine_of(arn)
        if of is not None and of not in laid.states:
            raise ExecutionError("ValidationException", f"this machine has no such state: {of}")
        events, outlook = await self._seen(arn)

        def told() -> dict[str, Any]:
            seen = progress(events, outlook)
            all_states = {"status": seen.status.value} | tell_states(seen, laid.states)
            if of is None:
                return all_states
            return all_states | {"of": tell_state(seen, events, read_document(definition), of)}

        return 200, await asyncio.to_thread(told)

    async def _seen(self, arn: str) -> tuple[Sequence[HistoryEvent], Sequence[Expected]]:
        """Read what has been of an execution, and then what is to come."""
        return await self._records.events(arn), await self._records.outlook(arn)

    async def _machine_of(self, arn: str) -> tuple[str, Laid]:
        """Return the definition that an execution is pinned to, and what it runs of it, laid out."""
        (first,) = await self._records.steps(arn, first=1, most=1)
        pinned = read_pinned(first["execution"])
        key = pinned.digest, pinned.state
        laid = self._laid.get(key)
        if laid is None:
            program = program_of(await self._machines.program(pinned.digest), pinned)
            laid = await asyncio.to_thread(lay, program.machine)
            self._laid.put(key, laid)
        return await self._machines.text(pinned.digest), laid

    async def _map_runs(self, ex: Exchange, who: str) -> Answer:
        runs = await self._executions.map_runs(await self._find(who))
        part, following = asked_part(runs, query_of(ex))
        return 200, {"map_runs": [_run(one) for one in part], "next": following}

    async def _map_run(self, _ex: Exchange, who: str) -> Answer:
        return 200, {"map_run": _run(await self._executions.map_run(who))}

    async def _definition(self, _ex: Exchange, who: str) -> Answer:
        (first,) = await self._records.steps(await self._find(who), first=1, most=1)
        text = await self._machines.text(read_pinned(first["execution"]).digest)
        return 200, {"definition": text}

    async def _steps(self, ex: Exchange, who: str) -> Answer:
        first = number(query_of(ex), "first", 1, None)
        arn = await self._find(who)
        return 200, {"steps": await self._records.steps(arn, first=first, most=_LISTED)}

    async def _stop(self, ex: Exchange, who: str) -> Answer:
        body, arn = body_of(ex, "error", "cause"), await self._find(who)
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
        output = to_json(body_of(ex).get("output"))
        await self._executions.succeed(token, output)
        return 200, {}

    async def _fail(self, ex: Exchange, token: str) -> Answer:
        body = body_of(ex, "error", "cause")
        await self._executions.fail(token, body.get("error"), body.get("cause"))
        return 200, {}

    async def _beat(self, _ex: Exchange, token: str) -> Answer:
        await self._executions.beat(token)
        return 200, {}


def _described(execution: Execution) -> dict[str, Any]:
    """Write all of an execution; input and output as JSON values."""
    output = None if execution.output is None else orjson.Fragment(execution.output)
    return shown(execution) | {
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


def _run(run: MapRun) -> dict[str, Any]:
    """Write how a map run stands."""
    return {
        "arn": run.arn,
        "execution": run.execution,
        "status": run.status,
        "started": run.started,
        "ended": run.ended,
        "most": run.most,
        "items": dict(run.items),
        "children": dict(run.children),
        "redrives": run.redrives,
    }
