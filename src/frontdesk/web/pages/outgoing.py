"""Owns the pages of outgoing webhooks: applications, what one has, an endpoint, a message with its attempts."""

import asyncio
from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from frontdesk.rules.redaction import SecretNames, mask_secrets, masked_body
from frontdesk.web.desk import Page, Refused, Visit

_APPS: Final = "/webhooks/apps"
_STATES: Final = ("", "waiting", "sending", "delivered", "exhausted", "skipped")


async def applications(visit: Visit) -> Response:
    """Show whose endpoints and messages there are."""
    try:
        page = await visit.ask(_APPS, "&".join(filter(None, ["counts=true", _after(visit)])))
    except Refused as refused:
        if refused.status != 404:
            raise
        return visit.show("outgoing.html", is_on=False, apps=[], next="")
    return visit.show("outgoing.html", is_on=True, apps=page["apps"], next=page["next"])


async def application(visit: Visit) -> Response:
    """Show one's endpoints and messages."""
    app = visit.request.path_params["app"]
    api = f"{_APPS}/{quote(app, safe='')}"
    endpoints = await visit.ask(f"{api}/endpoints")
    page = await visit.ask(f"{api}/messages", _after(visit))
    return visit.show(
        "outgoing_app.html",
        app=app,
        api=api,
        endpoints=endpoints["endpoints"],
        messages=page["messages"],
        next=page["next"],
    )


async def endpoint(visit: Visit) -> Response:
    """Show an endpoint and what was sent there."""
    app, api = _item(visit, "endpoints")
    found = await visit.ask(api)
    state = visit.request.query_params.get("state", "")
    asked = "&".join(filter(None, [_after(visit), urlencode({"state": state}) if state else ""]))
    page = await visit.ask(f"{api}/deliveries", asked)
    return visit.show(
        "outgoing_endpoint.html",
        app=app,
        api=api,
        endpoint=found["endpoint"],
        deliveries=page["deliveries"],
        next=page["next"],
        states=_STATES,
    )


async def message(visit: Visit) -> Response:
    """Show a message, its deliveries and every attempt."""
    app, api = _item(visit, "messages")
    found = await visit.ask(api)
    attempts = (await visit.ask(f"{api}/attempts"))["attempts"]
    endpoints = (await visit.ask(f"{_APPS}/{quote(app, safe='')}/endpoints"))["endpoints"]
    for each in attempts:
        each["head"], each["body"] = mask_secrets(each["head"]), mask_secrets(each["body"])
    deliveries = [
        {**each, "tried": [one for one in attempts if one["endpoint"] == each["endpoint"]]}
        for each in found["deliveries"]
    ]
    told = found["message"]
    return visit.show(
        "outgoing_message.html",
        app=app,
        api=api,
        message=told,
        payload=await asyncio.to_thread(
            masked_body, told["text"].encode(), "application/json", SecretNames()
        ),
        deliveries=deliveries,
        urls={each["id"]: each["url"] for each in endpoints},
    )


def _item(visit: Visit, kind: str) -> tuple[str, str]:
    """Return the application, and where the API has what the path names."""
    app, item = (visit.request.path_params[key] for key in ("app", "id"))
    return app, f"{_APPS}/{quote(app, safe='')}/{kind}/{quote(item, safe='')}"


def _after(visit: Visit) -> str:
    after = visit.request.query_params.get("after", "")
    return urlencode({"after": after}) if after else ""


PAGES = (
    Page("/outgoing", "Webhooks out", applications, icon="hooks", section="Behind it"),
    Page("/outgoing/{app}", "Application", application, below="/outgoing"),
    Page("/outgoing/{app}/endpoints/{id}", "Endpoint", endpoint, below="/outgoing"),
    Page("/outgoing/{app}/messages/{id}", "Message", message, below="/outgoing"),
)
