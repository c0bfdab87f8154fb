"""Owns the operator's requests about state machines, on the admin listener.

    GET  /api/state-machines                        all of them: name, arn, type, from file or API; ?counts=true with figures; after=, most=
    GET  /api/state-machines/MACHINE                one: its definition, versions and aliases
    GET  /api/state-machines/MACHINE/graph.svg      its picture; ?style=none for a page with a style of its own
    GET  /api/state-machines/MACHINE/executions     newest first, also of a map run: ?status=, ?name= its beginning, ?token= of `next`
    POST /api/state-machines/MACHINE/executions     start one: {"input", "name"}
    POST /api/definitions/validation                {"definition", "type"}: what is wrong, with line and column

MACHINE is a name or an ARN, with :VERSION or :ALIAS or without. Answers 200, or 201 for what was started; refusals as those
about executions.
"""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

from frontdesk.app.actions import asked_part, find_action, query_of
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
from frontdesk.config.state_machines import Definition, parse_definition
from frontdesk.durable.machine_entries import Entry
from frontdesk.durable.machines import Machines
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.executions import (
    Execution,
    ExecutionError,
    ExecutionPage,
    ExecutionRecords,
    Executions,
)
from frontdesk.rules.asl.graph.draw import lay
from frontdesk.rules.lang.compact_json import to_json

_MACHINES: Final = "/api/state-machines"
_VALIDATION: Final = "/api/definitions/validation"

_LISTED: Final = 100
"""Executions of a page."""

_MOST: Final = 1000
"""Executions of the longest page; of those that are looked at for a name, too."""

_TYPES: Final = ("STANDARD", "EXPRESS")


class StateMachinesApi:
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
            ("GET", f"{_MACHINES}/*"): self._show,
            ("GET", f"{_MACHINES}/*/graph.svg"): self._graph,
            ("GET", f"{_MACHINES}/*/executions"): self._list,
            ("POST", f"{_MACHINES}/*/executions"): self._start,
            ("POST", _VALIDATION): self._validate,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in (_MACHINES, _VALIDATION) or ex.path.startswith(f"{_MACHINES}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        place, who = place_of(ex.path, (_MACHINES,))
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else answered(ex, action, who)

    # -- machines -----------------------------------------------------------------------------------

    async def _list_machines(self, ex: Exchange, _who: str) -> Answer:
        query, names = query_of(ex), sorted(self._names())
        part, following = asked_part(names, query)
        listed = [self._listed(name) for name in part]
        if query.get("counts") == "true":
            census = await self._records.census(part)
            listed = [one | census[one["name"]]._asdict() for one in listed]
        return 200, {"machines": listed, "number": len(names), "next": following}

    def _names(self) -> set[str]:
        return {*self._machines.of_file(), *self._machines.entries()}

    def _listed(self, name: str) -> dict[str, Any]:
        entry = self._machines.entry(name)
        express = (
            self._machines.of_file()[name].revision.express if entry is None else entry.express
        )
        return {
            "name": name,
            "arn": self._machines.arn(name),
            "type": "EXPRESS" if express else "STANDARD",
            "from": "file" if entry is None else "api",
        }

    async def _show(self, ex: Exchange, who: str) -> Answer:
        target = self._machines.target(who, 0.0)
        entry = self._machines.entry(target.name)
        versions = [] if entry is None else self._versions(entry)
        part, following = asked_part(versions, query_of(ex))
        told = self._listed(target.name) | {
            "definition": target.revision.definition,
            "role": target.revision.role,
            "versions": part,
            "aliases": [] if entry is None else self._aliases(entry),
        }
        return 200, {"machine": told, "next": following}

    def _versions(self, entry: Entry) -> list[dict[str, Any]]:
        """Write the versions of a machine, newest first."""
        return [
            {
                "version": number_,
                "arn": self._machines.arn(entry.name, number_),
                "created": version.created,
                "description": version.description,
            }
            for number_, version in sorted(entry.versions.items(), key=lambda one: -int(one[0]))
        ]

    def _aliases(self, entry: Entry) -> list[dict[str, Any]]:
        return [
            {
                "alias": name,
                "arn": self._machines.arn(entry.name, name),
                "routes": [route.model_dump() for route in alias.routes],
                "created": alias.created,
                "updated": alias.updated,
                "description": alias.description,
            }
            for name, alias in sorted(entry.aliases.items())
        ]

    async def _graph(self, ex: Exchange, who: str) -> Reply:
        target = self._machines.target(who, 0.0)
        program = await self._machines.program(target.revision.digest)
        laid = await asyncio.to_thread(lay, program.machine)
        write = laid.page_svg if query_of(ex).get("style") == "none" else laid.svg
        return drawing(write(target.name))

    async def _validate(self, ex: Exchange, _who: str) -> Answer:
        body = body_of(ex, "definition", "type")
        kind = body.get("type") or _TYPES[0]
        if kind not in _TYPES:
            raise ExecutionError("ValidationException", f"expected STANDARD or EXPRESS: {kind}")
        text = body.get("definition") or ""
        found = await asyncio.to_thread(
            parse_definition, Path("definition.json"), text.encode(), express=kind == "EXPRESS"
        )
        return 200, _judged(found)

    # -- their executions ---------------------------------------------------------------------------

    async def _list(self, ex: Exchange, who: str) -> Answer:
        asked = query_of(ex)
        which = {"map_run": who} if ":mapRun:" in who else {"machine": who}
        which |= {"status": asked["status"]} if asked.get("status") else {}
        most, token = number(asked, "most", _LISTED, _MOST), asked.get("token", "")
        if not asked.get("name"):
            page = await self._executions.list(**which, most=most, token=token)
        else:
            page = await self._named(which, asked["name"], most, token)
        return 200, {"executions": [shown(one) for one in page.executions], "next": page.token}

    async def _named(
        self, which: dict[str, str], beginning: str, most: int, token: str
    ) -> ExecutionPage:
        """List those whose names begin so, of as many as are looked at; the rest is on the next page."""
        found: list[Execution] = []
        for _ in range(0, _MOST, _LISTED):
            page = await self._executions.list(**which, most=_LISTED, token=token)
            found += [one for one in page.executions if one.name.startswith(beginning)]
            token = page.token
            if not token or len(found) >= most:
                break
        return ExecutionPage(found, token)

    async def _start(self, ex: Exchange, who: str) -> Answer:
        body = body_of(ex, "name")
        given = to_json(body.get("input", {}))
        started = await self._executions.start(who, given, name=body.get("name") or "")
        return 201, {"execution": shown(started)}


def _judged(found: Definition) -> dict[str, Any]:
    """Write what is wrong with a definition, by place."""
    return {
        "result": "OK" if found.machine is not None else "FAIL",
        "diagnostics": [
            {
                "severity": one.severity.upper(),
                "code": one.id,
                "message": one.message,
                "location": one.where.path,
                "line": one.where.line,
                "column": one.where.column,
                "hint": one.hint,
            }
            for one in found.findings
        ],
    }
