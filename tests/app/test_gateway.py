"""The composition: what opens, in which order it closes, and what a reload changes."""

import asyncio
import json
import logging
import os
import re
import socket
import threading

import pytest
import uvloop

from frontdesk.app import Frontdesk, compile_offline, development_issuer
from frontdesk.base.errors import ConfigError, StartError
from frontdesk.config.load import load
from tests.live.backends import holding
from tests.live.calls import call, connect, free_port, later, listens, read_to_end
from tests.live.gateways import project, serving
from tests.live.processes import descendants, until

MOCKS = """
apis:
  a: {routes: {GET /old: {mock: {body: old}}}}
"""

FUNCTION = """
functions: {f: {handler: f.answer}}
apis:
  a: {routes: {GET /f: {function: f}}}
"""


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


async def get(address, target="/", **keywords):
    return await asyncio.to_thread(call, address, "GET", target, **keywords)


def read(path):
    return load([path], {})


# -- start ------------------------------------------------------------------------------------------


async def test_port_0_becomes_a_real_port_that_addresses_tells(tmp_path):
    async with serving(project(tmp_path, MOCKS)) as app:
        [address] = app.addresses
        assert address.port > 0
        assert (await get(address, "/old")).body == b"old"


async def test_several_listeners_serve_the_same(tmp_path):
    path = project(
        tmp_path, MOCKS + "listen: ['127.0.0.1:0', {address: '127.0.0.1:0', half_close: true}]\n"
    )
    async with serving(path) as app:
        assert len(set(app.addresses)) == 2
        assert [(await get(address, "/old")).status for address in app.addresses] == [200, 200]

        def half_closed(address):
            with connect(address) as connection:
                connection.sendall(b"GET /old HTTP/1.1\r\nHost: a\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                return read_to_end(connection)

        assert b"old" in await asyncio.to_thread(half_closed, app.addresses[1])


@pytest.mark.parametrize("key", ["listen", "admin"])
async def test_a_taken_port_is_named_and_everything_is_closed_again(tmp_path, key):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken, free = f"127.0.0.1:{other.getsockname()[1]}", free_port()
        ports = {
            "listen": f"listen: ['127.0.0.1:{free}', '{taken}']\n",
            "admin": f"admin: {{listen: '{taken}'}}\nlisten: 127.0.0.1:{free}\n",
        }
        app = Frontdesk(
            read(project(tmp_path, FUNCTION + ports[key], f="def answer(e, c): return 1"))
        )
        with pytest.raises(StartError, match=f"address already in use: {taken}") as raised:
            await app.start()
    assert raised.value.hint
    assert not listens(f"127.0.0.1:{free}")
    assert not descendants(os.getpid())


async def test_a_missing_code_folder_is_a_start_error(tmp_path):
    app = Frontdesk(read(project(tmp_path, FUNCTION.replace("f.answer", "f.answer, code: gone"))))
    with pytest.raises(StartError, match=r"function f: no such folder or zip: .*/gone"):
        await app.start()


async def test_an_access_log_that_cannot_be_written_is_a_start_error(tmp_path):
    app = Frontdesk(read(project(tmp_path, MOCKS + "logs: {access: {path: gone/access.log}}\n")))
    with pytest.raises(StartError, match=r"cannot write the access log: .*/gone/access\.log"):
        await app.start()


BAD_FORMAT = MOCKS + "logs: {access: {path: a.log, format: '$context.nothing'}}\n"


@pytest.mark.parametrize("how", ["start", "offline"])
async def test_an_unknown_variable_of_the_log_format_is_found_with_its_place(tmp_path, how):
    async def offline(loaded):
        compile_offline(loaded)

    ways = {"start": lambda loaded: Frontdesk(loaded).start(), "offline": offline}
    path = project(tmp_path, BAD_FORMAT)
    with pytest.raises(ConfigError) as raised:
        await ways[how](read(path))
    [finding] = raised.value.findings
    line = 1 + next(n for n, text in enumerate(path.read_text().splitlines()) if "format" in text)
    assert (finding.where.line, finding.where.path) == (line, "logs.access.format")
    assert "$context.nothing" in finding.message


async def test_the_admin_listener_is_not_opened_to_others_without_a_token(tmp_path):
    app = Frontdesk(read(project(tmp_path, MOCKS + "admin: {listen: '0.0.0.0:0'}\n")))
    with pytest.raises(StartError, match=r"open to others without a token: 0\.0\.0\.0:0"):
        await app.start()


@pytest.mark.parametrize(("size", "status"), [("1KB", 431), ("64KB", 200)])
async def test_one_header_field_may_fill_max_header(tmp_path, size, status):
    path = project(tmp_path, MOCKS + f"limits: {{max_header: {size}}}\n")
    async with serving(path) as app:
        answer = await get(app.addresses[0], "/old", headers={"X": "a" * 60_000})
    assert answer.status == status


# -- the admin door -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "headers", "status"),
    [
        ("GET", "/healthz", {}, 200),
        ("HEAD", "/healthz", {}, 200),
        ("POST", "/healthz", {}, 405),
        ("GET", "/other", {}, 401),
        ("GET", "/other", {"Authorization": "Bearer wrong"}, 401),
        ("GET", "/other", {"Authorization": "Bearer s3cret"}, 404),
    ],
)
async def test_the_admin_door_with_a_token(tmp_path, method, target, headers, status):
    port = free_port()
    config = MOCKS + f"admin: {{listen: '127.0.0.1:{port}', token: '${{env:ADMIN}}'}}\n"
    async with serving(project(tmp_path, config), {"ADMIN": "s3cret"}) as app:
        answer = await asyncio.to_thread(
            call, app.config.admin.listen, method, target, headers=headers
        )
    assert answer.status == status
    if (method, status) == ("GET", 200):
        assert answer.json == {"status": "ok"}
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_admin_door_without_a_token_has_health_only(tmp_path):
    async with serving(project(tmp_path, MOCKS)) as app:
        admin = app.config.admin.listen
        assert (await get(admin, "/healthz")).status == 200
        assert (await get(admin, "/issuer/jwks.json")).status == 404


