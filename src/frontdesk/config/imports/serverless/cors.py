"""CORS of a service in SAM's words, with what the Serverless Framework adds to what is said."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from frontdesk.config.imports.resources import Part
from frontdesk.config.route_keys import EVERY_METHOD

_HEADERS: Final = (
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key"),
    *("X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"),
)
"""Fields that pages may send where a service says none, of either kind of API."""

_OF_HTTP_APIS: Final = {
    "allowCredentials": "AllowCredentials",
    "allowedHeaders": "AllowHeaders",
    "allowedMethods": "AllowMethods",
    "allowedOrigins": "AllowOrigins",
    "exposedResponseHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
}


def cors_of_http_api(settings: Part, events: Sequence[Part]) -> dict[str, Any]:
    """Write `provider.httpApi.cors`. events: those of the API, whose methods pages may use where none are said."""
    said = settings.values.get("cors")
    if not said:
        return {}
    methods = {"OPTIONS", *(method for event in events for method in _methods(event))}
    added = {
        "AllowHeaders": list(_HEADERS),
        "AllowMethods": sorted(methods),
        "AllowOrigins": ["*"],
    }
    return added if said is True else {**added, **settings.part("cors").said(_OF_HTTP_APIS)}


def _methods(event: Part) -> Sequence[str]:
    method = event.text("method", "*").upper()
    return EVERY_METHOD if method in ("*", "ANY") else (method,)


def cors_of_rest_api(events: Sequence[Part]) -> dict[str, Any] | None:
    """Write the `cors` of events of a REST API; None where none has any.

    Serverless answers preflights of each path by itself, we those of an API alike: all origins and
    fields that some event names, the longest age.
    """
    asking = [event for event in events if event.values.get("cors")]
    if not asking:
        return None
    parts = [
        Part({}, each.address, each.at) if _plain(each) else each.part("cors") for each in asking
    ]
    ages = [int(age) for part in parts if isinstance(age := part.number("maxAge"), int | float)]
    return {
        "AllowOrigin": _quoted(origin for part in parts for origin in _origins(part)),
        "AllowHeaders": _quoted(name for part in parts for name in _headers(part)),
        "AllowCredentials": any(part.flag("allowCredentials") for part in parts),
        "MaxAge": f"'{max(ages)}'" if ages else None,
    }


def _plain(event: Part) -> bool:
    return event.values["cors"] is True


def _origins(cors: Part) -> Sequence[str]:
    return cors.texts("origins") or cors.texts("origin") or ("*",)


def _headers(cors: Part) -> Sequence[str]:
    return [name for text in cors.texts("headers") for name in text.split(",")] or _HEADERS


def _quoted(names: Iterator[str]) -> str:
    return f"'{','.join(dict.fromkeys(name.strip() for name in names))}'"
