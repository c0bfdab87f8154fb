"""Owns the pages of what the gateway was told: its files, what differs from them, what was; and their lint."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Refused, Visit


async def configuration(visit: Visit) -> Response:
    """Show the files in force, what a reload or going back would change, and the last ten versions."""
    told = await visit.ask("/api/config")
    version = visit.request.query_params.get("version", "")
    changes, refused = None, None
    if version or told["differ"]:
        try:
            asked = urlencode({"version": version}) if version else ""
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
    )


async def check(visit: Visit) -> Response:
    """Show lint findings of what is in force, or of the files as they are; or what the machine lacks."""
    query = visit.request.query_params
    of, severity = query.get("of", "running"), query.get("severity", "")
    found: dict[str, Any] = {"findings": [], "counts": {}}
    checks: list[dict[str, Any]] = []
    if of == "machine":
        checks = (await visit.ask("/api/doctor"))["checks"]
    else:
        found = await visit.ask("/api/check", urlencode({"of": of, "severity": severity}))
    return visit.show("check.html", of=of, severity=severity, found=found, checks=checks)


PAGES = (
    Page("/configuration", "Configuration", configuration, icon="configuration", section="Set-up"),
    Page("/check", "Check", check, icon="check", section="Set-up"),
)
