"""The policy of an API: short resources, principals, and how it goes together with what a caller may."""

import pytest

from frontdesk.rules.auth.policy import Decision
from frontdesk.rules.auth.resource_policy import both, either, read_resource_policy

ALLOW, DENY, NONE = Decision.ALLOW, Decision.DENY, Decision.NONE
API = "arn:aws:execute-api:eu-west-1:123456789012:abcdefghij"
ANA = ("arn:aws:iam::123456789012:user/ana", "123456789012", "arn:aws:iam::123456789012:root")


def policy(**statement):
    usual = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
    return read_resource_policy({"Statement": [usual | statement]}, API)


@pytest.mark.parametrize(
    ("resource", "decision"),
    [
        ("execute-api:/dev/GET/pets", ALLOW),
        ("execute-api:/dev/*", ALLOW),
        ("execute-api:/*/GET/pe?s", ALLOW),
        ("execute-api:/dev/POST/pets", NONE),
        (f"{API}/dev/GET/pets", ALLOW),
        ("arn:aws:execute-api:*:*:*/dev/GET/*", ALLOW),
        ("arn:aws:execute-api:eu-west-1:123456789012:other/*", NONE),
    ],
)
def test_a_resource_may_be_short(resource, decision):
    assert policy(Resource=resource).decide(f"{API}/dev/GET/pets", {}) is decision


@pytest.mark.parametrize(
    ("principal", "caller", "decision"),
    [
        ({"AWS": "*"}, (), ALLOW),
        ({"AWS": ANA[0]}, ANA, ALLOW),
        ({"AWS": ["123456789012"]}, ANA, ALLOW),
        ({"AWS": ANA[2]}, ANA, ALLOW),
        ({"AWS": ANA[0]}, (), NONE),
        ({"AWS": "arn:aws:iam::123456789012:user/bob"}, ANA, NONE),
        ({"Service": "apigateway.amazonaws.com"}, ANA, NONE),
    ],
)
def test_a_principal_is_one_of_the_callers_names(principal, caller, decision):
    assert policy(Principal=principal).decide(API, {}, caller=caller) is decision


def test_a_negated_principal_is_everybody_else():
    document = {"Effect": "Deny", "NotPrincipal": {"AWS": ANA[0]}, "Action": "*", "Resource": "*"}
    found = read_resource_policy({"Statement": document})
    assert found.decide(API, {}, caller=ANA) is NONE
    assert found.decide(API, {}) is DENY


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": "ana", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Google": "x"}, "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Principal": "*", "NotPrincipal": "*", "Action": "*", "Resource": "*"},
    ],
    ids=["no principal", "text", "unknown kind", "both"],
)
def test_what_cannot_be_evaluated_is_no_policy(statement):
    assert read_resource_policy({"Statement": [statement]}) is None


@pytest.mark.parametrize(
    ("caller", "resource", "same_account", "other_account"),
    [
        (ALLOW, ALLOW, ALLOW, ALLOW),
        (ALLOW, NONE, ALLOW, NONE),
        (ALLOW, DENY, DENY, DENY),
        (NONE, ALLOW, ALLOW, NONE),
        (NONE, NONE, NONE, NONE),
        (NONE, DENY, DENY, DENY),
        (DENY, ALLOW, DENY, DENY),
        (DENY, NONE, DENY, DENY),
        (DENY, DENY, DENY, DENY),
    ],
)
def test_both_policies_together(caller, resource, same_account, other_account):
    assert either(caller, resource) is same_account
    assert both(caller, resource) is other_account
