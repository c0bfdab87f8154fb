"""Records in a gateway: where functions find them, what a restart leaves, what the operator is told."""

import asyncio
import json

import orjson
import pytest

from frontdesk.app.record_files import records_environment
from frontdesk.app.records_api import RecordsApi
from frontdesk.base.errors import StoreError
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.ports.records import Subscriber
from frontdesk.records import Records, UserContext
from frontdesk.stores.memory.records import MemoryRecords
from tests.live.calls import call
from tests.live.gateways import project, serving
from tests.live.processes import until
from tests.records.conftest import ADA, Clock

MODULE = """
from frontdesk import records

orders = records.open_sync().commands("orders")
ADA = records.UserContext("ada", "", "acme")


def write(event, context):
    sk = event["pathParameters"]["sk"]
    written = orders.publish_async({"pk": "ORDER#acme", "sk": sk, "version": -1, "seq": len(sk)}, ADA)
    return {"statusCode": 200, "body": str(written and written.version)}


def see(event, context):
    for record in event["Records"]:
        print("seen", record["key"]["sk"], record["version"])
"""
ROUTES = """
functions: {write: {handler: shop.write}, see: {handler: shop.see}}
apis: {door: {routes: {"POST /orders/{sk}": {function: write}}}}
"""


async def post(app, sk):
    (address,) = app.addresses
    return (await asyncio.to_thread(call, address, "POST", f"/orders/{sk}")).body


async def test_functions_write_what_others_are_told_also_after_a_restart(tmp_path):
    said = []
    heard = {"echo": lambda _function, line: said.append(line)}
    path = project(
        tmp_path, f"{ROUTES}records: {{orders: {{on_change: {{function: see}}}}}}", shop=MODULE
    )
    async with serving(path, **heard) as app:
        assert [await post(app, sk) for sk in ("a", "b")] == [b"1", b"1"]
        await asyncio.to_thread(until, lambda: {"seen a 1", "seen b 1"} <= set(said))
    text = path.read_text()
    path.write_text(
        text.replace("function: see", "queue: later").replace("apis:", "queues: {later: {}}\napis:")
    )
    async with serving(path, **heard) as app:
        assert await post(app, "cc") == b"1"
        queues = app._works.part.durable.queues.queues
        received = await queues.receive(queues.find("later"), most=10, wait=20)
        told = [json.loads(message.body)["key"]["sk"] for message in received]
    assert told == ["cc"]
    assert sorted(line for line in said if line.startswith("seen")) == ["seen a 1", "seen b 1"]


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ("records: {a: {}}", "sqlite://{0}/.frontdesk/frontdesk-records.db"),
        ("records: {a: {}}\nstore: sqlite:///var/shop.db", "sqlite:///var/shop-records.db"),
        ("records: {a: {}}\nstore: postgresql://u:secret@h/d", "postgresql://u:secret@h/d"),
        ("records: {a: {}}\nstore: memory", None),
        ("records: {}", None),
    ],
)
def test_where_functions_find_records(tmp_path, config, url):
    found = records_environment(load([project(tmp_path, config)], {}).config)
    assert found == ({} if url is None else {"FRONTDESK_RECORDS_URL": url.format(tmp_path)})


def test_that_there_are_records_at_all_waits_for_a_restart(tmp_path):
    from frontdesk.app.gateway import _fixed

    none, some, more = (
        load([project(tmp_path, config)], {}).config
        for config in ("", "records: {a: {}}", "records: {a: {}, b: {}}")
    )
    assert _fixed(none)["records"] != _fixed(some)["records"] == _fixed(more)["records"]


# -- the operator ---------------------------------------------------------------------------------------


@pytest.fixture
async def store():
    store = MemoryRecords()
    clock = Clock()
    orders = Records(store, None, clock).commands("orders")
    for sk in ("a", "b1", "b2"):
        await orders.publish_async({"pk": "ORDER#acme", "sk": sk, "name": "tea"}, ADA)
    other = UserContext("bob", "", "other")
    await orders.publish_async({"pk": "ORDER#other", "sk": "z"}, other)
    await store.subscribe(Subscriber("desk/orders/on_change", "orders", "hook"), now=clock.now)
    await orders.publish_async({"pk": "ORDER#acme", "sk": "a", "version": 1, "name": "milk"}, ADA)
    return store


