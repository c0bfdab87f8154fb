"""Gateways on one PostgreSQL and one Redis: what they share, and what becomes of a server that is lost."""

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect

from frontdesk.app import Frontdesk
from frontdesk.app.stores import open_stores
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import load
from tests.live.backends import unruly
from tests.live.calls import call
from tests.live.certificates import Authority
from tests.live.gateways import gateway, project, serving
from tests.live.processes import until
from tests.live.servers import emptied, postgres_url, redis_server

LIMITED = """
    shared: %s
    apis: {a: {routes: {GET /x: {mock: {}, throttle: {rate: 6/h, burst: 6}}}}}
"""


def config(folder, text=""):
    folder.mkdir(exist_ok=True)
    return load([project(folder, text)], {}).config


def opened(config):
    clock = SystemClock()
    return open_stores(config, clock, Wheel(clock.monotonic()))


async def statuses(address, count, target="/x"):
    answers = [await asyncio.to_thread(call, address, "GET", target) for _ in range(count)]
    return [answer.status for answer in answers]


def found_again(admin):
    return b"frontdesk_shared_lost 0" in call(admin, "GET", "/metrics").body


# -- limits ---------------------------------------------------------------------------------------


async def test_two_gateways_keep_one_limit_together(tmp_path):
    with redis_server() as server:
        paths = []
        for name in "ab":
            (tmp_path / name).mkdir()
            paths.append(project(tmp_path / name, LIMITED % server.url))
        async with serving(paths[0]) as one, serving(paths[1]) as other:
            told = [
                status
                for _ in range(5)
                for each in (one, other)
                for status in await statuses(each.addresses[0], 1)
            ]
    assert told == [200] * 6 + [429] * 4


def test_workers_keep_it_too(tmp_path):
    with redis_server() as server:
        path = project(tmp_path, "    workers: 2" + LIMITED % server.url)
        with gateway(path) as running:
            told = [running.call("GET", "/x").status for _ in range(20)]
    assert sorted(told) == [200] * 6 + [429] * 14


@pytest.mark.parametrize(
    ("on_loss", "first", "lost"),
    [("open", 200, [200] * 6 + [429]), ("closed", 200, [503] * 7)],
)
async def test_a_lost_redis_degrades_as_declared_and_heals(tmp_path, on_loss, first, lost):
    with redis_server() as server:
        settings = json.dumps({"url": server.url, "on_loss": on_loss})
        async with serving(project(tmp_path, LIMITED % settings)) as app:
            (address,) = app.addresses
            assert await statuses(address, 1) == [first]
            server.kill()
            assert await statuses(address, 7) == lost
            server.start()
            await asyncio.to_thread(until, lambda: found_again(app.config.admin.listen))
            assert await statuses(address, 7) == [200] * 6 + [429]


async def test_redis_over_tls_is_verified(tmp_path):
    authority = Authority()
    ca_file = authority.write(tmp_path)
    certificate, key = authority.issue("127.0.0.1").write(tmp_path)
    secured = ("--tls-cert-file", certificate, "--tls-key-file", key)
    asked = ("--tls-ca-cert-file", ca_file, "--tls-auth-clients", "no")
    with redis_server(*secured, *asked, scheme="rediss") as server:
        for ca, status in ((ca_file, 200), (None, 503)):
            settings = {"url": server.url, "on_loss": "closed"} | ({"ca": str(ca)} if ca else {})
            path = project(tmp_path, LIMITED % json.dumps(settings))
            async with serving(path) as app:
                assert await statuses(app.addresses[0], 1) == [status]


# -- answers --------------------------------------------------------------------------------------


def call_at_host(address):
    """Return what asks for /x as clients do that know both gateways by one name."""
    return lambda: call(address, "GET", "/x", headers={"Host": "clinic.example"})


async def test_gateways_give_each_others_answers_until_one_is_told_to_drop_them(tmp_path):
    async with unruly() as backend:
        with redis_server() as redis:
            text = f"""
                shared: {redis.url}
                apis: {{a: {{routes: {{GET /x: {{http: "{backend.url}/x", cache: {{}}}}}}}}}}
            """
            paths = []
            for name in "ab":
                (tmp_path / name).mkdir()
                paths.append(project(tmp_path / name, text))
            async with serving(paths[0]) as one, serving(paths[1]) as other:
                for each in (one, other, one, other):
                    asked = call_at_host(each.addresses[0])
                    assert (await asyncio.to_thread(asked)).status == 200
                assert len(backend.seen) == 1
                await asyncio.to_thread(api, one, "POST", "/cache/flush", "{}")

                def asked_again():
                    call_at_host(other.addresses[0])()
                    return len(backend.seen) == 2

                await asyncio.to_thread(until, asked_again)
                redis.kill()
                told = await asyncio.to_thread(api, one, "POST", "/cache/flush", "{}")
                assert told.status == 503
                assert "answers here are dropped" in told.json["hint"]


# -- documents, usage and idempotency keys ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "sqlite-elsewhere", "memory", "postgresql"])
async def test_what_belongs_to_this_machine_stays_here_and_the_rest_is_where_the_file_says(
    tmp_path, kind
):
    store = {"sqlite-elsewhere": f"sqlite://{tmp_path}/x/s.db", "postgresql": postgres_url()}
    async with emptied(postgres_url()):
        settings = config(tmp_path / "a", f"store: {store.get(kind, kind)}\n")
        for round_ in range(2):
            async with opened(settings) as stores:
                found = await stores.shared.get("api_key", "k"), await stores.own.get("f", "f")
                lasting = kind != "memory" and round_ == 1
                assert [each is not None for each in found] == [lasting, round_ == 1]
                await stores.shared.put("api_key", "k", {})
                await stores.own.put("f", "f", {})