ISSUED = """
authorizers:
  people: {{type: jwt, issuer: "http://127.0.0.1:{port}/issuer", audience: [app], allow_http: true}}
admin: {{listen: 127.0.0.1:{port}}}
apis:
  a: {{routes: {{GET /mine: {{mock: {{body: yours}}, authorizer: people, scopes: [read]}}}}}}
"""


async def test_the_development_issuer_is_served_and_its_tokens_pass(tmp_path):
    path = project(tmp_path, ISSUED.format(port=free_port()))
    async with serving(path, development=True) as app:
        admin = app.config.admin.listen
        discovery = (await get(admin, "/issuer/.well-known/openid-configuration")).json
        assert discovery["issuer"] == f"http://{admin}/issuer"
        assert (await get(admin, "/issuer/jwks.json")).json["keys"]
        issuer = development_issuer(app.config)
        [address] = app.addresses

        async def status(**keywords):
            token = issuer.token({}, **keywords)
            answer = await get(address, "/mine", headers={"Authorization": f"Bearer {token}"})
            return answer.status

        # At once: the first request waits for the first keys.
        assert await status(audience="app", scopes=["read"]) == 200
        assert await status(audience="app", scopes=["write"]) == 403
        assert await status(audience="other", scopes=["read"]) == 401
        assert await status(audience="app", scopes=["read"], ttl=-1) == 401


# -- which API ----------------------------------------------------------------------------------------

SEVERAL = """
apis:
  shop: {host: shop.example, routes: {GET /x: {mock: {body: shop}}}}
  shop-admin: {host: shop.example, base_path: /admin, routes: {GET /x: {mock: {body: shop-admin}}}}
  v1: {base_path: /v1, routes: {GET /x: {mock: {body: v1}}}}
  v2:
    base_path: /v2
    stages: {beta: {variables: {}}}
    routes: {GET /x: {mock: {body: v2-beta}}}
"""


