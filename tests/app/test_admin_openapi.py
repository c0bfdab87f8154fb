"""The description of the admin API: valid, and of what there is."""

import json
import re

import pytest
from openapi_spec_validator import validate

from frontdesk.app.admin_openapi import PATH, AdminDocument, document
from frontdesk.app.admin_requests import ROWS
from frontdesk.gateway.operators import LOCAL, READING, Role
from frontdesk.gateway.pipeline.exchange import Exchange
from tests.live.gateways import project, serving

HOLES = re.compile(r"\{\w+\}")
PLACES = re.compile(r"/(?:\*|[A-Z]+)(?=/|$)")


@pytest.fixture
async def door(tmp_path):
    """The door of a gateway with all faces."""
    async with serving(project(tmp_path, "apis: {}")) as app:
        yield await app._office.get()


def place(path):
    return PLACES.sub("/{}", HOLES.sub("{}", path))


def described(rows):
    return {(row.method, place(row.path)) for row in rows}


def of_face(face):
    """The actions of a face by method and place, where it has a table of them."""
    actions = getattr(face, "actions", None) or getattr(face, "_actions", {})
    start = "/invocations" if type(face).__name__ == "InvocationsApi" else ""
    return {(key[0], place(start + key[1])) for key in actions if isinstance(key, tuple)}


async def test_every_action_has_a_row(door):
    actions = set().union(*map(of_face, door._faces))
    assert len(actions) > 60
    assert actions - described(ROWS) == set()


async def test_every_row_has_an_action_and_the_role_that_the_door_asks_for(door):
    for row in ROWS:
        ex = Exchange(method=row.method, path=HOLES.sub("x", row.path))
        ex.headers = {}
        face = next((face for face in door._faces if face.serves(ex)), None)
        assert face is not None, row
        known = of_face(face)
        assert not known or (row.method, place(row.path)) in known, row
        if row.method == "GET" and not known:
            reply = await door.ask(LOCAL, "GET", ex.path)
            assert b'"Not Found"' not in reply.body, row
        assert row.role is door._needed(face, ex), row


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
