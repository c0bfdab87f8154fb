"""The mock integration."""

import pytest

from frontdesk.config.models.integration import Mock
from frontdesk.gateway.pipeline.integrations.mock import prepare

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("mock", "answer"),
    [
        ({}, (200, [], b"")),
        ({"status": 204}, (204, [], b"")),
        ({"body": {"status": "ok", "n": [1]}}, (200, [JSON], b'{"status":"ok","n":[1]}')),
        ({"body": None}, (200, [JSON], b"null")),
        ({"body": True}, (200, [JSON], b"true")),
        ({"body": "hi ü"}, (200, [TEXT], "hi ü".encode())),
        (
            {"body": "<p>", "headers": {"Content-Type": "text/html", "X-A": "1"}},
            (200, [(b"Content-Type", b"text/html"), (b"X-A", b"1")], b"<p>"),
        ),
    ],
    ids=["empty", "status", "object", "null", "boolean", "text", "own type"],
)
def test_the_answer_is_prepared(mock, answer):
    assert prepare(Mock.model_validate(mock)) == answer