@pytest.mark.parametrize(
    ("host", "target", "wanted"),
    [
        ("shop.example", "/x", b"shop"),
        ("SHOP.example:8080", "/x", b"shop"),
        ("shop.example", "/admin/x", b"shop-admin"),
        ("other.example", "/v1/x", b"v1"),
        ("other.example", "/v2/beta/x", b"v2-beta"),
        ("other.example", "/v2/x", None),
        ("other.example", "/x", None),
        ("other.example", "/v11/x", None),
    ],
)
async def test_apis_share_a_listener_by_host_and_base_path(tmp_path, host, target, wanted):
    async with serving(project(tmp_path, SEVERAL)) as app:
        answer = await get(app.addresses[0], target, headers={"Host": host})
    assert (answer.status, answer.body) == (
        (404, b'{"message":"Not Found"}') if wanted is None else (200, wanted)
    )


# -- reload -------------------------------------------------------------------------------------------


def swap(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return read(path)


async def test_a_reload_swaps_routes_and_a_running_request_keeps_the_old_one(tmp_path):
    async with holding() as backend:
        path = project(
            tmp_path, f"apis: {{a: {{routes: {{GET /x: {{http: 'http://{backend.address}'}}}}}}}}\n"
        )
        async with serving(path) as app:
            [address] = app.addresses
            slow = later(call, address, "GET", "/x")
            await backend.asked.wait()
            loaded = swap(
                path,
                f"GET /x: {{http: 'http://{backend.address}'}}",
                "GET /x: {mock: {body: new}}, GET /y: {mock: {body: more}}",
            )
            assert await app.reload(loaded) == ()
            assert (await get(address, "/x")).body == b"new"
            assert (await get(address, "/y")).body == b"more"
            backend.release()
            assert (await asyncio.wrap_future(slow)).body == b"held"


async def test_a_reload_brings_new_code_and_functions(tmp_path):
    path = project(tmp_path, FUNCTION, f="def answer(event, context): return 'one'")
    async with serving(path) as app:
        [address] = app.addresses
        assert (await get(address, "/f")).body == b"one"
        (tmp_path / "f.py").write_text("def answer(event, context): return 'two'")
        (tmp_path / "g.py").write_text("def answer(event, context): return 'three'")
        swap(path, "{f: {handler: f.answer}}", "{f: {handler: f.answer}, g: {handler: g.answer}}")
        loaded = swap(path, "GET /f: {function: f}", "GET /f: {function: f}, GET /g: {function: g}")
        await app.reload(loaded)
        assert (await get(address, "/f")).body == b"two"
        assert (await get(address, "/g")).body == b"three"


async def test_a_function_that_is_running_at_a_reload_finishes(tmp_path):
    code = """
    import os, time
    def answer(event, context):
        open("began", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
        return "former"
    """
    code = code.replace('"began"', repr(str(tmp_path / "began")))
    code = code.replace('"go"', repr(str(tmp_path / "go")))
    path = project(tmp_path, FUNCTION, f=code)
    async with serving(path) as app:
        [address] = app.addresses
        slow = later(call, address, "GET", "/f")
        await asyncio.to_thread(until, (tmp_path / "began").exists)
        (tmp_path / "f.py").write_text("def answer(event, context): return 'latter'")
        await app.reload(read(path))
        assert (await get(address, "/f")).body == b"latter"
        (tmp_path / "go").touch()
        assert (await asyncio.wrap_future(slow)).body == b"former"


async def test_no_request_fails_while_reloads_follow_each_other(tmp_path):
    path = project(tmp_path, FUNCTION, f="def answer(event, context): return 'one'")
    async with serving(path) as app:
        over = threading.Event()

        def ask():
            answers = []
            while not over.is_set():
                answers.append(call(app.addresses[0], "GET", "/f"))
            return {(answer.status, answer.body) for answer in answers}

        asking = [later(ask) for _ in range(4)]
        for number in range(10):
            (tmp_path / "f.py").write_text(f"def answer(event, context): return '{number}'")
            await app.reload(read(path))
            while (await get(app.addresses[0], "/f")).body != b"%d" % number:
                pass
        over.set()
        seen = [await asyncio.wrap_future(answers) for answers in asking]
    assert {status for answers in seen for status, _ in answers} == {200}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("f.answer}", "f.answer, code: gone}", StartError),
        ("f.answer}", "f.answer, requirements: gone.txt}", StartError),
        ("{access: off}", "{access: {path: '-', format: clf}}", None),
    ],
    ids=["no-code-folder", "no-requirements", "fixed-key"],
)
async def test_a_bad_reload_changes_nothing(tmp_path, old, new, error):
    path = project(tmp_path, FUNCTION, f="def answer(event, context): return 'one'")
    async with serving(path) as app:
        [address] = app.addresses
        former = app.config
        assert (await get(address, "/f")).body == b"one"  # the child has its code
        (tmp_path / "f.py").write_text("def answer(event, context): return 'two'")
        swap(path, "GET /f:", "GET /new: {mock: {}}, GET /f:")
        loaded = swap(path, old, new)
        if error is None:
            assert await app.reload(loaded) == ("logs",)
            return
        with pytest.raises(error):
            await app.reload(loaded)
        assert app.config is former
        assert (await get(address, "/new")).status == 404
        assert (await get(address, "/f")).body == b"one"


