"""Owns the pages of records: modules, the records of one, a record with what it was before."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from starlette.responses import Response

from frontdesk.web.desk import Page, Visit

_MOST: Final = 100
_BEGINNING: Final = 200
_BOOKKEEPING: Final = frozenset(
    {
        *("pk", "sk", "cpk", "csk", "version", "requestId", "source", "syncMode", "status"),
        *("createdAt", "createdBy", "createdIp", "updatedAt", "updatedBy", "updatedIp"),
    }
)
"""What changes with every version, or never."""


async def records(visit: Visit) -> Response:
    """Show the modules, and who is told of changes."""
    return visit.show("records.html", **await visit.ask("/records"))


async def module(visit: Visit) -> Response:
    """Show the records of a module as they are now."""
    name, asked = visit.request.path_params["module"], visit.request.query_params
    pk, prefix = asked.get("pk") or asked.get("q", ""), asked.get("prefix", "")
    search = {key: text for key, text in (("pk", pk), ("prefix", prefix)) if text}
    after = {key: asked[key] for key in ("after_pk", "after_sk") if asked.get(key)}
    found = await visit.ask(_place(name), urlencode({**search, **after, "most": _MOST}))
    items = found["items"]
    following = ""
    if len(items) == _MOST:
        last = items[-1]
        following = urlencode({**search, "after_pk": last["pk"], "after_sk": last["sk"]})
    for each in items:
        each["beginning"] = orjson.dumps(each.get("attributes") or {}).decode()[:_BEGINNING]
    return visit.show("records_module.html", module=name, items=items, next=following)


async def item(visit: Visit) -> Response:
    """Show a record and what each of its versions has changed."""
    name, asked = visit.request.path_params["module"], visit.request.query_params
    key = urlencode({name: asked.get(name, "") for name in ("pk", "sk")})
    found = await visit.ask(f"{_place(name)}/item", key)
    versions = (await visit.ask(f"{_place(name)}/history", key))["items"]
    older = [*versions[1:], None]
    history = [
        {**each, "changes": _changes(former, each), "document": each}
        for each, former in zip(versions, older, strict=True)
    ]
    return visit.show("records_item.html", module=name, item=found["item"], history=history)


def _place(module: str) -> str:
    return f"/records/{quote(module, safe='')}"


def _content(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a version says, the members of its attributes as `attributes.NAME`."""
    content = {key: value for key, value in record.items() if key not in _BOOKKEEPING}
    attributes = content.pop("attributes", None) or {}
    return content | {f"attributes.{key}": value for key, value in attributes.items()}


def _changes(
    former: Mapping[str, Any] | None, record: Mapping[str, Any]
) -> list[tuple[str, str | None, str | None]]:
    """List what a version has changed: key, what it was, what it became. Nothing of the first one."""
    if former is None:
        return []
    was, became = _content(former), _content(record)
    return [
        (key, _written(was, key), _written(became, key))
        for key in sorted({*was, *became})
        if was.get(key) != became.get(key)
    ]


def _written(content: Mapping[str, Any], key: str) -> str | None:
    return orjson.dumps(content[key]).decode() if key in content else None


PAGES = (
    Page("/records", "Records", records, icon="records", section="Behind it"),
    Page("/records/{module}", "Module", module, below="/records"),
    Page("/records/{module}/item", "Record", item, below="/records"),
)
