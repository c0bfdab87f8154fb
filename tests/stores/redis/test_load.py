"""Several processes on one Redis at twice the plan: never more than it allows, and all but nothing less."""

import json
import os
import subprocess
import sys
import time
from textwrap import dedent

import pytest

from tests.live.servers import redis_server

RATE = BURST = 1000

NODE = """
    import asyncio, json, sys
    from frontdesk.base.clock import SystemClock
    from frontdesk.base.wheel import Wheel
    from frontdesk.client.heartbeat import Heartbeat
    from frontdesk.config.secrets import Secret
    from frontdesk.ports.ledger import Rule
    from frontdesk.stores.redis.ledger import RedisLedger
    from frontdesk.stores.redis.link import Link

    URL, OFFERED, SECONDS, LIMIT, BURST = sys.argv[1], *map(float, sys.argv[2:])

    async def main():
        clock = SystemClock()
        wheel = Wheel(clock.monotonic())
        Heartbeat(wheel, clock).start()
        link = Link(Secret(URL), clock, wheel, meanwhile="nothing is admitted")
        ledger = RedisLedger(link, "load:", clock, wheel, alone=None)
        claims = [("plan", Rule("plan", int(LIMIT), 1.0, int(BURST)))]
        admitted = decisions = 0

        def count(_index, grant):
            nonlocal admitted
            admitted += grant.allowed

        print("ready", flush=True)
        sys.stdin.readline()
        began = now = clock.monotonic()
        while now < began + SECONDS:
            while decisions < (now - began) * OFFERED:
                decisions += 1
                answer = ledger.try_take_all(claims, now)
                count(*answer) if answer else ledger.ask(claims, now, count)
            await asyncio.sleep(0.002)
            now = clock.monotonic()
        lost = link.lost
        await ledger.close()
        print(json.dumps([admitted, decisions, ledger.round_trips, lost]))

    asyncio.run(main())
"""


def offer(processes, seconds):
    """Offer twice the plan; return what was admitted, decisions, round trips, and the seconds of it all."""
    with redis_server() as server:
        offered = 2 * RATE / processes
        told = [str(each) for each in (server.url, offered, seconds, RATE, BURST)]
        nodes = [
            subprocess.Popen(
                [sys.executable, "-c", dedent(NODE), *told],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ,
            )
            for _ in range(processes)
        ]
        try:
            for node in nodes:
                assert node.stdout.readline() == b"ready\n"
            began = time.monotonic()
            for node in nodes:
                node.stdin.write(b"go\n")
                node.stdin.flush()
            said = [json.loads(node.communicate(timeout=seconds + 60)[0]) for node in nodes]
            took = time.monotonic() - began
        finally:
            for node in nodes:
                node.kill()
                node.wait()
    admitted, decisions, round_trips, lost = zip(*said, strict=True)
    assert not any(lost)
    return sum(admitted), sum(decisions), sum(round_trips), took


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(2, id="short"),
        pytest.param(60, id="long", marks=[pytest.mark.soak, pytest.mark.timeout(300)]),
    ],
)
def test_processes_at_twice_the_plan_get_all_of_it_and_no_more(processes, seconds):
    admitted, decisions, round_trips, took = offer(processes, seconds)
    assert 0.98 * RATE * seconds <= admitted <= BURST + RATE * took
    if seconds >= 60:  # by then the small batches at the beginning do not count
        assert round_trips <= decisions / 50
