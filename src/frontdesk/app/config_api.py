"""Owns the operator's requests about the configuration, on the admin listener: look, preview, reload, rollback, check.

    GET  /api/config                        the files in force as written, secrets masked; what differs, what waits
    GET  /api/config/history                the last ten that were in force, newest first: that one is
    GET  /api/config/changes?version=7      what going back to a version, or a reload without one, would change;
                                            at most `most` behind `after`
    GET  /api/check?of=running|files        lint findings of what is in force, or of the files; also severity=,
                                            after=, most=
    GET  /api/doctor                        what is wrong with the machine, as far as looking harms nobody
    POST /config/reload                     put the files in force
    POST /config/preview                    tell what that would change
    POST /config/rollback  {"version": 7}   put a former version in force

Each answers 200, or 422 with why nothing was done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

import orjson

from frontdesk.app.actions import asked_part, find_action, json_reply, query_of, refused
from frontdesk.app.reloading import Effect, Reloads
from frontdesk.app.surroundings import look_around
from frontdesk.base.errors import ConfigError, Finding, FrontdeskError
from frontdesk.config.check import check
from frontdesk.config.load import Loaded
from frontdesk.config.masking import masked_source, secret_texts
from frontdesk.gateway.operators import BEARER, LOCAL
from frontdesk.gateway.pipeline.exchange import Exchange, Reply

_SEVERITIES: Final = ("error", "warning")


class ConfigApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads
        self.actions: Mapping[
            tuple[str, str], Callable[[Exchange], Awaitable[Mapping[str, Any]]]
        ] = {
            ("GET", "/api/config"): self._show,
            ("GET", "/api/config/history"): self._history,
            ("GET", "/api/config/changes"): self._changes,
            ("GET", "/api/check"): self._check,
            ("GET", "/api/doctor"): self._doctor,
            ("POST", "/config/reload"): self._reload,
            ("POST", "/config/preview"): self._preview,
            ("POST", "/config/rollback"): self._rollback,
        }
        self._paths = {path for _, path in self.actions}

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in self._paths

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        action = find_action(self.actions, ex, ex.path)
        return action if isinstance(action, Reply) else self._answer(ex, action)

    async def _answer(
        self, ex: Exchange, action: Callable[[Exchange], Awaitable[Mapping[str, Any]]]
    ) -> Reply:
        try:
            return json_reply(200, await action(ex))
        except ConfigError as error:
            findings = [_finding(finding) for finding in error.findings]
            return json_reply(422, {"message": "the configuration is wrong", "findings": findings})
        except FrontdeskError as error:
            return refused(error)

    # -- looking ------------------------------------------------------------------------------------

    async def _show(self, _ex: Exchange) -> Mapping[str, Any]:
        loaded, stray = self._reloads.loaded, await self._reloads.stray()
        return {
            "files": await asyncio.to_thread(lambda: [*_files(loaded)]),
            "documents": [str(path) for path in loaded.sources if path not in loaded.paths],
            "differ": [str(path) for path in stray],
            "restart_to_apply": self._reloads.waiting(),
        }

    async def _history(self, _ex: Exchange) -> Mapping[str, Any]:
        return {
            "versions": [
                {
                    "version": each.number,
                    "time": each.time,
                    "by": each.by,
                    "changes": each.changes,
                    "files": [str(path) for path in each.paths],
                }
                for each in await self._reloads.versions()
            ]
        }

    async def _changes(self, ex: Exchange) -> Mapping[str, Any]:
        query = query_of(ex)
        text = query.get("version")
        if text is not None and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise FrontdeskError(f"expected a version such as 7, found: {text[:40]}")
        effect = await self._reloads.preview(None if text is None else int(text))
        part, following = asked_part(effect.changes, query)
        told = [
            {
                "kind": change.kind,
                "key": change.where.path,
                "at": str(change.where),
                "before": change.before,
                "after": change.after,
            }
            for change in part
        ]
        return {**_written(effect), "changes": told, "next": following}

    async def _check(self, ex: Exchange) -> Mapping[str, Any]:
        query = query_of(ex)
        of, severity = query.get("of", "running"), query.get("severity", "")
        if of not in ("running", "files"):
            raise FrontdeskError(f"expected of=running or of=files, found: {of[:40]}")
        if severity not in ("", *_SEVERITIES):
            raise FrontdeskError(f"expected severity=error or severity=warning: {severity[:40]}")
        found = await self._found(of)
        fitting = [each for each in found if severity in ("", each.severity)]
        part, following = asked_part(fitting, query)
        return {
            "of": of,
            "findings": [_finding(each) for each in part],
            "next": following,
            "counts": {kind: sum(each.severity == kind for each in found) for kind in _SEVERITIES},
        }

    async def _found(self, of: str) -> list[Finding]:
        try:
            loaded = self._reloads.loaded if of == "running" else await self._reloads.on_disk()
        except ConfigError as error:
            return list(error.findings)
        return list(await asyncio.to_thread(check, loaded))

    async def _doctor(self, _ex: Exchange) -> Mapping[str, Any]:
        loaded = self._reloads.loaded
        return {
            "checks": await asyncio.to_thread(lambda: [asdict(row) for row in look_around(loaded)])
        }

    # -- changing -----------------------------------------------------------------------------------

    async def _reload(self, ex: Exchange) -> Mapping[str, Any]:
        is_user = ex.principal not in ("", BEARER.name, LOCAL.name)
        return _written(await self._reloads.reload(ex.principal if is_user else "cli"))

    async def _preview(self, _ex: Exchange) -> Mapping[str, Any]:
        return _written(await self._reloads.preview())

    async def _rollback(self, ex: Exchange) -> Mapping[str, Any]:
        return _written(await self._reloads.rollback(_version(ex)))


def _files(loaded: Loaded) -> Iterator[dict[str, str]]:
    secrets = {text for text in secret_texts(loaded.config) if text}
    for path in loaded.paths:
        text = loaded.sources[path].decode("utf-8-sig")
        yield {"path": str(path), "text": masked_source(text, secrets)}


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


def _finding(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "where": finding.where._asdict(), "at": str(finding.where)}
