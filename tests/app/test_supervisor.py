"""A gateway with workers, seen from the process that supervises them."""

import asyncio
import os
import signal
import socket

import pytest
import uvloop

from frontdesk.app import supervisor
from frontdesk.app.supervisor import PAUSES, PROGRAM, Supervisor
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import ConfigError, StartError
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import load
from frontdesk.gateway.workers.process import WorkerProcess
from tests.live.calls import call_at_once, listens
from tests.live.gateways import project, serving
from tests.live.processes import descendants

AT_ONCE = 16

MOCKS = "apis: {a: {routes: {$default: {mock: {body: old}}}}}\n"


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, MOCKS)


async def bodies(app):
    """Ask on many connections at once; tell which answers there are."""
    answers = await asyncio.to_thread(call_at_once, app.addresses[0], AT_ONCE, "/")
    return {answer.body for answer in answers}


async def until(condition):
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0.01)


async def ready(app):
    await until(lambda: _is_ready(app))


async def _is_ready(app):
    return not await app._data.not_ready()


def renamed(path, body="new"):
    path.write_text(path.read_text().replace("body: old", f"body: {body}"))
    return load([path], {})


def pids(app):
    return [place.process.pid for place in app._data._places]


# -- start and stop -------------------------------------------------------------------------------------


async def test_nothing_is_left_when_it_has_stopped(path):
    async with serving(path, workers=3) as app:
        assert len(set(pids(app))) == 3
        assert await bodies(app) == {b"old"}
        address = app.addresses[0]
    assert not descendants(os.getpid())
    assert not listens(address)


async def test_what_keeps_workers_from_starting_is_told_and_nothing_is_left(tmp_path):
    path = project(tmp_path, MOCKS + "logs: {access: {path: gone/access.log}}\n")
    with pytest.raises(StartError, match=r"cannot write the access log: .*gone/access\.log"):
        async with serving(path, workers=2):
            pass
    assert not descendants(os.getpid())


async def test_workers_that_cannot_even_begin_are_told(path, monkeypatch):
    monkeypatch.setattr(supervisor, "PROGRAM", "frontdesk.no_such_program")
    with pytest.raises(StartError, match=r"worker \d exited with status 1"):
        async with serving(path, workers=2):
            pass
    assert not descendants(os.getpid())


@pytest.mark.parametrize(
    ("connections", "workers", "shares"),
    [(20000, 2, [10000, 10000]), (10, 4, [3, 3, 2, 2]), (1, 2, [1, 1])],
)
def test_connections_are_divided(tmp_path, connections, workers, shares):
    path = project(tmp_path, MOCKS + f"limits: {{max_connections: {connections}}}\n")
    clock = SystemClock()
    made = Supervisor(load([path], {}).config, clock, Wheel(clock.monotonic()), workers)
    assert [made._share(number) for number in range(1, workers + 1)] == shares


# -- workers that end -----------------------------------------------------------------------------------


