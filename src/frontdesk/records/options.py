"""Owns what is told of a call beside its subject: who calls, from where; and the names that the guide has for methods."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

from frontdesk.rules.records.record import camel
from frontdesk.rules.records.refusals import ForbiddenRecordError, InvalidRecordError
from frontdesk.rules.records.users import UserContext, get_user_context

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """Who calls. invoke_context: the event of a handler, or who calls by name.

    source: what has written, default the route of the event. request_id: default that of the event, or a new one.
    """

    invoke_context: Mapping[str, Any] | UserContext
    source: str = ""
    request_id: str = ""


Opts: TypeAlias = Options | UserContext | Mapping[str, Any]
"""Options, or {"invokeContext": event, "source": …, "requestId": …}, or who calls alone."""


class Caller(NamedTuple):
    """Who calls, and what is written down of it."""

    user: UserContext
    source: str
    request_id: str


def caller_of(opts: Opts) -> Caller:
    """Read what was told. Raises: ForbiddenRecordError, InvalidRecordError."""
    told = _options(opts)
    invoke = told.invoke_context
    if isinstance(invoke, UserContext):
        user, route = invoke, ""
        if not user.tenant_code:
            raise ForbiddenRecordError("the caller has no tenant")
    else:
        user, route = get_user_context(invoke), _route(invoke)
    request_id = told.request_id or user.request_id or _new_id()
    return Caller(user, told.source or route, request_id)


def _new_id() -> str:
    """Make a random UUID."""
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


def _options(opts: Opts) -> Options:
    if isinstance(opts, Options):
        return opts
    if isinstance(opts, UserContext):
        return Options(opts)
    invoke = None
    if isinstance(opts, Mapping):
        invoke = opts.get("invokeContext", opts.get("invoke_context"))
    if not isinstance(invoke, Mapping | UserContext):
        raise InvalidRecordError(
            "Invalid opts: expected a UserContext, or a mapping with invokeContext",
            hint='{"invokeContext": event}',
        )
    request_id = opts.get("requestId", opts.get("request_id", ""))
    return Options(invoke, str(opts.get("source", "")), str(request_id))


def _route(invoke: Mapping[str, Any]) -> str:
    """Return the route of an event, as `POST /payments`."""
    event = invoke.get("event", invoke)
    request = event.get("requestContext") or {}
    key = event.get("routeKey") or request.get("routeKey")
    if key:
        return str(key)
    method, path = request.get("httpMethod"), request.get("resourcePath")
    return f"{method} {path}" if method and path else ""


def with_camel_names(kind: type[T]) -> type[T]:
    """Give the methods of a class the names of the guide as well: `publishAsync`."""
    for name in [name for name in vars(kind) if "_" in name.strip("_") and name[0] != "_"]:
        setattr(kind, camel(name), vars(kind)[name])
    return kind
