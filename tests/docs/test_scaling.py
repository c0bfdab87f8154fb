"""The page on several gateways: its example runs, on a real Redis and a real PostgreSQL."""

import asyncio

from frontdesk.rules.resilience.lease import BATCH
from frontdesk.stores.postgres.database import MOST
from tests.docs.pages import ROOT
from tests.live.backends import holding
from tests.live.calls import call, free_port
from tests.live.gateways import serving
from tests.live.servers import emptied, postgres_url, redis_server

PAGE = ROOT / "docs" / "scaling.md"


async def test_the_example_runs_twice_and_keeps_one_limit(tmp_path):
    (fence,) = [each for each in PAGE.read_text().split("```") if each.startswith("yaml\nname:")]
    text = fence.removeprefix("yaml\n").replace("0.0.0.0:8080", "127.0.0.1:0")
    text = text.replace("rate: 500/s, burst: 500", "rate: 3/d, burst: 3")
    async with emptied(postgres_url()), holding() as backend:
        backend.release()
        text = text.replace("10.0.0.5:9000", backend.address)
        with redis_server() as redis:
            env = {"DATABASE_URL": postgres_url(), "REDIS_URL": redis.url}
            paths = []
            for name in "ab":
                (tmp_path / name).mkdir()
                paths.append(tmp_path / name / "frontdesk.yaml")
                paths[-1].write_text(text.replace("8081", str(free_port())))
            async with serving(paths[0], env) as one, serving(paths[1], env) as other:
                told = [
                    (await asyncio.to_thread(call, each.addresses[0], "GET", "/slots")).status
                    for each in (one, other, one, other)
                ]
    assert told == [200, 200, 200, 429]


def test_the_numbers_of_the_page_are_those_of_the_code():
    text = PAGE.read_text()
    assert f"about as many as {BATCH} decisions" in text
    assert MOST == 10
    assert "up to ten connections" in text
