"""The three plans of a clinic under real load: whatever one key does, no other one gets less."""

import asyncio
import http.client
import json
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from frontdesk.app.asking import ask
from frontdesk.config.load import load
from frontdesk.ports.usage import Row
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.usage import SqliteUsage
from tests.live.calls import PATIENCE, call_at_once
from tests.live.gateways import gateway, project

CONFIG = """
apis:
  partners:
    routes:
      GET /slots: {mock: {body: free}, api_key: true}
plans:
  small: {apis: partners, throttle: {rate: 50/s, burst: 50}, quota: "1,000/d"}
  medium: {apis: partners, throttle: {rate: 200/s, burst: 200}, quota: "50,000/d"}
  large: {apis: partners, throttle: {rate: 500/s, burst: 500}}
keys:
  small_a: {plan: small, value: "small-a-0123456789abcdef"}
  small_b: {plan: small, value: "small-b-0123456789abcdef"}
  medium_a: {plan: medium, value: "medium-a-0123456789abcdef"}
  medium_b: {plan: medium, value: "medium-b-0123456789abcdef"}
  large_a: {plan: large, value: "large-a-0123456789abcdef"}
"""
BEFORE = {"small_a": ("small", 900), "medium_a": ("medium", 49_950)}
"""Requests that these keys have made today before the gateway starts."""

CLIENTS = 2
"""Connections of each key."""

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG)


def today():
    return datetime.now(UTC).date().isoformat()


def use_before(folder):
    async def add():
        database = Database.open(folder / ".frontdesk" / "frontdesk.db")
        rows = [Row(key, plan, today(), count) for key, (plan, count) in BEFORE.items()]
        await SqliteUsage(database).add(rows)
        database.close()

    asyncio.run(add())


def load_of(address, key, go_on):
    """Ask on connections of its own while `go_on(answers so far)`; count the answers by their words."""
    told: Counter[str] = Counter()
    lock = threading.Lock()

    def client():
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        while True:
            with lock:
                if not go_on(told):
                    break
                told["asked"] += 1
            headers = {"X-Api-Key": key.replace("_", "-") + "-0123456789abcdef"}
            connection.request("GET", "/slots", headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode()
            with lock:
                told[json.loads(body)["message"] if answer.status != 200 else body] += 1
        connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        for each in [pool.submit(client) for _ in range(CLIENTS)]:
            each.result(4 * PATIENCE)
    return told


def times(count):
    return lambda told: told["asked"] < count


LOADS = {
    "small_a": lambda told: told["Limit Exceeded"] == 0,
    "small_b": times(40),
    "medium_a": times(80),
    "medium_b": times(150),
    "large_a": times(400),
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_key_that_is_exhausted_touches_no_other(path, workers):
    path.write_text(f"workers: {workers}\n{path.read_text()}")
    use_before(path.parent)
    day = today()
    with gateway(path) as running, ThreadPoolExecutor(len(LOADS)) as pool:
        futures = {
            key: pool.submit(load_of, running.address, key, go_on) for key, go_on in LOADS.items()
        }
        told = {key: future.result() for key, future in futures.items()}
        if today() != day:
            pytest.skip("midnight gave everybody a new quota")
        assert told["small_a"]["free"] == 100, "not one beyond the quota, not one less"
        assert told["small_a"]["Limit Exceeded"] <= CLIENTS
        assert told["small_b"] == {"asked": 40, "free": 40}
        assert told["medium_a"] == {"asked": 80, "free": 50, "Limit Exceeded": 30}
        assert told["medium_b"] == {"asked": 150, "free": 150}
        assert told["large_a"] == {"asked": 400, "free": 400}
        running.process.signal(signal.SIGTERM)
        assert running.process.wait() == 0
    with gateway(path) as running:
        assert load_of(running.address, "small_a", times(1))["Limit Exceeded"] == 1
        assert used(path, day) == {
            "small_a": 1000,
            "small_b": 40,
            "medium_a": 50_000,
            "medium_b": 150,
            "large_a": 400,
        }


def used(path, day):
    admin = load([path], {}).config.admin
    _, answer = ask(admin, "GET", f"/api/usage?from={day}&to={day}")
    return {row["key"]: row["requests"] for row in answer["usage"]}


def test_what_was_reported_survives_a_kill(path):
    day = today()
    with gateway(path) as running:
        assert load_of(running.address, "small_a", times(20))["free"] == 20
        assert used(path, day)["small_a"] == 20
        running.process.signal(signal.SIGKILL)
        running.process.wait()
    with gateway(path) as running:
        assert used(path, day)["small_a"] == 20
        assert load_of(running.address, "small_a", times(5))["free"] == 5
        assert used(path, day)["small_a"] == 25


def test_a_revoked_key_is_refused_by_all_workers_at_once(path):
    path.write_text(f"workers: 2\n{path.read_text()}")
    admin = load([path], {}).config.admin
    with gateway(path) as running:
        _, made = ask(admin, "POST", "/api/keys", {"name": "new", "plans": ["large"]})
        headers = {"X-Api-Key": made["value"]}
        for action, status in (("", 200), ("revoke", 403), ("enable", 200), ("revoke", 403)):
            if action:
                assert ask(admin, "POST", f"/api/keys/new/{action}")[0] == 200
            answers = call_at_once(running.address, 16, "/slots", headers=headers)
            assert {answer.status for answer in answers} == {status}
