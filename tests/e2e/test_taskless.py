"""What a request must not cost: no Task and no timer of the loop, over real sockets.

The wheel's one repeating timer is nobody's, nor is the look for durable work that is due: both come as often as
the clock says, whatever is asked.
"""

import asyncio
import http.client
import time

import pytest
import uvloop

from frontdesk.app import development_issuer
from frontdesk.base.wheel import TICK
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.durable.driver import Driver, Pace
from tests.live.backends import Echo, threaded
from tests.live.calls import PATIENCE, call, free_port
from tests.live.gateways import project, serving

CONFIG = """
admin: {{listen: 127.0.0.1:{port}}}
logs: {{access: {{path: access.log}}}}
functions: {{f: {{handler: code.f}}}}
authorizers:
  people: {{type: jwt, issuer: "http://127.0.0.1:{port}/issuer", audience: [app], allow_http: true}}
apis:
  a:
    throttle: 100000/s
    cors: {{allow_origins: [https://app.example], allow_methods: [GET]}}
    routes:
      GET /mock: {{mock: {{body: ok}}}}
      GET /closed: {{mock: {{}}, authorizer: people}}
      GET /full: {{mock: {{}}, throttle: {{rate: 1/d, burst: 1}}}}
      ANY /proxied/{{proxy+}}:
        http: "http://{backend}/{{proxy}}"
        authorizer: people
        throttle: {{rate: 100000/s, by: $authorizer.sub}}
      GET /function: {{function: f}}
"""

REQUESTS = {
    "mock": ("GET", "/mock", 200, {}),
    "401": ("GET", "/closed", 401, {}),
    "404": ("GET", "/nothing", 404, {}),
    "429": ("GET", "/full", 429, {}),
    "preflight": (
        "OPTIONS",
        "/mock",
        204,
        {"headers": {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}},
    ),
    "proxied GET": ("GET", "/proxied/x", 200, {"token": True}),
    "proxied POST": ("POST", "/proxied/x", 200, {"token": True, "body": b"x" * 5000}),
    "function": ("GET", "/function", 200, {}),
}
WARM_UP, COUNTED = 5, 50


class Counting(uvloop.Loop):
    """Remembers what is put on it while it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = False
        self.tasks = []
        self.timers = []

    def create_task(self, coroutine, **keywords):
        if self.counts:
            self.tasks.append(coroutine)
        return super().create_task(coroutine, **keywords)

    def call_later(self, delay, callback, *arguments, **keywords):
        if self.counts:
            self.timers.append(callback)
        return super().call_later(delay, callback, *arguments, **keywords)

    def call_at(self, when, callback, *arguments, **keywords):
        if self.counts:
            self.timers.append(callback)
        return super().call_at(when, callback, *arguments, **keywords)


@pytest.mark.parametrize("persistent", [True, False], ids=["one-connection", "new-connections"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_creates_no_task_and_no_timer(tmp_path, name, persistent):
    method, target, status, rest = REQUESTS[name]

    def ask_repeatedly(loop, address, token):
        headers = rest.get("headers") or (
            {"Authorization": f"Bearer {token}"} if "token" in rest else {}
        )
        connection = http.client.HTTPConnection(str(address), timeout=PATIENCE)
        call(address, "GET", "/full")
        for number in range(WARM_UP + COUNTED):
            loop.counts = number >= WARM_UP
            connection.request(method, target, rest.get("body"), headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            if not persistent:
                connection.close()
        loop.counts = False
        connection.close()

    async def serve(backend):
        loop = asyncio.get_running_loop()
        config = CONFIG.format(port=free_port(), backend=backend)
        path = project(tmp_path, config, code="def f(event, context): return 1")
        async with serving(path, development=True) as app:
            token = development_issuer(app.config).token({}, audience="app")
            began = time.monotonic()
            await loop.run_in_executor(None, ask_repeatedly, loop, app.addresses[0], token)
            return loop.tasks, loop.timers, time.monotonic() - began

    with threaded(Echo) as backend, asyncio.Runner(loop_factory=Counting) as runner:
        tasks, timers, seconds = runner.run(serve(backend))
    # The driver of durable work looks for what is due as often as the clock says, too.
    looks = [task for task in tasks if task.__qualname__ == Driver._look.__qualname__]
    assert len(looks) <= seconds / Pace().look + 1
    beats = [timer for timer in timers if getattr(timer, "__func__", None) is Heartbeat._beat]
    assert [task for task in tasks if task not in looks] == []
    assert [timer for timer in timers if timer not in beats] == []
    assert len(beats) <= seconds / TICK + 1


def test_the_counting_loop_counts():
    async def work():
        loop = asyncio.get_running_loop()
        loop.counts = True
        await asyncio.create_task(asyncio.sleep(0))
        marks = [object(), object()]
        loop.call_later(60, marks[0].__repr__).cancel()
        loop.call_at(0, marks[1].__repr__).cancel()
        return len(loop.tasks), {timer.__self__ for timer in loop.timers} >= set(marks)

    with asyncio.Runner(loop_factory=Counting) as runner:
        assert runner.run(work()) == (1, True)
