import json

import pytest

from frontdesk.rules.asl.names import is_name
from frontdesk.rules.events.webhook import (
    Taken,
    execution_name,
    function_event,
    json_body,
    message,
    message_group,
)


def taken(id_="e1", body=b"{}", **other):
    given = {"source": "shop", "type": "a.b", "headers": b"[]"} | other
    return Taken(id=id_, body=body, **given)


def test_headers_of_one_name_are_joined_in_their_order():
    pairs = [["x-b", "1"], ["x-a", "2"], ["x-b", "3"]]
    event = json.loads(function_event(taken(headers=json.dumps(pairs).encode())))
    assert event["headers"] == {"x-a": "2", "x-b": "1, 3"}


@pytest.mark.parametrize(
    ("body", "given"),
    [
        pytest.param(b'{"a": 1.0}', '{"a": 1.0}', id="as-it-came"),
        pytest.param(b"a=1&b=2", '"a=1&b=2"', id="a-form"),
        pytest.param(b"", '""', id="nothing"),
        pytest.param(b"\xff", '"/w=="', id="bytes"),
    ],
)
def test_an_execution_is_given_json_whatever_came(body, given):
    assert json_body(taken(body=body)) == given


@pytest.mark.parametrize(
    ("body", "text", "encoding"),
    [
        pytest.param("é".encode(), "é", None, id="text"),
        pytest.param(b"\x80", "gA==", "base64", id="bytes"),
    ],
)
def test_a_message_is_text(body, text, encoding):
    sent, attributes = message(taken(body=body, type=""))
    assert sent.decode() == text
    values = {name: each["StringValue"] for name, each in attributes.items()}
    expected = {"webhook": "shop", "id": "e1", "encoding": encoding}
    assert values == {name: value for name, value in expected.items() if value}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(taken("a:b"), taken("a/b"), id="signs"),
        pytest.param(taken("x" * 90), taken("x" * 91), id="long"),
        pytest.param(taken("a"), taken("a", replay=1), id="replay"),
        pytest.param(taken("a", replay=1), taken("a", replay=2), id="replays"),
        pytest.param(taken("é"), taken("_"), id="beyond-ascii"),
        pytest.param(taken("b-c", source="a"), taken("c", source="a-b"), id="source"),
    ],
)
def test_executions_of_two_webhooks_have_two_names(one, other):
    names = {execution_name(one), execution_name(other)}
    assert len(names) == 2
    assert all(map(is_name, names))


def test_the_same_webhook_starts_an_execution_of_the_same_name():
    assert (
        execution_name(taken("evt_1")) == execution_name(taken("evt_1", attempt=2)) == "shop.evt_1"
    )


def test_messages_of_one_ordering_are_a_group():
    assert message_group(taken()) == "shop"
    assert message_group(taken(ordering="ch_1")) == "ch_1"
    assert len(message_group(taken(ordering="é" * 200))) == 64
