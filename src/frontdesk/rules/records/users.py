"""Owns who calls: user, tenant and role, by the claims that an authorizer has verified; and whose records they are."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from frontdesk.rules.records.keys import tenant_of
from frontdesk.rules.records.refusals import ForbiddenRecordError

COMMON_TENANT_CODES: Final = frozenset({"common"})
"""Tenants whose users see the records of all."""

CROSS_TENANT_ROLES: Final = frozenset({"system_admin"})
"""Roles whose users do."""

TENANT_HEADER: Final = "x-tenant-code"


class UserContext(NamedTuple):
    """Who calls, and for which tenant. tenant_role: "" where there is none. source_ip, request_id: of the request."""

    user_id: str
    tenant_role: str
    tenant_code: str
    source_ip: str = ""
    request_id: str = ""

    @property
    def is_cross_tenant(self) -> bool:
        """Whether the records of all tenants are theirs."""
        return bool(self.tenant_code) and (
            self.tenant_code in COMMON_TENANT_CODES or self.tenant_role in CROSS_TENANT_ROLES
        )

    def sees(self, pk: str) -> bool:
        """Whether a record is theirs."""
        return self.is_cross_tenant or tenant_of(pk) == self.tenant_code.lower()


def get_user_context(invoke: Mapping[str, Any]) -> UserContext:
    """Return who calls. Raises: ForbiddenRecordError: without a tenant, or for one that is not theirs.

    invoke: the event of an HTTP or REST API, or {"event": event, "context": …}. The tenant is the claim
    `custom:tenant`. The header x-tenant-code chooses another one for who may see all; no token is read here.
    """
    event = _mapping(invoke.get("event", invoke))
    request = _mapping(event.get("requestContext"))
    claims = _claims(request)
    claimed = _text(claims.get("custom:tenant"))
    chosen = _header(event, TENANT_HEADER)
    roles = _roles(claims.get("custom:roles"))
    home = claimed or chosen
    if not home:
        raise ForbiddenRecordError("the caller has no tenant")
    if chosen and chosen != claimed:
        allowed = claimed in COMMON_TENANT_CODES or _role(roles, home) in CROSS_TENANT_ROLES
        if not allowed:
            raise ForbiddenRecordError(f"the caller may not choose a tenant: {chosen}")
    tenant = chosen or claimed
    http = _mapping(request.get("http"))
    address = http.get("sourceIp") or _mapping(request.get("identity")).get("sourceIp")
    return UserContext(
        str(claims.get("sub") or ""),
        _role(roles, tenant),
        tenant,
        str(address or ""),
        str(request.get("requestId") or ""),
    )


# Differs: [tenant-of-each-call] The framework leaves this to guards of its controllers.
def hold_to_tenant(user: UserContext, pk: str) -> None:
    """Refuse a record of another tenant. Raises: ForbiddenRecordError."""
    if not user.sees(pk):
        raise ForbiddenRecordError("this record belongs to another tenant")


def _claims(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the claims: of a JWT authorizer of an HTTP API, or of a user pool's of a REST API."""
    authorizer = _mapping(request.get("authorizer"))
    return _mapping(_mapping(authorizer.get("jwt")).get("claims") or authorizer.get("claims"))


def _roles(text: object) -> list[tuple[str, str]]:
    """Read `[{"tenant": …, "role": …}]` as (tenant, role)."""
    try:
        roles = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        roles = []
    if not isinstance(roles, list):
        return []
    return [
        (_text(each.get("tenant")), str(each.get("role") or ""))
        for each in roles
        if isinstance(each, dict)
    ]


def _role(roles: list[tuple[str, str]], tenant: str) -> str:
    """Choose the first role of the tenant, else the first one of all tenants."""
    found = ""
    for of_tenant, role in roles:
        if of_tenant == tenant:
            return role
        if not of_tenant and not found:
            found = role
    return found


def _header(event: Mapping[str, Any], name: str) -> str:
    headers = _mapping(event.get("headers"))
    return next((_text(headers[each]) for each in headers if each.lower() == name), "")


def _text(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
