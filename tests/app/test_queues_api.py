"""The operator's requests about queues: what is shown without being received, changed one by one, and refused."""

import json

import pytest

from frontdesk.app.queues_api import QueuesApi
from frontdesk.base.wheel import Wheel
from frontdesk.durable.queues.keeping import Keeping
from frontdesk.durable.queues.moves import Moves
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.ports.queue import Outgoing
from tests.durable.queues.playing import NOW, World


@pytest.fixture
async def world():
    world = World()
    await world.queue("dead")
    calls = await world.queue("calls", max_receives=1, dead_letter="dead")
    await world.queue("line", fifo=True)
    await world.send(calls, "a", "\N{SNOWMAN}" * 300, attributes=b'{"trace": "Root=1"}')
    for _ in range(2):
        received = await world.queues.receive(calls, most=10)
        await world.queues.change(calls, [message.receipt for message in received], 0)
    return world


@pytest.fixture
def keeping(world):
    return Keeping(world.queues, world.clock, Wheel(NOW))


@pytest.fixture
def ask(world, keeping):
    api = QueuesApi(world.queues, Moves(world.queues, world.clock), keeping, world.clock)

    async def asked(method, target, given=None):
        ex = Exchange()
        path, _, ex.query = target.partition("?")
        ex.method, ex.path = method, f"/queues{path}"
        ex.body = b"" if given is None else json.dumps(given).encode()
        assert api.serves(ex)
        answer = api.answer(ex)
        reply = answer if isinstance(answer, Reply) else await answer
        return reply.status, json.loads(reply.body)

    return asked


async def numbers(ask, name="dead"):
    _, told = await ask("GET", f"/{name}/messages")
    return [each["number"] for each in told["messages"]]


async def test_a_queue_tells_how_fast_it_goes(ask, world, keeping):
    await keeping.go_round()
    await world.send(world.queues.find("calls"), *"abc")
    world.clock.now += 15
    await keeping.go_round()
    _, told = await ask("GET", "/calls")
    assert told["rates"] == {"sent": pytest.approx(0.2), "deleted": 0.0}
    assert (await ask("GET", ""))[1]["queues"][0]["rates"] == told["rates"]


async def test_messages_are_listed_with_the_beginning_of_their_bodies(ask):
    status, told = await ask("GET", "/dead/messages?most=1")
    assert status == 200
    (first,) = told["messages"]
    assert told["next"] == first["number"]
    assert (first["body"], first["state"], first["source"]) == ("a", "visible", "calls")
    assert (first["receives"], first["trace"], first["sent"]) == (1, "Root=1", NOW)
    _, rest = await ask("GET", f"/dead/messages?after={told['next']}")
    (second,) = rest["messages"]
    assert (len(second["body"]), second["bytes"], rest["next"]) == (200, 900, None)
    _, whole = await ask("GET", f"/dead/message?number={second['number']}")
    assert len(whole["body"]) == 300


@pytest.mark.parametrize(
    ("action", "state"), [("delay", "delayed"), ("receive", "in_flight"), ("", "visible")]
)
async def test_a_message_tells_why_it_cannot_be_received(ask, world, action, state):
    queue = await world.queue("q")
    await world.send(queue, "m", delay=9.0 if action == "delay" else None)
    if action == "receive":
        await world.queues.receive(queue, most=1)
    ((number,), (_, told)) = await numbers(ask, "q"), await ask("GET", "/q/messages")
    assert (told["messages"][0]["state"], told["messages"][0]["number"]) == (state, number)


async def test_what_is_no_text_is_base64(ask, world):
    queue = await world.queue("q")
    await world.queues.send(queue, [Outgoing("m", b"\xff\x00")])
    _, told = await ask("GET", "/q/messages")
    assert (told["messages"][0]["body"], told["messages"][0]["base64"]) == ("/wA=", True)


async def test_some_dead_letters_go_back(ask, world):
    first, _ = await numbers(ask)
    assert await ask("POST", "/dead/redrive", {"numbers": [first]}) == (200, {"moved": 1})
    (back,) = await world.queues.receive(world.queues.find("calls"), most=9)
    assert back.body == b"a"


async def test_an_edited_message_goes_back_with_its_attributes_and_takes_its_place(ask, world):
    first, second = await numbers(ask)
    given = {"number": first, "MessageBody": "mended"}
    status, told = await ask("POST", "/dead/replace", given)
    assert (status, told["to"]) == (200, "calls")
    (back,) = await world.queues.receive(world.queues.find("calls"), most=9)
    assert (back.body, back.attributes) == (b"mended", b'{"trace": "Root=1"}')
    assert await numbers(ask) == [second]


async def test_a_redrive_may_go_on_by_itself_and_be_given_up(ask):
    _, begun = await ask("POST", "/dead/redrive", {"rate": 1, "wait": False})
    redrive = begun["redrive"]
    assert (redrive["status"], redrive["messages"], redrive["to"]) == ("RUNNING", 2, None)
    assert (await ask("GET", "/dead"))[1]["redrives"] == [redrive]
    _, given_up = await ask("POST", "/dead/cancel", {"id": redrive["id"]})
    assert given_up["redrive"]["status"] == "CANCELLING"


async def test_messages_are_dropped(ask):
    first, second = await numbers(ask)
    assert await ask("POST", "/dead/drop", {"numbers": [first]}) == (200, {"dropped": 1})
    assert await numbers(ask) == [second]


@pytest.mark.parametrize(
    ("method", "target", "given", "told"),
    [
        ("GET", "/dead/message?number=999", None, "there is no message 999 in dead"),
        ("GET", "/dead/message?number=x", None, "expected a number"),
        ("GET", "/dead/messages?most=101", None, "expected a number from 1 to 100 for most: 101"),
        ("POST", "/dead/drop", {"numbers": []}, "expected 1 to 1000 numbers"),
        ("POST", "/dead/drop", {"numbers": ["1"]}, "expected 1 to 1000 numbers"),
        ("POST", "/dead/redrive", {"numbers": [999]}, "none of these messages was moved"),
        ("POST", "/dead/redrive", {"to": "line"}, "expected another queue of the same kind"),
        ("POST", "/dead/redrive", {"to": "dead"}, "expected another queue of the same kind"),
        ("POST", "/dead/cancel", {"id": "x"}, "there is no such redrive"),
        ("POST", "/dead/replace", {"number": 1, "MessageBody": "b"}, "there is no message 1"),
        ("GET", "/nothing", None, "there is no such queue: nothing"),
    ],
)
async def test_what_cannot_be_done_is_refused(ask, method, target, given, told):
    status, answer = await ask(method, target, given)
    assert status == 422
    assert told in answer["message"]


async def test_a_message_from_nowhere_needs_a_place(ask, world):
    await world.send(world.queues.find("dead"), "m")
    *_, last = await numbers(ask)
    given = {"number": last, "MessageBody": "n"}
    assert (await ask("POST", "/dead/replace", given))[0] == 422
    assert (await ask("POST", "/dead/replace", {**given, "to": "dead"}))[0] == 200