async def test_a_reload_tells_the_keys_that_wait_for_a_restart(tmp_path):
    path = project(tmp_path, MOCKS)
    async with serving(path) as app:
        port = app.addresses[0].port
        (tmp_path / "other").mkdir()
        changed = MOCKS + (
            "listen: ['127.0.0.1:0', '127.0.0.1:0']\n"
            f"admin: {{listen: '127.0.0.1:{free_port()}'}}\n"
            "data_dir: elsewhere\ntrusted_proxies: [10.0.0.0/8]\n"
            "limits: {drain: 1s, throttle: 5/s}\nlogs: {level: debug}\n"
        )
        waiting = await app.reload(read(project(tmp_path, changed)))
        assert waiting == (
            "listen",
            "admin",
            "data_dir",
            "trusted_proxies",
            "logs",
            "limits.drain",
        )
        assert [address.port for address in app.addresses] == [port]
        assert (await get(app.addresses[0], "/old")).status == 200
        assert await app.reload(read(path)) == waiting  # still: nothing has restarted
        changed = MOCKS + "limits: {drain: 1s}\n"
        assert "limits.drain" in await app.reload(read(project(tmp_path, changed)))


async def test_a_reload_forgets_the_issuers_that_it_removes(tmp_path):
    nobody = free_port()  # its own issuer it would ask while it stops
    text = ISSUED.format(port=free_port())
    path = project(tmp_path, re.sub(r"http://127\.0\.0\.1:\d+", f"http://127.0.0.1:{nobody}", text))
    async with serving(path) as app:
        [former] = app._data._parts.keys._sets
        await app.reload(swap(path, "/issuer", "/elsewhere"))
        [latter] = app._data._parts.keys._sets
        assert former.issuer.endswith("/issuer")
        assert latter.issuer.endswith("/elsewhere")


# -- stop ---------------------------------------------------------------------------------------------


async def test_stop_lets_a_running_request_finish_and_closes_idle_connections(tmp_path):
    async with holding() as backend:
        path = project(
            tmp_path,
            f"apis: {{a: {{routes: {{$default: {{http: 'http://{backend.address}'}}}}}}}}\n",
        )
        app = Frontdesk(read(path))
        await app.start()
        [address], admin = app.addresses, app.config.admin.listen
        with connect(address) as idle:
            slow = later(call, address)
            await backend.asked.wait()
            stopping = asyncio.create_task(app.stop())
            assert await asyncio.to_thread(read_to_end, idle) == b""
        assert not listens(address)
        assert (await get(admin, "/healthz")).status == 200  # an operator can look to the end
        assert not stopping.done()
        backend.release()
        assert (await asyncio.wrap_future(slow)).body == b"held"
        await asyncio.wait_for(stopping, 30)
        assert not listens(admin)


async def test_stop_waits_no_longer_than_the_drain_time(tmp_path):
    async with holding() as backend:
        config = f"apis: {{a: {{routes: {{$default: {{http: 'http://{backend.address}'}}}}}}}}\n"
        app = Frontdesk(read(project(tmp_path, config + "limits: {drain: 100ms}\n")))
        await app.start()
        slow = later(call, app.addresses[0])
        await backend.asked.wait()
        await asyncio.wait_for(app.stop(), 30)
        with pytest.raises(ConnectionError):
            await asyncio.wrap_future(slow)
        await asyncio.wait_for(backend.gone.wait(), 30)