async def test_a_worker_that_crashes_again_and_again_is_given_time_and_the_others_serve(
    path, tmp_path, monkeypatch, caplog
):
    (tmp_path / "crashes.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    async with serving(path, workers=2) as app:
        monkeypatch.setattr(supervisor, "PROGRAM", "crashes")
        monkeypatch.setattr(supervisor, "PAUSES", (0.0, 0.0, 0.1))
        first, second = pids(app)
        os.kill(first, signal.SIGKILL)
        told = "worker 1 exited with status 3; another one starts in 0.1 s"
        await until(lambda: _said(caplog, told))
        assert caplog.messages[0] == "worker 1 was killed by SIGKILL; another one starts now"
        assert "worker 1 starts" in await app._data.not_ready()
        assert pids(app)[1] == second
        await until(lambda: _silent(app))  # between two attempts its share goes to the others
        monkeypatch.setattr(supervisor, "PROGRAM", PROGRAM)
        await ready(app)
        assert await bodies(app) == {b"old"}


async def _said(caplog, message):
    return message in caplog.messages


async def _silent(app):
    return not app._data._places[0].sockets


async def test_a_replaced_worker_serves_what_was_loaded_whatever_files_say_now(tmp_path):
    path = project(tmp_path, MOCKS.replace("body: old", 'body: "${file:text}"'))
    (tmp_path / "text").write_text("as loaded")
    async with serving(path, workers=2) as app:
        (tmp_path / "text").write_text("changed")
        path.write_text("not even YAML: [")
        os.kill(pids(app)[0], signal.SIGKILL)
        await until(lambda: _is_not_ready(app))
        await ready(app)
        assert await bodies(app) == {b"as loaded"}


async def test_a_replaced_worker_leaves_alone_what_waits_for_a_restart(path):
    async with serving(path, workers=2) as app:
        renamed(path)
        path.write_text(path.read_text() + "limits: {max_header: 1KB}\n")
        text = path.read_text().replace(
            "listen: 127.0.0.1:0", "listen: ['127.0.0.1:0', '127.0.0.1:0']"
        )
        path.write_text(text)
        loaded = load([path], {})
        assert await app.reload(loaded) == ("listen", "limits.max_header")
        os.kill(pids(app)[0], signal.SIGKILL)
        await until(lambda: _is_not_ready(app))
        await ready(app)
        assert await bodies(app) == {b"new"}
        long = {"X": "a" * 4000}
        answers = await asyncio.to_thread(
            call_at_once, app.addresses[0], AT_ONCE, "/", headers=long
        )
        assert {answer.status for answer in answers} == {200}


async def test_a_taken_address_is_told_and_nothing_is_left(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        path = project(tmp_path, MOCKS + f"listen: ['127.0.0.1:0', '{taken}']\n")
        with pytest.raises(StartError, match=f"address already in use: {taken}"):
            async with serving(path, workers=2):
                pass
    assert not descendants(os.getpid())


def test_pauses_grow():
    assert list(PAUSES) == sorted(PAUSES)


# -- reload ---------------------------------------------------------------------------------------------


async def test_a_reload_reaches_every_worker(path):
    async with serving(path, workers=2) as app:
        await app.reload(renamed(path))
        assert await bodies(app) == {b"new"}


async def test_a_reload_that_one_worker_cannot_compile_changes_nothing_anywhere(path, monkeypatch):
    async with serving(path, workers=2) as app:
        unable = app._data._places[1].process
        order = WorkerProcess.order

        async def refuse(process, name, value=None):
            if process is unable and name == "prepare":
                raise StartError("no room for the plan", hint="make some")
            return await order(process, name, value)

        monkeypatch.setattr(WorkerProcess, "order", refuse)
        with pytest.raises(StartError, match="no room for the plan"):
            await app.reload(renamed(path))
        assert await bodies(app) == {b"old"}
        monkeypatch.undo()
        await app.reload(renamed(path))
        assert await bodies(app) == {b"new"}


async def test_a_file_that_cannot_be_compiled_reaches_no_worker(tmp_path):
    path = project(tmp_path, MOCKS)
    bad = "apis: {a: {routes: {$default: {http: {url: 'http://127.0.0.1:1/{nowhere}'}}}}}\n"
    async with serving(path, workers=2) as app:
        with pytest.raises(ConfigError):
            await app.reload(load([project(tmp_path, bad)], {}))
        assert await bodies(app) == {b"old"}


async def test_a_worker_that_starts_during_a_reload_serves_by_the_new_configuration(path):
    async with serving(path, workers=2) as app:
        os.kill(pids(app)[0], signal.SIGKILL)
        await until(lambda: _is_not_ready(app))
        await app.reload(renamed(path))
        await ready(app)
        assert await bodies(app) == {b"new"}


async def _is_not_ready(app):
    return not await _is_ready(app)


async def test_a_worker_that_cannot_take_over_is_replaced(path, monkeypatch, caplog):
    async with serving(path, workers=2) as app:
        before = pids(app)
        unable = app._data._places[1].process
        order = WorkerProcess.order

        async def refuse(process, name, value=None):
            if process is unable and name == "adopt":
                raise StartError("not now")
            return await order(process, name, value)

        monkeypatch.setattr(WorkerProcess, "order", refuse)
        await app.reload(renamed(path))
        await until(lambda: _said(caplog, "worker 2 cannot take the new configuration: not now"))
        await until(lambda: _is_not_ready(app))
        await ready(app)
        assert await bodies(app) == {b"new"}
        assert pids(app)[0] == before[0]
        assert pids(app)[1] != before[1]


async def test_requests_of_all_workers_are_seen_while_somebody_watches(path):
    async with serving(path, workers=2) as app:
        await bodies(app)
        seen = []
        app._data.watch(seen.append)
        await app._data.samples()  # an order that comes after it has been carried out by all
        await bodies(app)
        async with asyncio.timeout(30):
            while not seen:  # noqa: ASYNC110 - nothing says when
                await asyncio.sleep(0.01)
        assert {each["route"] for each in seen} == {"$default"}
        app._data.watch(None)
        await app._data.samples()
        del seen[:]
        await bodies(app)
        await app._data.samples()
        assert seen == []


# -- upstreams ----------------------------------------------------------------------------------------------


async def test_breakers_are_moved_in_all_workers_and_in_those_that_come(tmp_path):
    config = """
        upstreams: {billing: {url: "http://127.0.0.1:9", breaker: {failures: 5}}}
        apis: {a: {routes: {$default: {http: {upstream: billing, path: /}}}}}
    """
    async with serving(project(tmp_path, config), workers=2) as app:

        async def states():
            looks = await app._data.upstreams()
            return {number: look.breaker for number, (look,) in looks.items()}

        assert await states() == {1: "closed", 2: "closed"}
        told = []
        app.news.watch(frozenset({"breaker"}), lambda item: told.append(dict(item.document)))
        assert await app._data.order_breakers("billing", "isolated") == 2
        moved = {"upstream": "billing", "target": "", "state": "isolated"}
        await until(
            lambda: _is(sorted(told, key=str), [{**moved, "worker": 1}, {**moved, "worker": 2}])
        )
        os.kill(pids(app)[0], signal.SIGKILL)
        await until(lambda: _all_are(states, {1: "isolated", 2: "isolated"}))
        assert await app._data.order_breakers("billing", "closed") == 2
        assert await states() == {1: "closed", 2: "closed"}


async def _is(one, other):
    return one == other


async def _all_are(states, expected):
    return await states() == expected