async def test_gateways_on_one_postgresql_see_each_others_documents_and_no_functions(tmp_path):
    async with emptied(postgres_url()):
        settings = [config(tmp_path / name, f"store: {postgres_url()}\n") for name in "ab"]
        async with opened(settings[0]) as one, opened(settings[1]) as other:
            await one.shared.put("api_key", "k", {"n": 1})
            await one.own.put("function", "f", {})
            assert (await other.shared.get("api_key", "k")).document == {"n": 1}
            assert await other.own.get("function", "f") is None


async def test_an_idempotency_key_is_carried_out_once_by_two_gateways(tmp_path):
    text = f"""
        store: {postgres_url()}
        apis: {{a: {{routes: {{POST /x: {{mock: {{}}, idempotency: {{}}}}}}}}}}
    """
    headers = {"Idempotency-Key": "k-1"}
    async with emptied(postgres_url()):
        paths = []
        for name in "ab":
            (tmp_path / name).mkdir()
            paths.append(project(tmp_path / name, text))
        async with serving(paths[0]) as one, serving(paths[1]) as other:
            answers = [
                await asyncio.to_thread(call, each.addresses[0], "POST", "/x", headers=headers)
                for each in (one, other)
            ]
    assert [answer.status for answer in answers] == [200, 200]
    assert [answer.headers["Idempotency-Replayed"] for answer in answers] == [None, "true"]


async def test_a_key_its_quota_and_its_usage_are_one_for_all_gateways(tmp_path):
    with redis_server() as redis:
        text = f"""
            store: {postgres_url()}
            shared: {redis.url}
            plans: {{small: {{apis: [a], quota: 5/d}}}}
            apis: {{a: {{routes: {{GET /x: {{mock: {{}}, api_key: true}}}}}}}}
        """
        async with emptied(postgres_url()) as database:
            paths = []
            for name in "ab":
                (tmp_path / name).mkdir()
                paths.append(project(tmp_path / name, text))
            async with serving(paths[0]) as one, serving(paths[1]) as other:
                wanted = json.dumps({"name": "practice", "plans": ["small"]})
                made = await asyncio.to_thread(api, one, "POST", "/api/keys", wanted)
                key, headers = "/api/keys/practice", {"X-Api-Key": made.json["value"]}

                def use(app):
                    return call(app.addresses[0], "GET", "/x", headers=headers).status

                await asyncio.to_thread(until, lambda: api(other, "GET", key).status == 200)
                told = [await asyncio.to_thread(use, each) for each in (one, other) * 4]
                assert told == [200] * 5 + [429] * 3
                await asyncio.to_thread(api, one, "POST", f"{key}/revoke")
                await asyncio.to_thread(until, lambda: use(other) == 403)
            count = "SELECT sum(requests) FROM frontdesk_usage"
            assert await database.run(lambda connection: connection.fetchval(count)) == 5


def api(app, method, target, body=None):
    return call(app.config.admin.listen, method, target, body=body)


# -- what is missing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "driver", "extra"),
    [
        ("store: postgresql://db/x\n", "asyncpg", "postgres"),
        ("shared: redis://host\n", "redis.asyncio", "redis"),
    ],
)
async def test_a_driver_that_is_not_installed_is_named_with_the_command(
    tmp_path, monkeypatch, text, driver, extra
):
    monkeypatch.setitem(sys.modules, driver, None)
    path = project(tmp_path, text)
    with pytest.raises(StartError) as raised:
        await Frontdesk(load([path], {})).start()
    assert raised.value.hint == f"pip install 'frontdesk[{extra}]'"


def test_drivers_are_not_loaded_where_nobody_asks_for_them(tmp_path):
    path = project(tmp_path, "apis: {a: {routes: {GET /x: {mock: {}}}}}\n")
    with gateway(path) as running:
        assert running.call("GET", "/x").status == 200
        text = Path(f"/proc/{running.process.pid}/maps").read_text()
    assert "asyncpg" not in text
    assert "hiredis" not in text


# -- WebSocket connections ------------------------------------------------------------------------


async def test_a_push_at_one_gateway_reaches_a_connection_of_the_other(tmp_path):
    live = "    shared: %s\n    apis: {live: {type: websocket, routes: {}}}"
    with redis_server() as server:
        paths = []
        for name in "ab":
            (tmp_path / name).mkdir()
            paths.append(project(tmp_path / name, live % server.url))
        async with (
            serving(paths[0]) as one,
            serving(paths[1]) as other,
            connect(f"ws://{other.addresses[0]}/") as client,
        ):
            here, there = (str(app.config.admin.listen) for app in (one, other))
            listed = await asyncio.to_thread(call, there, "GET", "/api/sockets")
            (connection,) = listed.json["connections"]

            def asked(method, path, body=None):
                return call(here, method, f"/live/$default/{path}", body=body)

            def joined():  # as soon as Redis has been told
                return asked("PUT", f"@groups/all/{quote(connection['id'])}").status == 204

            await asyncio.to_thread(until, joined)
            await asyncio.to_thread(asked, "POST", f"@connections/{connection['id']}", "hello")
            assert await client.recv() == "hello"
            sent = {"sent": 1}
            await asyncio.to_thread(until, lambda: asked("POST", "@groups/all", "all").json == sent)
            assert await client.recv() == "all"
