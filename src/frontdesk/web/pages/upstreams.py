"""Owns the pages of upstreams: their breakers, their targets, what came of attempts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit


async def upstreams(visit: Visit) -> Response:
    """Show all upstreams."""
    found = (await visit.ask("/api/upstreams"))["upstreams"]
    return visit.show("upstreams.html", upstreams=[_summed_up(each) for each in found])


async def upstream(visit: Visit) -> Response:
    """Show one, in each worker."""
    api = f"/api/upstreams/{quote(visit.request.path_params['name'], safe='')}"
    found = await visit.ask(api)
    states = sorted({look["breaker"] for look in found["workers"]} - {""})
    return visit.show(
        "upstream.html", upstream=found, api=api, states=states, has_breaker=bool(states)
    )


def _summed_up(upstream: Mapping[str, Any]) -> dict[str, Any]:
    """Add what its workers have in common, and what they have together."""
    looks = upstream["workers"]
    targets = [target for look in looks for target in look["targets"]]
    made = sum(upstream["attempts"].values())
    return {
        **upstream,
        "why": next((look["why"] for look in looks if look["why"]), ""),
        "calls": sum(look["calls"] for look in looks),
        "targets": len({target["address"] for target in targets}),
        "out": len({each["address"] for each in targets if each["ejected"] or not each["up"]}),
        "made": made,
        "failed": made - upstream["attempts"].get("ok", 0),
    }


PAGES = (
    Page("/upstreams", "Upstreams", upstreams, icon="upstreams", section="Door"),
    Page("/upstreams/{name:path}", "Upstream", upstream, below="/upstreams"),
)
