"""Owns a door that takes webhooks, in the test's own process, and whoever keeps them for it, played by the test."""

import asyncio
import contextlib
import hashlib
import json
from dataclasses import replace

from frontdesk.app.data_plane import DataPlane
from frontdesk.app.sockets import nodes_of_process
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError, UpstreamError
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import load
from frontdesk.gateway.identity.fetch import Fetched
from frontdesk.gateway.identity.vendors import Vendors
from frontdesk.gateway.pipeline.build import NO_SERVICES
from frontdesk.ports.inbox import Settled
from frontdesk.stores.memory.ledger import MemoryLedger
from tests.live.calls import call


class PlayedHooks:
    """Keeps deliveries in memory, each once.

    go_on: commits wait for it. began: one has begun. lost: the store is. result, error: of the handler; busy:
    another one is at work.
    """

    def __init__(self):
        self.taken = {}
        self.settled = []
        self.nonces = set()
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()
        self.lost = self.busy = False
        self.result, self.error = b"", ""

    async def settle(self, hook, proven, *, within):
        self.began.set()
        await self.go_on.wait()
        if self.lost:
            raise StoreError("disk full")
        if self.busy:
            return Settled("busy")
        self.settled.append((hook, proven))
        if proven.nonce in self.nonces:
            return Settled("replayed")
        if proven.nonce:
            self.nonces.add(proven.nonce)
        digest = hashlib.sha256(proven.body).digest()
        known = self.taken.setdefault((hook, proven.id), digest)
        first = len([each for each in self.settled if each[1].id == proven.id]) == 1
        outcome = "fresh" if first else "duplicate" if known == digest else "collision"
        return Settled(outcome, self.result, self.error)

    @property
    def last(self):
        return self.settled[-1][1]


class Published:
    """What vendors publish, by URL; fetched: what was asked for, and whether at public addresses only."""

    def __init__(self):
        self.pages = {}
        self.fetched = []

    async def get(self, url, _seconds, public):
        self.fetched.append((url, public))
        page = self.pages.get(url)
        if page is None:
            raise UpstreamError("connect", "nobody is there")
        return Fetched(200, {}, page) if isinstance(page, bytes) else Fetched(page)


class At:
    """A clock that stands at a time of day. now: seconds since 1970."""

    monotonic = staticmethod(SystemClock.monotonic)

    def __init__(self, now):
        self.now = now

    def time(self):
        return self.now


class HookDoor:
    """A door with its parts."""

    def __init__(self, address, hooks, published, clock, data):
        self.address, self.hooks, self.published = address, hooks, published
        self.clock, self.data = clock, data

    async def send(self, path, body=b"", headers=None, method="POST"):
        named = {} if headers is None else dict(headers)
        return await asyncio.to_thread(call, self.address, method, path, body=body, headers=named)


@contextlib.asynccontextmanager
async def hook_door(folder, config, *, now=None, env=None):
    """Serve a configuration (a mapping) whose webhooks the test keeps. now: of its clock; None: the real one."""
    path = folder / "frontdesk.yaml"
    usual = {"name": "test", "listen": "127.0.0.1:0", "logs": {"access": "off"}}
    path.write_text(json.dumps({**usual, **config}))
    loaded = load([path], env or {})
    clock = SystemClock() if now is None else At(now)
    wheel = Wheel(clock.monotonic())
    hooks, published = PlayedHooks(), Published()
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    data = DataPlane(loaded.config, MemoryLedger(), clock, wheel)
    data.lend(NO_SERVICES._replace(hooks=hooks), bytes(32))
    data._parts = replace(data._parts, vendors=Vendors(clock, published.get))
    data.open()
    await data.join(nodes_of_process())
    (address,) = await data.start(data.compile(loaded, {}))
    try:
        yield HookDoor(address, hooks, published, clock, data)
    finally:
        hooks.go_on.set()
        await data.drain()
        data.close()
        heartbeat.close()