async def ask(store, path, query="", method="GET"):
    ex = Exchange()
    ex.path, ex.method, ex.query = path, method, query
    face = RecordsApi(store, Clock())
    assert face.serves(ex)
    reply = face.answer(ex)
    reply = await reply if hasattr(reply, "__await__") else reply
    return reply.status, orjson.loads(reply.body)


async def test_all_modules_and_who_is_told(store):
    subscriber = {
        "name": "desk/orders/on_change",
        "module": "orders",
        "kind": "hook",
        "waiting": 1,
        "oldest": Clock().now,
    }
    assert await ask(store, "/records") == (
        200,
        {"modules": ["orders"], "subscribers": [subscriber]},
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b1", "b2", "z"]),
        ("most=2", ["a", "b1"]),
        ("after_pk=ORDER%23acme&after_sk=b1", ["b2", "z"]),
        ("pk=ORDER%23acme", ["a", "b1", "b2"]),
        ("pk=ORDER%23acme&prefix=b", ["b1", "b2"]),
        ("pk=ORDER%23acme&prefix=b&after_sk=b1", ["b2"]),
        ("pk=ORDER%23nobody", []),
    ],
)
async def test_records_of_a_module(store, query, expected):
    status, told = await ask(store, "/records/orders", query)
    assert status == 200
    assert [item["sk"] for item in told["items"]] == expected


async def test_whatever_a_record_holds_is_told(store):
    odd = {"name": "half \ud800", "attributes": {"long": 10**30}}
    orders = Records(store, None, Clock()).commands("orders")
    await orders.publish_async({"pk": "ORDER#acme", "sk": "odd", **odd}, ADA)
    ex = Exchange()
    ex.path, ex.method, ex.query = "/records/orders", "GET", "pk=ORDER%23acme&prefix=odd"
    reply = await RecordsApi(store, Clock()).answer(ex)
    (item,) = json.loads(reply.body)["items"]
    assert (item["name"], item["attributes"]) == (odd["name"], odd["attributes"])


async def test_a_record_its_versions_and_its_history(store):
    _, now = await ask(store, "/records/orders/item", "pk=ORDER%23acme&sk=a")
    _, then = await ask(store, "/records/orders/item", "pk=ORDER%23acme&sk=a%401")
    assert (now["item"]["name"], now["item"]["csk"]) == ("milk", "a@2")
    assert (then["item"]["name"], then["item"]["status"]) == ("tea", "finish:FINISHED")
    _, told = await ask(store, "/records/orders/history", "pk=ORDER%23acme&sk=a")
    assert [item["version"] for item in told["items"]] == [2, 1]
    _, told = await ask(store, "/records/orders/history", "pk=ORDER%23acme&sk=a&before=2&most=1")
    assert [item["version"] for item in told["items"]] == [1]


@pytest.mark.parametrize(
    ("path", "query", "method", "status"),
    [
        ("/records/orders/nothing", "", "GET", 404),
        ("/records", "", "POST", 405),
        ("/records/order", "", "GET", 422),
        ("/records/orders", "most=0", "GET", 422),
        ("/records/orders", "most=x", "GET", 422),
        ("/records/orders/item", "", "GET", 422),
        ("/records/orders/item", "pk=ORDER%23acme&sk=no", "GET", 422),
        ("/records/orders/item", "pk=ORDER%23acme&sk=a%409", "GET", 422),
        ("/records/orders/history", "pk=ORDER&sk=a", "GET", 422),
    ],
)
async def test_what_cannot_be_told(store, path, query, method, status):
    assert (await ask(store, path, query, method))[0] == status


async def test_a_store_that_is_down_is_told(store, monkeypatch):
    async def down(*_given, **_named):
        raise StoreError("no answer")

    monkeypatch.setattr(store, "browse", down)
    status, told = await ask(store, "/records/orders")
    assert (status, told["message"]) == (503, "no answer")
