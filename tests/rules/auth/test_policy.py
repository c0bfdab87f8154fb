import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.auth.policy import Decision, glob, read_policy

ARN = "arn:aws:execute-api:us-east-1:000000000000:abc/$default/GET/pets/6"
ALLOW, DENY, NONE = Decision.ALLOW, Decision.DENY, Decision.NONE


def statement(effect="Allow", resource=ARN, action="execute-api:Invoke", **more):
    return {"Effect": effect, "Action": action, "Resource": resource} | more


def decide(*statements, facts=None, arn=ARN):
    policy = read_policy({"Version": "2012-10-17", "Statement": list(statements)})
    return policy.decide(arn, facts or {})


DECISIONS = {
    "exact": ([statement()], ALLOW),
    "nothing said": ([], NONE),
    "another path": ([statement(resource=ARN + "7")], NONE),
    "a prefix only": ([statement(resource=ARN[:-1])], NONE),
    "star": ([statement(resource="*")], ALLOW),
    "star crosses slashes": ([statement(resource="arn:aws:execute-api:*/GET/*")], ALLOW),
    "star in the middle": ([statement(resource="arn:*:abc/*/pets/?")], ALLOW),
    "question mark is one character": ([statement(resource=ARN[:-1] + "??")], NONE),
    "brackets are plain text": ([statement(resource=ARN[:-1] + "[6]")], NONE),
    "another method": ([statement(resource="arn:*/POST/*")], NONE),
    "case of a resource counts": ([statement(resource=ARN.upper())], NONE),
    "list of resources": ([statement(resource=["x", ARN])], ALLOW),
    "action star": ([statement(action="*")], ALLOW),
    "action of the service": ([statement(action="execute-api:*")], ALLOW),
    "action in another case": ([statement(action="Execute-API:invoke")], ALLOW),
    "another action": ([statement(action="execute-api:ManageConnections")], NONE),
    "list of actions": ([statement(action=["s3:Get", "execute-api:Invoke"])], ALLOW),
    "deny": ([statement("Deny")], DENY),
    "deny after allow": ([statement(), statement("Deny")], DENY),
    "deny before allow": ([statement("Deny", "*"), statement()], DENY),
    "deny of something else": ([statement(), statement("Deny", "arn:*/POST/*")], ALLOW),
    "not action": (
        [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}],
        ALLOW,
    ),
    "not this action": ([{"Effect": "Allow", "NotAction": "execute-api:*", "Resource": "*"}], NONE),
    "not resource": ([{"Effect": "Deny", "Action": "*", "NotResource": ARN}], NONE),
    "not another resource": ([{"Effect": "Deny", "Action": "*", "NotResource": "x"}], DENY),
}


@pytest.mark.parametrize(("statements", "decision"), DECISIONS.values(), ids=DECISIONS)
def test_policies_are_evaluated(statements, decision):
    assert decide(*statements) is decision


def test_a_single_statement_needs_no_list():
    assert read_policy({"Statement": statement()}).decide(ARN, {}) is ALLOW


UNUSABLE = {
    "none": None,
    "a text": "Allow",
    "an array": [statement()],
    "no statement": {"Version": "2012-10-17"},
    "unknown version": {"Version": "2020-01-01", "Statement": []},
    "unknown element": {"Statement": [], "Foo": 1},
    "statement a text": {"Statement": ["Allow"]},
    "effect in lower case": {"Statement": statement("allow")},
    "effect absent": {"Statement": {"Action": "*", "Resource": "*"}},
    "action absent": {"Statement": {"Effect": "Allow", "Resource": "*"}},
    "resource absent": {"Statement": {"Effect": "Allow", "Action": "*"}},
    "both actions": {"Statement": statement(NotAction="x")},
    "resource a number": {"Statement": statement(resource=1)},
    "resource an empty list": {"Statement": statement(resource=[])},
    "resource list with a number": {"Statement": statement(resource=[ARN, 1])},
    "policy variable in a resource": {"Statement": statement(resource="${aws:username}/*")},
    "policy variable in a condition": {
        "Statement": statement(Condition={"StringLike": {"aws:UserAgent": "${aws:Referer}"}})
    },
    "principal": {"Statement": statement(Principal="*")},
    "unknown statement element": {"Statement": statement(When="now")},
    "condition a text": {"Statement": statement(Condition="x")},
    "condition operator unknown": {"Statement": statement(Condition={"Foo": {"a": "b"}})},
    "condition keys a text": {"Statement": statement(Condition={"Bool": "x"})},
    "condition value an object": {"Statement": statement(Condition={"StringEquals": {"a": {}}})},
    "not a network": {"Statement": statement(Condition={"IpAddress": {"aws:SourceIp": "x"}})},
    "not a date": {"Statement": statement(Condition={"DateLessThan": {"aws:CurrentTime": "soon"}})},
    "date without zone": {
        "Statement": statement(Condition={"DateLessThan": {"aws:CurrentTime": "2026-01-01"}})
    },
    "not a boolean": {"Statement": statement(Condition={"Bool": {"aws:SecureTransport": "yes"}})},
    "operator does not fit": {
        "Statement": statement(Condition={"IpAddress": {"aws:UserAgent": "10.0.0.0/8"}})
    },
    "too many statements": {"Statement": [statement()] * 201},
}


