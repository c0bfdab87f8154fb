import json

import pytest

from frontdesk.rules.auth.answers import Answer, Failure, read_outcome

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}],
}
GOOD = {"principalId": "u1", "policyDocument": POLICY, "context": {"a": "x", "n": 1, "b": True}}


def outcome(form, value, error=""):
    return read_outcome(form, json.dumps(value).encode(), error)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"isAuthorized": True}, Answer(allowed=True)),
        ({"isAuthorized": False}, Answer(allowed=False)),
        ({"isAuthorized": True, "context": None}, Answer(allowed=True)),
        (
            {"isAuthorized": True, "context": {"a": [1, {"b": None}]}},
            Answer(allowed=True, context={"a": [1, {"b": None}]}),
        ),
    ],
)
def test_simple_answers(value, answer):
    assert outcome("simple", value) == answer


@pytest.mark.parametrize("form", ["iam", "token"])
def test_policy_answers(form):
    answer = outcome(form, GOOD)
    assert (answer.principal, answer.context) == ("u1", GOOD["context"])
    assert answer.policy is not None
    assert not answer.allowed


@pytest.mark.parametrize(
    ("form", "value"),
    [("simple", {"isAuthorized": True}), ("iam", GOOD), ("token", GOOD)],
    ids=["simple", "iam", "token"],
)
def test_every_form_may_tell_the_api_key_of_the_caller(form, value):
    assert outcome(form, value).usage_key == ""
    assert outcome(form, value | {"usageIdentifierKey": None}).usage_key == ""
    assert outcome(form, value | {"usageIdentifierKey": "k3y"}).usage_key == "k3y"


BROKEN = {
    "simple: api key a number": ("simple", {"isAuthorized": True, "usageIdentifierKey": 7}),
    "iam: api key a list": ("iam", GOOD | {"usageIdentifierKey": ["k"]}),
    "simple: null": ("simple", None),
    "simple: true": ("simple", True),
    "simple: empty": ("simple", {}),
    "simple: text": ("simple", {"isAuthorized": "true"}),
    "simple: number": ("simple", {"isAuthorized": 1}),
    "simple: null verdict": ("simple", {"isAuthorized": None}),
    "simple: policy form": ("simple", GOOD),
    "simple: context a text": ("simple", {"isAuthorized": True, "context": "x"}),
    "simple: reserved key": ("simple", {"isAuthorized": True, "context": {"claims": 1}}),
    "simple: longer than 16 KiB": (
        "simple",
        {"isAuthorized": True, "context": {"a": "x" * 17000}},
    ),
    "iam: simple form": ("iam", {"isAuthorized": True}),
    "iam: no principal": ("iam", {"policyDocument": POLICY}),
    "iam: empty principal": ("iam", GOOD | {"principalId": ""}),
    "iam: principal a number": ("iam", GOOD | {"principalId": 1}),
    "iam: no policy": ("iam", {"principalId": "u"}),
    "iam: policy as text": ("iam", GOOD | {"policyDocument": json.dumps(POLICY)}),
    "iam: nested context": ("iam", GOOD | {"context": {"a": {}}}),
    "iam: array in context": ("iam", GOOD | {"context": {"a": []}}),
    "iam: context an array": ("iam", GOOD | {"context": []}),
    "iam: reserved key": ("iam", GOOD | {"context": {"claims": "x"}}),
    "token: longer than 8 KiB": ("token", GOOD | {"context": {"a": "x" * 9000}}),
}


@pytest.mark.parametrize(("form", "value"), BROKEN.values(), ids=BROKEN)
def test_broken_answers_are_500(form, value):
    result = outcome(form, value)
    assert isinstance(result, Failure)
    assert result.status == 500


def test_an_answer_that_is_not_json_is_500():
    assert read_outcome("simple", b"nope", "").status == 500


@pytest.mark.parametrize(
    ("value", "error", "status"),
    [
        ({"errorMessage": "Unauthorized", "errorType": "Exception"}, "Unhandled", 401),
        ({"errorMessage": "unauthorized"}, "Unhandled", 500),
        ({"errorMessage": "Unauthorized."}, "Unhandled", 500),
        ({"errorMessage": "boom"}, "Unhandled", 500),
        ({"isAuthorized": True}, "Unhandled", 500),
        (None, "Throttled", 500),
        ({"errorMessage": "Unauthorized"}, "Throttled", 500),
        ({}, "Unavailable", 500),
    ],
)
def test_failed_functions(value, error, status):
    assert outcome("token", value, error).status == status
