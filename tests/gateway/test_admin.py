"""The door of the admin listener: faces, the token, bodies."""

import pytest

from frontdesk.gateway.admin import AdminDoor, Documents, TokenGatekeeper
from frontdesk.gateway.pipeline.exchange import Reply
from tests.gateway.server.conftest import Client, House


class Echo:
    """A face that answers with what it was sent."""

    def __init__(self, needs_token):
        self.needs_token = needs_token

    def serves(self, ex):
        return ex.path == ("/secret" if self.needs_token else "/open")

    def answer(self, ex):
        return Reply(200, [], ex.body or b"-")


@pytest.fixture
def ask():
    def ask(request, token="t0ken"):
        house = House()
        faces = [Documents({"/healthz": {"status": "ok"}}), Echo(True), Echo(False)]
        house.shared.door = AdminDoor(faces, TokenGatekeeper(token))
        return Client(house).send(request).answers[0]

    return ask


def request(line, *fields, body=b""):
    fields = ("Host: 127.0.0.1", f"Content-Length: {len(body)}", *fields)
    return "\r\n".join([f"{line} HTTP/1.1", *fields, "", ""]).encode() + body


TOKEN = "Authorization: Bearer t0ken"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(request("GET /healthz"), 200, id="a document is for everybody"),
        pytest.param(request("POST /healthz"), 405, id="and only to be read"),
        pytest.param(request("GET /open"), 200, id="a face that checks for itself"),
        pytest.param(request("GET /secret"), 401, id="a face that does not, without the token"),
        pytest.param(request("GET /secret", "Authorization: Bearer wrong"), 401, id="a wrong one"),
        pytest.param(request("GET /secret", TOKEN), 200, id="with the token"),
        pytest.param(request("GET /nothing"), 401, id="no face, no token: nothing is told"),
        pytest.param(request("GET /nothing", TOKEN), 404, id="no face"),
    ],
)
def test_a_face_is_reached_by_who_may(ask, sent, status):
    assert ask(sent)[0] == status


def test_without_a_token_everybody_who_can_connect_may_ask(ask):
    assert ask(request("GET /secret"), token=None)[0] == 200
    assert ask(request("GET /nothing"), token=None)[0] == 404


def test_without_a_token_web_pages_may_only_ask_what_is_open(ask):
    page = "Origin: https://elsewhere.example"
    assert ask(request("POST /secret", page), token=None)[0] == 403
    assert ask(request("GET /open", page), token=None)[0] == 200


def test_a_face_gets_the_whole_body(ask):
    assert ask(request("POST /open", body=b"abc"))[2] == b"abc"


def test_who_may_not_is_refused_before_the_body_is_read(ask):
    head = request("POST /secret", body=b"x" * 100)[:-100]
    assert ask(head)[0] == 401
