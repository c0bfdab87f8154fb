"""Owns the pages of webhooks that were taken: the webhooks, their deliveries, one delivery."""

import asyncio
from typing import Final, get_args
from urllib.parse import urlencode

from starlette.responses import Response

from frontdesk.ports.inbox import State
from frontdesk.rules.redaction import SecretNames, mask_secrets, masked_body, masked_fields
from frontdesk.web.desk import Page, Refused, Visit

_KEYS: Final = ("webhook", "state", "type", "id")
_UNDER_WAY: Final = ("received", "processing")


async def inbox(visit: Visit) -> Response:
    """Show the webhooks, and deliveries that fit the query."""
    asked = visit.request.query_params
    search = {key: asked[key] for key in _KEYS if asked.get(key)}
    if asked.get("q"):
        search["id"] = asked["q"]
    webhooks = (await visit.ask("/api/inbox"))["webhooks"]
    page = await visit.ask(
        "/api/inbox/deliveries", urlencode({**search, "token": asked.get("token", "")})
    )
    for each in webhooks:
        each["states"] = {
            state: each["states"].get(state, {}).get("number", 0) for state in get_args(State)
        }
    # Those that are done with are not counted: there may be millions.
    numbers = {state: sum(each["states"][state] for each in webhooks) for state in get_args(State)}
    others = {key: value for key, value in search.items() if key != "state"}
    links = {state: urlencode({**others, "state": state}) for state in numbers}
    return visit.show(
        "inbox.html",
        webhooks=webhooks,
        deliveries=[{**each, "error": mask_secrets(each["error"])} for each in page["deliveries"]],
        next=page["next"] and urlencode({**search, "token": page["next"]}),
        search=search,
        under_way=sum(numbers[state] for state in _UNDER_WAY),
        totals=[("", 0), *numbers.items()],
        links={"": urlencode(others), **links},
    )


async def delivery(visit: Visit) -> Response:
    """Show one delivery; what looks like a secret is masked."""
    asked = visit.request.query_params
    given = {key: asked.get(key, "") for key in ("webhook", "id")}
    found = await visit.ask("/api/inbox/delivery", urlencode(given))
    fields = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in found["headers"]
    ]
    names = SecretNames()
    body = found["body"]
    if body is not None and not found["base64"]:
        kind = next((value for name, value in found["headers"] if name == "content-type"), "")
        # In a thread: it may be as long as a request.
        body = await asyncio.to_thread(masked_body, body.encode(), kind, names)
    return visit.show(
        "inbox_delivery.html",
        delivery={**found, "error": mask_secrets(found["error"])},
        headers=masked_fields(fields, names),
        body=body,
        result=mask_secrets(found["result"]),
    )


async def webhook(visit: Visit) -> Response:
    """Show what the file says of one webhook."""
    name = visit.request.query_params.get("name", "")
    webhooks = (await visit.ask("/api/inbox"))["webhooks"]
    found = next((each for each in webhooks if each["name"] == name), None)
    if found is None:
        raise Refused(404, f"there is no such webhook: {name}", "")
    return visit.show("inbox_webhook.html", webhook=found)


PAGES = (
    Page("/inbox", "Webhooks in", inbox, icon="hooks", section="Behind it"),
    Page("/inbox/delivery", "Delivery", delivery, below="/inbox"),
    Page("/inbox/webhook", "Webhook", webhook, below="/inbox"),
)
