"""Lists of the admin API: each is told in parts of a bounded size, however much there is."""

import asyncio
import json
from datetime import date, timedelta
from itertools import product
from urllib.parse import quote

import pytest

from frontdesk.app.actions import MOST
from frontdesk.app.admin_requests import ROWS
from frontdesk.ports.usage import Row
from tests.live.calls import call, free_port
from tests.live.gateways import project, serving

BOUNDED = {
    "/api/overview": "the first of each kind",
    "/api/metrics/history": "a day, in steps",
    "/api/requests/{id}": "bodies up to 4 KiB, fields as the server takes them",
    "/api/routes/compiled": "one route",
    "/api/routes/explain": "one request",
    "/versions": "of the file",
    "/canaries": "of the file",
    "/cache": "counts",
    "/api/keys/{key}": "one",
    "/api/plans": "of the file",
    "/api/sockets/{connection}": "one",
    "/api/upstreams": "of the file",
    "/api/upstreams/{upstream}": "one",
    "/api/functions/{function}/log": "64 KiB",
    "/invocations": "functions of the file, and a count",
    "/api/state-machines/{machine}/graph.svg": "a definition of 1 MiB at most",
    "/api/executions/{execution}": "one",
    "/api/executions/{execution}/graph.svg": "a definition of 1 MiB at most",
    "/api/executions/{execution}/states": "the last visits",
    "/api/executions/{execution}/definition": "1 MiB",
    "/api/executions/{execution}/steps": "a hundred",
    "/api/map-runs/{run}": "one",
    "/queues/{queue}": "one",
    "/queues/{queue}/message": "one",
    "/records": "of the file",
    "/records/{module}/item": "one",
    "/api/inbox": "of the file",
    "/api/inbox/delivery": "one",
    "/webhooks/apps": "a hundred",
    "/webhooks/apps/{app}/endpoints": "a hundred",
    "/webhooks/apps/{app}/endpoints/{endpoint}": "one",
    "/webhooks/apps/{app}/endpoints/{endpoint}/deliveries": "a hundred",
    "/webhooks/apps/{app}/messages": "a hundred",
    "/webhooks/apps/{app}/messages/{message}": "a hundred of its deliveries",
    "/api/config": "the files",
    "/api/config/history": "ten",
    "/api/doctor": "a check of each kind",
    "/api/openapi.json": "these requests",
}
"""What bounds an answer that is asked for without `most`."""


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.method == "GET"], ids=lambda row: row.path
)
def test_every_list_says_how_much_of_it_is_told_at_most(row):
    most = row.query.get("most") or row.query.get("last")
    assert (most is None) == (row.path in BOUNDED)
    assert most is None or most["maximum"] <= MOST


MACHINE = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
NAMES = ("a", "b", "c")
FILE = {
    "plans": {"small": {"apis": "shop", "quota": "100/month"}},
    "keys": {name: {"value": f"value-of-the-key-of-{name}", "plan": "small"} for name in NAMES},
    "functions": {name: {"handler": "app.f"} for name in NAMES},
    "queues": {name: {} for name in NAMES},
    "state_machines": {name: {"definition": MACHINE} for name in NAMES},
    "outgoing_webhooks": {},
    "apis": {
        "shop": {"routes": {f"GET /{name}": {"mock": {"status": 200}} for name in NAMES}},
    },
}
DAY = date(2026, 11, 21)


@pytest.fixture
async def ask(tmp_path):
    """Ask a gateway that has three of everything."""
    admin = {"listen": f"127.0.0.1:{free_port()}", "token": "t" * 20}
    file = "\n".join(
        f"{key}: {json.dumps(value)}" for key, value in {**FILE, "admin": admin}.items()
    )
    bearer = {"Authorization": f"Bearer {admin['token']}"}
    async with serving(project(tmp_path, file, app="def f(event, context): return event")) as app:

        async def ask(method, target, given=None):
            body = b"" if given is None else json.dumps(given).encode()
            answer = await asyncio.to_thread(
                call, admin["listen"], method, target, body=body, headers=bearer
            )
            return answer.status, answer.json

        ask.app = app
        for name in NAMES:
            user = {"role": "viewer", "password": "a password of users"}
            for method, target, given in (
                ("PUT", f"/api/users/{name}", user),
                ("POST", "/api/secrets/set", {"name": name, "value": "hush"}),
                ("POST", "/queues/a/send", {"MessageBody": name}),
                ("POST", "/api/state-machines/a/executions", {"name": name}),
            ):
                status, told = await ask(method, target, given)
                assert status < 300, told
        yield ask


LISTS = {
    "/api/users": ("users", 3),
    "/api/audit": ("changes", 12),
    "/api/secrets": ("secrets", 3),
    "/api/keys": ("keys", 3),
    "/api/routes": ("apis", 3),
    "/api/functions": ("functions", 3),
    "/api/functions/a": ("versions", 1),
    "/api/state-machines": ("machines", 3),
    "/api/state-machines/a/executions": ("executions", 3),
    "/queues": ("queues", 3),
    "/queues/a/messages": ("messages", 3),
    "/api/check": ("findings", None),
}


async def test_a_list_is_told_part_by_part(ask):
    for path, (member, number) in LISTS.items():
        seen, after = [], ""
        while after is not None:
            part = f"token={quote(after)}" if path.endswith("executions") else f"after={after}"
            status, told = await ask("GET", f"{path}?most=2&{part}")
            assert status == 200, told
            here = told[member]
            here = [one for api in here for one in api["routes"]] if member == "apis" else here
            assert len(here) <= 2, path
            seen += here
            after = told["next"] or None
        assert number is None or len(seen) == number, path
        assert len({json.dumps(one) for one in seen}) == len(seen), path


async def test_no_part_is_larger(ask):
    wrong = ["most=1001", "most=0", "most=x", "most=" + "9" * 5000]
    for path, asked in product(LISTS, wrong):
        status, told = await ask("GET", f"{path}?{asked}")
        capped = status == 200 and path.endswith("executions")  # as AWS's lists do
        assert capped or (400 <= status < 500 and told["message"]), path


async def test_use_of_many_keys_is_told_in_parts_that_agree(ask):
    days = [str(DAY - timedelta(days=back)) for back in range(40)]
    numbers = range(60)
    rows = [Row(f"k{at:02}", "small", day, 2) for day in days for at in numbers]
    await ask.app._stores.usage.add(rows)
    span = f"from={days[-1]}&to={days[0]}"
    seen, after = [], ""
    while after is not None:
        _, told = await ask("GET", f"/api/usage?{span}&after={quote(after)}")
        assert len(told["usage"]) <= MOST
        seen += told["usage"]
        after = told["next"] or None
    assert [(each["day"], each["key"]) for each in seen] == sorted(
        (row.day, row.key) for row in rows
    )
    left = {each["day"]: each["remaining"] for each in seen if each["key"] == "k07"}
    assert (left["2026-10-31"], left["2026-11-01"], left["2026-11-21"]) == (62, 98, 58)
    _, some = await ask("GET", f"/api/usage?{span}&keys=k07,k08&plan=small&most=5")
    assert [each["key"] for each in some["usage"]] == ["k07", "k08", "k07", "k08", "k07"]
    assert await ask("GET", "/api/usage?after=x") == (
        422,
        {"message": "expected for after what `next` has said: x", "hint": "", "findings": []},
    )
