"""The description of the admin API: valid, and of what there is."""

import json

import pytest
from openapi_spec_validator import validate

from frontdesk.app.admin_openapi import OBSERVING, PATH, ROWS, USERS, AdminDocument, document
from frontdesk.app.metrics_api import MetricsApi
from frontdesk.app.requests_api import RequestsApi
from frontdesk.app.users_api import UsersApi
from frontdesk.gateway.operators import READING, Role
from frontdesk.gateway.pipeline.exchange import Exchange


def of_face(face):
    return {(method, place.replace("/*", "/{}")) for method, place in face._actions}


def described(rows):
    return {
        (row.method, "/".join("{}" if part[:1] == "{" else part for part in row.path.split("/")))
        for row in rows
    }


@pytest.mark.parametrize(
    ("rows", "faces"),
    [
        (OBSERVING, [MetricsApi(None, None, None, counts=True), RequestsApi(None, None)]),
        (USERS, [UsersApi(None, None, has_token=True)]),
    ],
    ids=["overview and requests", "users"],
)
def test_what_is_described_is_what_there_is(rows, faces):
    assert described(rows) == set().union(*map(of_face, faces))


def test_no_request_is_described_twice_and_changes_are_for_operators():
    assert len(described(ROWS)) == len(ROWS)
    changes = [row for row in ROWS if row.method not in READING]
    assert all(row.role >= Role.OPERATOR for row in changes)


def test_the_document_is_openapi():
    face, ex = AdminDocument(), Exchange(method="GET", path=PATH)
    assert face.serves(ex)
    told = json.loads(face.answer(ex).body)
    validate(told)
    assert told == json.loads(json.dumps(document()))
    replay = told["paths"]["/api/requests/replay"]["post"]
    assert replay["requestBody"]["content"]["application/json"]["schema"]["required"] == [
        "method",
        "path",
    ]
    assert face.answer(Exchange(method="POST", path=PATH)).status == 405
