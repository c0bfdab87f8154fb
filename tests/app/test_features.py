"""What a file does not ask for is not loaded, until something asks for it; what it asks for works."""

import asyncio
import subprocess
import sys
import threading

import pytest

from frontdesk.app.on_demand import services_of
from frontdesk.app.seal import seal_key
from frontdesk.base.errors import StoreError
from frontdesk.config.load import load
from frontdesk.gateway.pipeline.build import NO_SERVICES
from tests.live.calls import PATIENCE, call, free_port
from tests.live.gateways import project, serving

FEATURES = {
    "durable work": "frontdesk.durable",
    "journal": "frontdesk.stores.sqlite.journal",
    "state machines": "frontdesk.rules.asl.interpreter",
    "webhooks at the door": "frontdesk.gateway.pipeline.integrations.webhook",
    "schemes of webhooks": "frontdesk.rules.webhooks.schemes",
    "records": "frontdesk.records",
    "vault": "frontdesk.stores.vault",
    "admin API": "frontdesk.app.office",
    "console": "frontdesk.web",
    "wire APIs of AWS": "frontdesk.aws.sqs",
    "Lambda API": "frontdesk.aws.lambda_api",
    "REST APIs": "frontdesk.gateway.pipeline.order.rest",
    "templates": "frontdesk.rules.lang.vtl",
    "WebSocket APIs": "frontdesk.gateway.pipeline.order.websocket",
    "frames of WebSocket": "websockets.frames",
    "schedules": "frontdesk.rules.schedules",
}
"""Modules by what they are for: not in a gateway that only passes requests on, and in one that has it all."""

OTHERS = {
    "lints": "frontdesk.config.check",
    "documents of OpenAPI": "frontdesk.config.openapi.reading",
    "importers": "frontdesk.config.imports",
    "workers": "frontdesk.app.supervisor",
    "issuer of tokens": "frontdesk.gateway.identity.issuer",
    "PostgreSQL": "asyncpg",
    "Redis": "redis",
    "OpenTelemetry": "opentelemetry",
    "JSONata": "jsonata",
    "pages": "starlette",
    "their templates": "jinja2",
    "passwords": "argon2",
    "certificates": "cryptography.x509",
    "regular expressions of others": "re2",
    "AWS": "botocore",
    "zstd": "zstandard",
}

MINIMAL = """
apis:
  shop: {routes: {GET /health: {mock: {status: 200}}, "GET /open/{id}": {http: "http://127.0.0.1:9/{id}"}}}
"""
WITH_JOBS = "  jobs: {base_path: /jobs, routes: {POST /: {queue: jobs}}}\nqueues: {jobs: {}}\n"
FULL = """
queues: {jobs: {}}
records: {orders: {}}
webhooks: {pushes: {scheme: github, secret: a-secret-of-sixteen, dispatch: {default: ignore}}}
state_machines: {pay: {definition: {StartAt: A, States: {A: {Type: Succeed}}}}}
schedules: {nightly: {at: rate(1 day), state_machine: pay}}
apis:
  shop: {routes: {POST /pushes: {webhook: pushes}, POST /pay: {state_machine: pay}}}
  rest:
    type: rest
    base_path: /rest
    resources: {/a: {GET: {integration: {type: mock, request_templates: {application/json: '{"statusCode": 200}'}}}}}
  live: {type: websocket, base_path: /live, routes: {echo: {mock: {body: hello}}}}
"""

LOADED = """
import asyncio, sys
from pathlib import Path
import frontdesk.cli.serve
from frontdesk.app import Frontdesk
from frontdesk.cli.configured import read

async def main():
    app = Frontdesk(read((Path(sys.argv[1]),)))
    await app.start()
    for path in sys.argv[2:]:
        reader, writer = await asyncio.open_connection(*app.config.admin.listen)
        writer.write(f"GET {path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n".encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 200"), path
        writer.close()
    await app.stop()
    print(*sys.modules)

asyncio.run(main())
"""


def loaded(path, *asked):
    """Return the modules of a process that has run a project and asked its admin listener."""
    command = [sys.executable, "-c", LOADED, path, *asked]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(run.stdout.split())


def test_a_gateway_that_passes_requests_on_loads_nothing_else(tmp_path):
    modules = loaded(project(tmp_path, MINIMAL), "/healthz", "/readyz", "/metrics")
    there = {name for name, module in {**FEATURES, **OTHERS}.items() if module in modules}
    assert there == set()


def test_what_the_file_asks_for_is_loaded(tmp_path):
    modules = loaded(project(tmp_path, FULL), "/queues")
    lacking = {name for name, module in FEATURES.items() if module not in modules}
    assert lacking == set()


async def ask(app, target, **headers):
    answer = await asyncio.to_thread(call, app.config.admin.listen, target=target, headers=headers)
    return answer.status


async def test_the_office_opens_when_somebody_comes(tmp_path):
    async with serving(project(tmp_path, MINIMAL)) as app:
        assert [await ask(app, path) for path in ("/healthz", "/readyz", "/metrics")] == [200] * 3
        assert (app._office.part, app._works.part) == (None, None)
        assert await asyncio.gather(*(ask(app, "/queues") for _ in range(3))) == [200] * 3
        assert await ask(app, "/metrics") == 200
        assert app._works.part is not None


