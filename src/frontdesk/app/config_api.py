"""Owns the operator's requests about the configuration, on the admin listener: reload, preview, rollback.

    POST /config/reload                     put the files in force
    POST /config/preview                    tell what that would change
    POST /config/rollback  {"version": 7}   put a former version in force

Each answers 200 with what changed, or 422 with why nothing did.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from frontdesk.app.reloading import Effect, Reloads
from frontdesk.base.errors import ConfigError, FrontdeskError
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal


class ConfigApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, reloads: Reloads) -> None:
        self._actions: Mapping[str, Callable[[Exchange], Awaitable[Effect]]] = {
            "/config/reload": lambda _ex: reloads.reload("cli"),
            "/config/preview": lambda _ex: reloads.preview(),
            "/config/rollback": lambda ex: reloads.rollback(_version(ex)),
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in self._actions

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        if ex.method != "POST":
            return refusal(405, "method", (b"allow", b"POST"))
        return self._answer(ex)

    async def _answer(self, ex: Exchange) -> Reply:
        try:
            effect = await self._actions[ex.path](ex)
        except ConfigError as error:
            findings = [asdict(finding) for finding in error.findings]
            return _reply(422, {"message": "the configuration is wrong", "findings": findings})
        except FrontdeskError as error:
            return _reply(422, {"message": error.message, "hint": error.hint, "findings": []})
        return _reply(200, _written(effect))


def _version(ex: Exchange) -> int:
    """Raises: FrontdeskError where the body names none."""
    try:
        version = orjson.loads(bytes(ex.body))["version"]
    except (ValueError, TypeError, LookupError):
        version = None
    if type(version) is not int:
        raise FrontdeskError('expected a body such as {"version": 7}')
    return version


def _written(effect: Effect) -> dict[str, Any]:
    return {
        "summary": str(effect),
        "changes": [str(change) for change in effect.changes],
        "functions": effect.functions,
        "restart_to_apply": effect.waiting,
        "version": effect.version,
    }


def _reply(status: int, document: object) -> Reply:
    return Reply(status, [JSON, FRESH], orjson.dumps(document))
