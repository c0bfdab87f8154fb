"""Owns the pages of what the gateway was told: its files, what differs from them, what was; and their lint."""

from itertools import accumulate
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Refused, Visit
from frontdesk.web.words import shortened

_LINES: Final = 300
_CHARACTERS: Final = 24_000
_WIDEST: Final = 2_000
"""How much of a file is shown: lines, characters of all of them, of one of them."""

_BEFORE: Final = 20
"""Lines that are shown above the one that was asked for."""

_CHANGES: Final = 100
_FINDINGS: Final = 60


async def configuration(visit: Visit) -> Response:
    """Show a file in force, what a reload or going back would change, and the last ten versions."""
    told = await visit.ask("/api/config")
    query = visit.request.query_params
    version = query.get("version", "")
    changes, refused = None, None
    if version or told["differ"]:
        try:
            of_version = {"version": version} if version else {}
            asked = urlencode({**of_version, "most": _CHANGES})
            changes = await visit.ask("/api/config/changes", asked)
        except Refused as error:
            refused = error
    return visit.show(
        "configuration.html",
        config=told,
        version=version,
        changes=changes,
        refused=refused,
        versions=(await visit.ask("/api/config/history"))["versions"],
        file=_part(told["files"], query.get("file", ""), query.get("line", "")),
    )


def _part(files: list[dict[str, str]], path: str, line: str) -> dict[str, Any]:
    """Pick the file that is looked at, the first where none is named, and its lines from about one on."""
    file = next((each for each in files if each["path"] == path), files[0])
    all_lines = file["text"].splitlines()
    wanted = int(line[:9]) if line.isascii() and line.isdecimal() else 1
    first = max(1, min(wanted - _BEFORE, len(all_lines)))
    lines = [shortened(each, _WIDEST) for each in all_lines[first - 1 : first - 1 + _LINES]]
    sizes = accumulate(len(each) for each in lines)
    lines = lines[: 1 + sum(size <= _CHARACTERS for size in sizes)]
    last = first + len(lines) - 1
    return {
        "path": file["path"],
        "lines": lines,
        "number": len(all_lines),
        "first": first,
        "last": last,
        "before": max(1, first - _LINES + _BEFORE),
        "after": last + 1 + _BEFORE,
    }


async def check(visit: Visit) -> Response:
    """Show lint findings of what is in force, or of the files as they are; or what the machine lacks."""
    query = visit.request.query_params
    of, severity = query.get("of", "running"), query.get("severity", "")
    following = ""
    found: dict[str, Any] = {"findings": [], "counts": {}}
    checks: list[dict[str, Any]] = []
    if of == "machine":
        checks = (await visit.ask("/api/doctor"))["checks"]
    else:
        which = {"of": of, "severity": severity}
        asked = {**which, "after": query.get("after", ""), "most": _FINDINGS}
        found = await visit.ask("/api/check", urlencode(asked))
        if found["next"]:
            following = urlencode({**which, "after": found["next"]})
    return visit.show(
        "check.html", of=of, severity=severity, found=found, next=following, checks=checks
    )


PAGES = (
    Page("/configuration", "Configuration", configuration, icon="configuration", section="Set-up"),
    Page("/check", "Check", check, icon="check", section="Set-up"),
)
