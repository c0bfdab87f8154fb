"""Which cause has which type of gateway response, and how overrides spread."""

import re
from pathlib import Path

import pytest

from frontdesk.rules.rest.gateway_responses import CAUSES, TYPES, Response, fault_of, responses

TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def test_every_cause_leads_to_a_type_that_exists():
    assert set(CAUSES.values()) <= set(TYPES)


REFUSALS = {
    (int(status), cause)
    for path in Path("src/frontdesk/gateway/pipeline").rglob("*.py")
    for status, cause in re.findall(r'refusal\((\d{3}), "([^"]+)"', path.read_text())
}
REWORDED = {
    (403, "jwt:insufficient_scope"),
    (404, "route"),  # of an HTTP API
    (500, "authorizer:broken"),
    (502, "upstream:closed"),
    (502, "upstream:protocol"),
    (503, "jwt:keys_unavailable"),
}
"""Refusals whose status is another one at REST APIs."""


@pytest.mark.parametrize(("status", "cause"), sorted(REFUSALS - REWORDED))
def test_a_refusal_keeps_its_status(status, cause):
    assert TYPES[fault_of(cause, status).type].status in (None, status)


@pytest.mark.parametrize(
    ("cause", "status", "fault"),
    [
        ("route", 403, ("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")),
        ("throttle:stage", 429, ("THROTTLED", "Too Many Requests")),
        ("quota:small", 429, ("QUOTA_EXCEEDED", "Limit Exceeded")),
        ("api_key:missing", 403, ("INVALID_API_KEY", "Forbidden")),
        ("jwt:missing", 401, ("UNAUTHORIZED", "Unauthorized")),
        ("jwt:expired", 401, ("UNAUTHORIZED", "The incoming token has expired")),
        ("jwt:insufficient_scope", 403, ("UNAUTHORIZED", "Unauthorized")),
        ("jwt:too_many_failures", 429, ("THROTTLED", "Too Many Requests")),
        ("authorizer:identity_missing", 401, ("UNAUTHORIZED", "Unauthorized")),
        ("authorizer:failed", 500, ("AUTHORIZER_FAILURE", None)),
        ("authorizer:broken", 500, ("AUTHORIZER_CONFIGURATION_ERROR", None)),
        (
            "authorizer:explicit_deny",
            403,
            (
                "ACCESS_DENIED",
                "User is not authorized to access this resource with an explicit deny",
            ),
        ),
        ("function:malformed", 502, ("DEFAULT_5XX", "Internal server error")),
        ("function:throttled", 500, ("API_CONFIGURATION_ERROR", "Internal server error")),
        ("integration_timeout", 504, ("INTEGRATION_TIMEOUT", "Endpoint request timed out")),
        (
            "upstream:connect",
            503,
            ("INTEGRATION_FAILURE", "Network error communicating with endpoint"),
        ),
        ("upstream:timeout", 504, ("INTEGRATION_TIMEOUT", "Endpoint request timed out")),
        ("body_size", 413, ("REQUEST_TOO_LARGE", "Request Too Long")),
        ("mapping:unfit_value", 400, ("DEFAULT_4XX", "Bad Request")),
        ("internal", 500, ("DEFAULT_5XX", "Internal server error")),
    ],
)
def test_a_cause_has_its_type_and_words(cause, status, fault):
    assert fault_of(cause, status) == fault


def test_words_of_a_stage_go_before_those_of_the_type():
    fault = fault_of("validate:parameters", 400, "Missing required request parameters: [a]")
    assert fault == ("BAD_REQUEST_PARAMETERS", "Missing required request parameters: [a]")


def test_without_overrides_every_type_is_built_in():
    found = responses({})
    assert set(found) == set(TYPES)
    assert found["THROTTLED"] == Response(429, {}, TEMPLATES, is_default=True)
    assert found["DEFAULT_4XX"] == Response(None, {}, TEMPLATES, is_default=True)


def test_a_default_is_for_all_types_of_its_class_that_are_not_set_themselves():
    found = responses(
        {
            "DEFAULT_4XX": Response(None, {"X-A": "'1'"}, {}, is_default=False),
            "THROTTLED": Response(420, {}, {}, is_default=False),
        }
    )
    assert found["UNAUTHORIZED"] == Response(401, {"X-A": "'1'"}, TEMPLATES, is_default=True)
    assert found["THROTTLED"] == Response(420, {}, TEMPLATES, is_default=False)
    assert found["INTEGRATION_FAILURE"] == Response(504, {}, TEMPLATES, is_default=True)


def test_the_status_of_a_default_is_that_of_its_types():
    found = responses({"DEFAULT_5XX": Response(599, {}, {"text/plain": "oh"}, is_default=False)})
    assert found["AUTHORIZER_FAILURE"] == Response(599, {}, {"text/plain": "oh"}, is_default=True)
    assert found["UNAUTHORIZED"].status == 401
