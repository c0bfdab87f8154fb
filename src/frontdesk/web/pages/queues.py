"""Owns the pages of queues: which there are, what one has, one message."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from frontdesk.web.desk import Page, Visit

_MOST: Final = 100
"""Queues of a page."""


async def queues(visit: Visit) -> Response:
    """Show all queues with what they have."""
    after = visit.request.query_params.get("after", "")
    told = await visit.ask("/queues", urlencode({"after": after, "most": _MOST}))
    return visit.show("queues.html", **told)


async def queue(visit: Visit) -> Response:
    """Show one with its messages."""
    at = f"/queues/{quote(visit.request.path_params['name'], safe='')}"
    found = await visit.ask(at)
    after = visit.request.query_params.get("after", "0")
    peeked = await visit.ask(f"{at}/messages", urlencode({"after": after}))
    sending = [{"name": "MessageBody", "label": "Body", "rows": 8}]
    if found["fifo"]:
        sending.append({"name": "MessageGroupId", "label": "Group"})
        sending.append({"name": "MessageDeduplicationId", "label": "Known by (none: its body)"})
    return visit.show(
        "queue.html",
        queue=found,
        messages=peeked["messages"],
        next=peeked["next"],
        others=await _others(visit, found),
        sending=sending,
    )


async def message(visit: Visit) -> Response:
    """Show one message."""
    name, number = (visit.request.path_params[key] for key in ("name", "number"))
    at = f"/queues/{quote(name, safe='')}"
    found = await visit.ask(at)
    told = await visit.ask(f"{at}/message", urlencode({"number": number}))
    others = await _others(visit, found)
    return visit.show("queue_message.html", queue=name, message=told, others=others)


async def _others(visit: Visit, queue: dict[str, Any]) -> list[str]:
    """List the queues that its messages may be moved to."""
    found = (await visit.ask("/queues"))["queues"]
    alike = (each["name"] for each in found if each["fifo"] == queue["fifo"])
    return [name for name in alike if name != queue["name"]]


PAGES = (
    Page("/queues", "Queues", queues, icon="queues", section="Behind it"),
    Page("/queues/{name}", "Queue", queue, below="/queues"),
    Page("/queues/{name}/messages/{number}", "Message", message, below="/queues"),
)
