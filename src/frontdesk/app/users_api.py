"""Owns the operator's requests about who may sign in to the console, on the admin listener.

    GET    /api/users            for admins, all users: name and role; whether there may be any; also after=, most=
    PUT    /api/users/NAME       make one, or change it: {"role": "viewer|operator|admin", "password"};
                                 with "new": true only where there is none
    DELETE /api/users/NAME       remove one; sessions of it are over
    GET    /api/audit?most=100   for admins, who has changed what, or signed in, newest first; also text=…, after= how many are passed over

Answers 200; 404 for a user that is not there, 422 with why nothing was done, 503 where the store does not do it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote

from frontdesk.app.actions import (
    NotFoundError,
    asked_part,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
    whole_number,
)
from frontdesk.base.errors import FrontdeskError
from frontdesk.gateway.operators import Role
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.web.accounts import Account, Accounts
from frontdesk.web.audit import AuditLog

USERS: Final = "/api/users"
"""For admins alone."""

AUDIT: Final = "/api/audit"
"""For admins alone."""
_MOST: Final = 1000
_LATEST: Final = 1_000_000
"""Changes that are gone back to."""

Action = Callable[[Exchange, str], Awaitable[object]]


class UsersApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, accounts: Accounts, audit: AuditLog, *, has_token: bool) -> None:
        """has_token: whether `admin.token` is set."""
        self._accounts = accounts
        self._has_token = has_token
        self._audit = audit
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", USERS): self._list,
            ("PUT", f"{USERS}/*"): self._put,
            ("DELETE", f"{USERS}/*"): self._remove,
            ("GET", AUDIT): self._changes,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in (USERS, AUDIT) or ex.path.startswith(f"{USERS}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        name = unquote(ex.path.removeprefix(USERS).removeprefix("/")) if ex.path != AUDIT else ""
        action = find_action(self._actions, ex, f"{USERS}/*" if name else ex.path)
        return action if isinstance(action, Reply) else self._answer(ex, action, name)

    async def _answer(self, ex: Exchange, action: Action, name: str) -> Reply:
        try:
            return json_reply(200, await action(ex, name))
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, ex: Exchange, _name: str) -> object:
        part, following = asked_part(self._accounts.all(), query_of(ex))
        users = [_told(account) for account in part]
        return {"users": users, "possible": self._has_token, "next": following}

    async def _put(self, ex: Exchange, name: str) -> object:
        if not self._has_token:
            # With a user the listener asks who it is, and the command line has no other answer.
            raise FrontdeskError("users need admin.token beside them", hint="set it, and restart")
        asked = json_object(ex.body or b"{}")
        former = self._accounts.find(name)
        if former is not None and asked.get("new"):
            raise FrontdeskError(f"there is such a user already: {name}")
        role = asked.get("role", former.role.name.lower() if former else "viewer")
        if role not in (each.name.lower() for each in Role):
            raise FrontdeskError("expected a role: viewer, operator or admin")
        password = asked.get("password")
        if password is not None and not isinstance(password, str):
            raise FrontdeskError("expected a password that is a text")
        return _told(await self._accounts.put(name, Role[role.upper()], password))

    async def _remove(self, _ex: Exchange, name: str) -> object:
        if not await self._accounts.remove(name):
            raise NotFoundError(f"there is no such user: {name}")
        return {"removed": name}

    async def _changes(self, ex: Exchange, _name: str) -> object:
        query = query_of(ex)
        most = whole_number(query.get("most", "100"), 1, _MOST)
        if most is None:
            raise FrontdeskError(f"expected most from 1 to {_MOST}")
        after = whole_number(query.get("after", "0"), 0, _LATEST)
        if after is None:
            raise FrontdeskError(f"expected after from 0 to {_LATEST}")
        text = query.get("text", "")
        found = await asyncio.to_thread(self._audit.last, most, contains=text, after=after)
        following = after + most if len(found) == most and after + most <= _LATEST else None
        return {"changes": found, "next": following}


def _told(account: Account) -> dict[str, str]:
    return {"name": account.name, "role": account.role.name.lower()}
