"""Who calls, by verified claims; whose records they may see."""

import json

import pytest

from frontdesk.rules.records.refusals import ForbiddenRecordError
from frontdesk.rules.records.users import UserContext, get_user_context, hold_to_tenant

ADMIN = {"tenant": "", "role": "system_admin"}


def event(tenant=None, header=None, roles=None):
    claims = {"sub": "ada"}
    if tenant is not None:
        claims["custom:tenant"] = tenant
    if roles is not None:
        claims["custom:roles"] = roles if isinstance(roles, str) else json.dumps(roles)
    return {
        "headers": {} if header is None else {"X-Tenant-Code": header},
        "requestContext": {
            "requestId": "r1",
            "http": {"sourceIp": "192.0.2.1"},
            "authorizer": {"jwt": {"claims": claims}},
        },
    }


@pytest.mark.parametrize(
    ("given", "tenant", "role"),
    [
        (event("ACME"), "acme", ""),
        (event("acme", header="acme"), "acme", ""),
        (event("acme", roles=[{"tenant": "acme", "role": "clerk"}]), "acme", "clerk"),
        (
            event(
                "acme",
                roles=[{"tenant": "", "role": "reader"}, {"tenant": "Acme", "role": "clerk"}],
            ),
            "acme",
            "clerk",
        ),
        (
            event("acme", roles=[{"tenant": "", "role": "reader"}, {"tenant": "", "role": "x"}]),
            "acme",
            "reader",
        ),
        (event("acme", roles=[{"tenant": "other", "role": "clerk"}]), "acme", ""),
        (event("acme", roles="no json"), "acme", ""),
        (event("acme", roles='{"role": "clerk"}'), "acme", ""),
        (event("acme", roles="[5]"), "acme", ""),
        (event("common", header="other"), "other", ""),
        (event("acme", header="other", roles=[ADMIN]), "other", "system_admin"),
        (event(header="other", roles=[ADMIN]), "other", "system_admin"),
    ],
)
def test_tenant_and_role(given, tenant, role):
    expected = UserContext("ada", role, tenant, "192.0.2.1", "r1")
    assert get_user_context(given) == expected
    assert get_user_context({"event": given, "context": None}) == expected


def test_claims_of_a_user_pool_at_a_rest_api():
    request = {
        "authorizer": {"claims": {"sub": "ada", "custom:tenant": "acme"}},
        "identity": {"sourceIp": "::1"},
    }
    assert get_user_context({"requestContext": request}) == UserContext("ada", "", "acme", "::1")


@pytest.mark.parametrize(
    "given",
    [
        {},
        event(),
        event(" "),
        event(header="acme"),
        event(header="common"),
        event("acme", header="other"),
        event("acme", header="common"),
        event("acme", header="other", roles=[{"tenant": "other", "role": "system_admin"}]),
        {"headers": {"authorization": "Bearer e30.eyJjdXN0b206dGVuYW50IjoiYWNtZSJ9."}},
        {"requestContext": {"authorizer": {"lambda": {"custom:tenant": "acme"}}}},
    ],
)
def test_without_a_tenant_of_their_own_nobody_may(given):
    with pytest.raises(ForbiddenRecordError) as raised:
        get_user_context(given)
    assert raised.value.status == 403


@pytest.mark.parametrize(
    ("user", "pk", "may"),
    [
        (UserContext("u", "", "acme"), "ORDER#acme", True),
        (UserContext("u", "", "ACME"), "ORDER#acme", True),
        (UserContext("u", "", "acme"), "ORDER#ACME", True),
        (UserContext("u", "", "acme"), "ORDER#other", False),
        (UserContext("u", "", "acme"), "ORDER#acme#other", False),
        (UserContext("u", "", "acme"), "ORDER#common", False),
        (UserContext("u", "", "common"), "ORDER#other", True),
        (UserContext("u", "system_admin", "acme"), "ORDER#other", True),
        (UserContext("u", "system_admin", ""), "ORDER#other", False),
    ],
)
def test_whose_records_they_may_see(user, pk, may):
    if may:
        hold_to_tenant(user, pk)
    else:
        with pytest.raises(ForbiddenRecordError):
            hold_to_tenant(user, pk)
