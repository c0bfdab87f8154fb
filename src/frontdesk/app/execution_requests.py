"""Owns what requests about state machines and about executions share: places, bodies, numbers, refusals, short forms."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

import orjson

from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.ports.executions import Execution, ExecutionError

Answer = tuple[int, object]
Action = Callable[[Exchange, str], Awaitable[Answer | Reply]]

_SVG: Final = (b"content-type", b"image/svg+xml; charset=utf-8")

_STATUSES: Final = {
    "Ambiguous": 409,
    "ExecutionAlreadyExists": 409,
    "ExecutionDoesNotExist": 404,
    "ExecutionNotRedrivable": 409,
    "ResourceNotFound": 404,
    "StateMachineDoesNotExist": 404,
    "TaskTimedOut": 409,
}
"""HTTP status of a refusal; 400 for all others."""


async def answered(ex: Exchange, action: Action, who: str) -> Reply:
    """Answer a request, or say why it is refused."""
    try:
        answer = await action(ex, who)
    except ExecutionError as error:
        answer = _STATUSES.get(error.code, 400), _refusal(error)
    except StoreError as error:
        answer = 503, _refusal(error)
    except FrontdeskError as error:
        answer = 400, _refusal(error)
    if isinstance(answer, Reply):
        return answer
    status, document = answer
    return Reply(status, [JSON, FRESH], orjson.dumps(document))


def _refusal(error: FrontdeskError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def drawing(svg: str) -> Reply:
    """Answer with a picture."""
    return Reply(200, [_SVG, FRESH], svg.encode())


def place_of(path: str, heads: Sequence[str]) -> tuple[str, str]:
    """Return a path with `*` in place of what it is about, and that. ARNs may have slashes.

    heads: what paths begin with.
    """
    head = next((one for one in heads if path.startswith(f"{one}/")), "")
    if not head:
        return path, ""
    rest = path.removeprefix(f"{head}/")
    who, slash, action = rest.rpartition("/")
    if not slash or ":" in unquote(action):
        return f"{head}/*", unquote(rest)
    return f"{head}/*/{action}", unquote(who)


def number(asked: dict[str, str], name: str, default: int, most: int | None) -> int:
    """Read a number; 0 stands for the default, as in AWS's lists. Raises: ExecutionError."""
    text = asked.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise ExecutionError("ValidationException", f"expected a number for {name}: {text}")
    found = int(text) or default
    return found if most is None else min(found, most)


def body_of(ex: Exchange, *texts: str) -> dict[str, Any]:
    """Read a JSON object. texts: members that are texts, where they are there. Raises: ExecutionError."""
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


def shown(execution: Execution) -> dict[str, Any]:
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