async def test_a_cancelled_stop_waits_no_longer_and_closes_the_rest(tmp_path):
    code = "import time\ndef answer(event, context): time.sleep(300)"
    app = Frontdesk(
        read(project(tmp_path, FUNCTION.replace("f.answer", "f.answer, timeout: 5m"), f=code))
    )
    await app.start()
    slow = later(call, app.addresses[0], "GET", "/f")
    await asyncio.to_thread(until, lambda: app._functions._calls)
    stopping = asyncio.create_task(app.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(stopping, 30)
    with pytest.raises(ConnectionError):
        await asyncio.wrap_future(slow)
    assert not listens(app.config.admin.listen)
    assert not descendants(os.getpid())


async def test_stop_before_start_and_twice_is_nothing(tmp_path):
    app = Frontdesk(read(project(tmp_path, MOCKS)))
    await app.stop()
    async with serving(project(tmp_path, MOCKS)) as app:
        await app.stop()


# -- the access log -----------------------------------------------------------------------------------


async def test_the_access_log_has_a_line_for_each_request_and_none_of_health_checks(tmp_path):
    path = project(tmp_path, MOCKS + "logs: {access: {path: access.log}}\n")
    async with serving(path) as app:
        for target in ("/old", "/nothing"):
            await get(app.addresses[0], target)
        await get(app.config.admin.listen, "/healthz")
    lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert [int(line["status"]) for line in lines] == [200, 404]


async def test_a_developer_gets_readable_lines_unless_the_file_asks_for_others(tmp_path):
    path = project(tmp_path, MOCKS + "logs: {access: {path: access.log}}\n")
    async with serving(path, development=True) as app:
        await get(app.addresses[0], "/old")
    assert (tmp_path / "access.log").read_text().startswith("200 GET /old ")


async def test_an_access_log_that_is_off_writes_nothing(tmp_path, capfd):
    async with serving(project(tmp_path, MOCKS)) as app:
        assert (await get(app.addresses[0], "/old")).status == 200
        app.reopen_logs()
    assert capfd.readouterr() == ("", "")


async def test_reopened_logs_go_on_in_a_new_file(tmp_path):
    path = project(
        tmp_path, MOCKS + "logs: {access: {path: access.log, format: '$context.path'}}\n"
    )
    async with serving(path) as app:
        await get(app.addresses[0], "/old")
        (tmp_path / "access.log").rename(tmp_path / "access.log.1")
        app.reopen_logs()
        await get(app.addresses[0], "/new")
    assert (tmp_path / "access.log.1").read_text() == "/old\n"
    assert (tmp_path / "access.log").read_text() == "/new\n"


async def test_lines_of_functions_are_echoed(tmp_path):
    told = []
    path = project(tmp_path, FUNCTION, f="def answer(event, context): print('booked'); return 1")
    async with serving(path, echo=lambda function, line: told.append((function, line))) as app:
        await get(app.addresses[0], "/f")
    assert ("f", "booked") in told
    assert "booked" in (tmp_path / ".frontdesk" / "logs" / "f.log").read_text()


@pytest.fixture(autouse=True)
def _no_errors_are_logged(caplog):
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_function_that_a_reload_removes_is_there_until_the_new_plan_is_in_force(
    tmp_path, monkeypatch
):
    path = project(tmp_path, FUNCTION, f="def answer(event, context): return 'still here'")
    async with serving(path) as app:
        adopt, answers = app._data.adopt, []

        async def slow_adopt(candidate):
            answers.append((await get(app.addresses[0], "/f")).body)
            await adopt(candidate)

        monkeypatch.setattr(app._data, "adopt", slow_adopt)
        path.write_text(path.read_text().replace("functions: {f: {handler: f.answer}}", "")
                        .replace("{function: f}", "{mock: {body: gone}}"))  # fmt: skip
        await app.reload(read(path))
        assert answers == [b"still here"]
        assert (await get(app.addresses[0], "/f")).body == b"gone"
