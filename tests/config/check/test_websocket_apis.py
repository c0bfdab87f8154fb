"""What `check` finds in WebSocket APIs: who connects is asked once, at the handshake."""

import pytest

from frontdesk.config.check import check

KEYS = (
    "authorizers: {k: {type: iam, credentials: {AKIDEXAMPLE: {secret: '${env:T}', principal: p}}}}"
)
API = "apis: {a: {type: websocket%s, routes: {%s}}}"
BACKEND = "x: {http: 'http://127.0.0.1:9'%s}"


def found(load_text, text):
    loaded = load_text(f"name: x\n{text}", T="0123456789abcdef0123456789")
    return [each.id for each in check(loaded)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (API % ("", BACKEND % ""), True),
        (API % ("", "$connect: {mock: {}}, " + BACKEND % ""), True),
        (API % ("", BACKEND % ", throttle: 5/s"), False),
        (API % (", throttle: 5/s", BACKEND % ""), False),
        (f"{KEYS}\n{API % (', authorizer: k', BACKEND % '')}", False),
        (f"{KEYS}\n{API % ('', '$connect: {mock: {}, authorizer: k}, ' + BACKEND % '')}", False),
        (API % ("", "x: {mock: {}}"), False),
        (API % ("", "$disconnect: {http: 'http://127.0.0.1:9'}"), False),
    ],
    ids=[
        "open",
        "open handshake",
        "own throttle",
        "throttle of the API",
        "authorizer of the API",
        "authorizer",
        "mock",
        "end",
    ],
)
def test_a_message_costs_whoever_may_connect(load_text, text, expected):
    ids = found(load_text, text)
    assert ("open-route" in ids) is expected


def test_routes_of_messages_are_never_out_of_reach(load_text):
    text = "apis:\n  a: {type: websocket, routes: {$default: {mock: {}}, x: {mock: {}}}}\n"
    assert found(load_text, text) == []