async def test_monitoring_with_the_token_opens_no_office_and_nobody_passes_without(tmp_path):
    admin = f"admin: {{listen: 127.0.0.1:{free_port()}, token: a-token-of-16-letters-or-more}}\n"
    bearer = {"Authorization": "Bearer a-token-of-16-letters-or-more"}
    async with serving(project(tmp_path, admin + MINIMAL)) as app:
        assert await ask(app, "/metrics", **bearer) == 200
        assert app._office.part is None
        assert await ask(app, "/metrics") == 401
        assert app._office.part is not None
        assert [await ask(app, "/queues"), await ask(app, "/queues", **bearer)] == [401, 200]


async def test_an_office_that_cannot_be_opened_is_tried_again(tmp_path, monkeypatch):
    async with serving(project(tmp_path, MINIMAL)) as app:
        with monkeypatch.context() as broken:
            broken.setattr("frontdesk.app.office.seal_key", _failing)
            assert await ask(app, "/queues") == 503
        assert await ask(app, "/queues") == 200


async def test_whoever_waits_for_the_office_at_a_stop_is_answered(tmp_path, monkeypatch):
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(catalog):
        begun.set()
        await goes_on.wait()
        return await seal_key(catalog)

    monkeypatch.setattr("frontdesk.app.office.seal_key", slow)
    async with serving(project(tmp_path, MINIMAL)) as app:
        listen = app.config.admin.listen
        waiting = asyncio.ensure_future(asyncio.to_thread(call, listen, target="/queues"))
        await begun.wait()
        stopping = asyncio.ensure_future(app.stop())
        answer = await waiting
        goes_on.set()
        await stopping
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.json["message"] == "the gateway stops"


async def _failing(_catalog):
    raise StoreError("the disk is full")


async def test_work_of_a_former_run_goes_on(tmp_path):
    path = project(tmp_path, f"{MINIMAL}queues: {{jobs: {{}}}}\n")
    async with serving(path) as app:
        queues = app._works.part.durable.queues.queues
        await queues.enqueue("jobs", b"{}", group="", same="", trace="")
    async with serving(project(tmp_path, MINIMAL)) as app:
        assert app._works.part is not None


async def test_a_reload_that_asks_for_work_begins_it(tmp_path):
    path = project(tmp_path, MINIMAL)
    async with serving(path) as app:
        assert app._works.part is None
        path.write_text(path.read_text() + WITH_JOBS)
        await app.reload(load([path], {}))
        answer = await asyncio.to_thread(call, app.addresses[0], "POST", "/jobs/", body=b"{}")
        assert answer.status == 202
        (jobs,) = app._works.part.durable.queues.queues.all()
        assert jobs.name == "jobs"


async def test_a_reload_reaches_what_is_being_opened_with_the_former_file(tmp_path, monkeypatch):
    path = project(tmp_path, MINIMAL)
    async with serving(path) as app:
        held, opening = threading.Event(), asyncio.Event()
        loop, work = asyncio.get_running_loop(), app._stores.work

        def slow():
            loop.call_soon_threadsafe(opening.set)
            held.wait(PATIENCE)
            return work()

        monkeypatch.setattr(app, "_stores", app._stores._replace(work=slow))
        first = asyncio.ensure_future(app._works.get())
        await opening.wait()
        path.write_text(path.read_text() + WITH_JOBS)
        reload = asyncio.ensure_future(app.reload(load([path], {})))
        loop.call_later(0.05, held.set)
        await asyncio.gather(first, reload)
        answer = await asyncio.to_thread(call, app.addresses[0], "POST", "/jobs/", body=b"{}")
        assert answer.status == 202


async def test_a_reload_whose_work_cannot_be_begun_changes_nothing(tmp_path, monkeypatch):
    path = project(tmp_path, MINIMAL)
    async with serving(path) as app:
        before = app.config
        path.write_text(path.read_text() + WITH_JOBS)
        with monkeypatch.context() as broken:
            broken.setattr(app, "_stores", app._stores._replace(work=_broken))
            with pytest.raises(StoreError):
                await app.reload(load([path], {}))
        assert app.config is before
        assert (
            await asyncio.to_thread(lambda: call(app.addresses[0], "POST", "/jobs/").status) == 404
        )
        await app.reload(load([path], {}))
        answer = await asyncio.to_thread(call, app.addresses[0], "POST", "/jobs/", body=b"{}")
        assert answer.status == 202


def _broken():
    raise StoreError("the disk is full")


async def test_what_the_door_asks_for_is_opened_by_the_first_call():
    calls = []

    class Port:
        async def enqueue(self, *given, **named):
            calls.append((given, named))
            return "id"

    async def services():
        return NO_SERVICES._replace(queues=Port())

    assert await services_of(services).queues.enqueue("jobs", b"", group="a") == "id"
    assert calls == [(("jobs", b""), {"group": "a"})]
