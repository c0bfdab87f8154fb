"""The table of `$context` variables (AWS, "Customizing HTTP API access logs")."""

from types import SimpleNamespace

import pytest

from frontdesk.gateway.pipeline.context import CONTEXT, variable
from frontdesk.rules.lang.context import VARIABLES

NEW = {
    "accountId": "123456789012",
    "apiId": "abcdefghij",
    "authenticate.status": None,
    "authorize.error": None,
    "authorizer.error": None,
    "authorizer.principalId": None,
    "authorizer.sub": None,
    "dataProcessed": 0,
    "domainName": "api.clinic.example",
    "domainPrefix": "api",
    "error.message": None,
    "extendedRequestId": "JKJaXmPLvHcESHA=",
    "httpMethod": "GET",
    "identity.sourceIp": "192.0.2.1",
    "identity.userAgent": None,
    "identity.caller": None,
    "integration.error": None,
    "integration.integrationStatus": None,
    "integration.latency": None,
    "integration.requestId": None,
    "integration.status": None,
    "integrationErrorMessage": None,
    "integrationLatency": None,
    "integrationStatus": None,
    "path": "/pets/6",
    "protocol": "HTTP/1.1",
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTime": "04/Mar/2020:19:03:58 +0000",
    "requestTimeEpoch": 1583348638390,
    "responseLatency": None,
    "responseLength": 0,
    "routeKey": "GET /pets/{id}",
    "stage": "$default",
    "status": None,
    "waf.latency": None,
    "wafResponseCode": None,
}


def test_every_variable_that_may_be_named_has_a_value_somewhere():
    assert CONTEXT.keys() == VARIABLES


@pytest.mark.parametrize("name", NEW)
def test_a_fresh_exchange(make_exchange, name):
    assert variable(name)(make_exchange()) == NEW[name]


def test_every_variable_of_a_fresh_exchange_can_be_read(make_exchange):
    ex = make_exchange()
    for read in CONTEXT.values():
        read(ex)


def test_a_client_with_a_certificate(make_exchange):
    shown = {"subjectDN": "CN=desk", "validity": {"notAfter": "Aug  5 09:36:04 2027 GMT"}}
    ex = make_exchange(client_cert=SimpleNamespace(shown=shown))
    assert variable("identity.clientCert.subjectDN")(ex) == "CN=desk"
    assert variable("identity.clientCert.validity.notAfter")(ex) == shown["validity"]["notAfter"]


def test_a_caller_with_a_signature(make_exchange):
    ex = make_exchange(authorizer_event={"iam": {"callerId": "AIDA1", "userArn": "arn:x"}})
    assert variable("identity.caller")(ex) == "AIDA1"
    assert variable("identity.userArn")(ex) == "arn:x"


def test_after_a_function_answered(make_exchange):
    ex = make_exchange(
        [(b"User-Agent", b"agent/1")],
        status=201,
        invoke_status=200,
        integration_status=201,
        integration_latency=0.0126,
        integration_request_id="r-1",
        ended=100.5,
        request_length=10,
        response_length=5,
    )
    read = {name: variable(name)(ex) for name in CONTEXT}
    assert (read["integrationStatus"], read["integration.status"]) == (200, 201)
    assert read["integration.integrationStatus"] == 200
    assert (read["integrationLatency"], read["responseLatency"]) == (13, 500)
    assert (read["dataProcessed"], read["status"]) == (15, 201)
    assert (read["identity.userAgent"], read["integration.requestId"]) == ("agent/1", "r-1")


def test_a_backend_has_one_status(make_exchange):
    ex = make_exchange(integration_status=502)
    assert variable("integration.integrationStatus")(ex) == variable("integrationStatus")(ex) == 502


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Unauthorized", "UNAUTHORIZED"),
        (429, "Too Many Requests", "THROTTLED"),
        (400, "Bad Request", "DEFAULT_4XX"),
        (503, "Service Unavailable", "DEFAULT_5XX"),
    ],
)
def test_errors_of_the_gateway(make_exchange, status, message, kind):
    ex = make_exchange(status=status, error="cause")
    assert variable("error.message")(ex) == message
    assert variable("error.messageString")(ex) == f'"{message}"'
    assert variable("error.responseType")(ex) == kind


@pytest.mark.parametrize(
    ("status", "cause", "message", "kind"),
    [
        (403, "api_key:unknown", "Forbidden", "INVALID_API_KEY"),
        (429, "quota:small", "Limit Exceeded", "QUOTA_EXCEEDED"),
        (429, "throttle:plan", "Too Many Requests", "THROTTLED"),
    ],
)
def test_refusals_of_keys_and_plans_have_types_of_their_own(
    make_exchange, status, cause, message, kind
):
    ex = make_exchange(status=status, error=cause)
    assert variable("error.message")(ex) == message
    assert variable("error.responseType")(ex) == kind


def test_an_error_of_the_backend_is_none_of_the_gateway(make_exchange):
    ex = make_exchange(status=500)
    assert variable("error.message")(ex) is variable("error.responseType")(ex) is None


def test_what_the_authorizer_learnt(make_exchange):
    ex = make_exchange(authorizer={"sub": "u1", "n": 1, "a.b": True}, principal="u1")
    names = ("authorizer.claims.sub", "authorizer.sub", "authorizer.n", "authorizer.a.b")
    assert [variable(name)(ex) for name in names] == ["u1", "u1", 1, True]
    assert variable("authorizer.principalId")(ex) == "u1"


@pytest.mark.parametrize("name", ["", "authorizer", "authorizer.", "identity.nothing", "stge"])
def test_there_is_no_such_variable(name):
    assert variable(name) is None