@pytest.mark.parametrize("document", UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_not_understood_makes_a_policy_unusable(document):
    assert read_policy(document) is None


FACTS = {
    "aws:sourceip": "10.1.2.3",
    "aws:useragent": "Mozilla/5.0",
    "aws:currenttime": "2026-06-01T12:00:00+00:00",
    "aws:epochtime": "1780315200",
    "aws:securetransport": "true",
}
CONDITIONS = {
    "ip within": ("IpAddress", "aws:SourceIp", ["192.0.2.0/24", "10.0.0.0/8"], True),
    "ip outside": ("IpAddress", "aws:SourceIp", "10.2.0.0/16", False),
    "ip of another version": ("IpAddress", "aws:SourceIp", "::/0", False),
    "ip single": ("IpAddress", "aws:SourceIp", "10.1.2.3", True),
    "not ip within": ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "192.0.2.0/24"], False),
    "not ip outside": ("NotIpAddress", "aws:SourceIp", "192.0.2.0/24", True),
    "text equal": ("StringEquals", "aws:UserAgent", "Mozilla/5.0", True),
    "text in another case": ("StringEquals", "aws:UserAgent", "mozilla/5.0", False),
    "text ignoring case": ("StringEqualsIgnoreCase", "aws:UserAgent", "MOZILLA/5.0", True),
    "text not equal": ("StringNotEquals", "aws:UserAgent", "curl", True),
    "text like": ("StringLike", "aws:UserAgent", ["curl*", "Moz*"], True),
    "text not like": ("StringNotLike", "aws:UserAgent", "Moz*", False),
    "arn like": ("ArnLike", "aws:UserAgent", "Moz*/?.0", True),
    "arn equals takes stars, too": ("ArnEquals", "aws:UserAgent", "Moz*", True),
    "arn not like": ("ArnNotLike", "aws:UserAgent", "Moz*", False),
    "arn of an absent key": ("ArnLike", "aws:SourceArn", "*", False),
    "key in any case": ("StringLike", "AWS:useragent", "Moz*", True),
    "bool": ("Bool", "aws:SecureTransport", "true", True),
    "bool as JSON": ("Bool", "aws:SecureTransport", False, False),
    "date before": ("DateLessThan", "aws:CurrentTime", "2026-12-31T00:00:00Z", True),
    "date after": ("DateGreaterThan", "aws:CurrentTime", "2026-12-31T00:00:00Z", False),
    "date at": ("DateGreaterThanEquals", "aws:CurrentTime", "2026-06-01T12:00:00Z", True),
    "epoch": ("NumericLessThan", "aws:EpochTime", 1780315201, True),
    "epoch as a date": ("DateEquals", "aws:EpochTime", "2026-06-01T12:00:00Z", True),
    "absent key": ("StringEquals", "aws:Referer", "x", False),
    "absent key negated": ("StringNotEquals", "aws:Referer", "x", True),
    "absent key if exists": ("StringEqualsIfExists", "aws:Referer", "x", True),
    "present key if exists": ("StringEqualsIfExists", "aws:UserAgent", "x", False),
    "null true": ("Null", "aws:Referer", "true", True),
    "null false": ("Null", "aws:Referer", False, False),
    "null false of a present key": ("Null", "aws:UserAgent", "false", True),
}


@pytest.mark.parametrize(("operator", "key", "value", "holds"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(operator, key, value, holds):
    written = statement(Condition={operator: {key: value}})
    assert decide(written, facts=FACTS) is (ALLOW if holds else NONE)


def test_all_conditions_of_a_statement_must_hold():
    both = {"Bool": {"aws:SecureTransport": "true"}, "StringLike": {"aws:UserAgent": "curl*"}}
    assert decide(statement(Condition=both), facts=FACTS) is NONE


def test_many_stars_are_matched_in_linear_time():
    assert not glob("*a" * 200 + "b")("a" * 5000)


@given(st.text(alphabet="ab/:*?[].", max_size=12), st.text(alphabet="ab/:[].", max_size=12))
def test_globs_match_as_a_naive_matcher_does(pattern, text):
    def naive(p, t):
        if not p:
            return not t
        if p[0] == "*":
            return any(naive(p[1:], t[at:]) for at in range(len(t) + 1))
        return bool(t) and p[0] in ("?", t[0]) and naive(p[1:], t[1:])

    assert glob(pattern)(text) == naive(pattern, text)
