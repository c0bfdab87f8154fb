"""Owns the row of API keys: what a key, its plan and its throttle cost, and what 100,000 keys weigh."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.compared import cost
from bench.figures import Figure, Finding, at_most
from bench.frontdesk_under_test import PLANNED_DATA, planned
from bench.load import closed_loop
from bench.measure import resident_bytes
from bench.probe import Probe, get
from bench.process import running
from bench.result import Bench, Result, Series
from bench.scene import SMALL
from bench.series import Contender, race

FEW, MANY = 500, 100_000
"""As many different keys come with requests of both: what differs is how many there are."""


def keys_row(bench: Bench) -> Result:
    """Proxy with a key, a plan and its throttle, and without; with 500 keys and with 100,000."""
    bare = get(["/open/a1"], length=len(SMALL))
    with ExitStack() as stack:
        contenders, weights = [], {}
        for count in (FEW, MANY):
            server = planned(bench.scene, count)
            values = fill(bench.scene.folder / PLANNED_DATA.format(count), count)
            running_ = stack.enter_context(running(server))
            probe = _with_keys(get(["/keyed/a1"] * 500, length=len(SMALL)), values)
            if count == FEW:
                contenders.append(Contender("bare", running_, bare))
            contenders.append(Contender(str(count), running_, probe))
            closed_loop(running_.server.port, probe, seconds=bench.effort.seconds)
            weights[count] = resident_bytes(running_.pid) / 1e6
        rounds = race(contenders, bench.effort)
    findings = [
        cost(rounds, str(FEW), "bare", "key, plan and throttle", at_most(30)),
        cost(rounds, str(MANY), str(FEW), "100,000 keys", at_most(3)),
        Finding("resident with 500 keys", Figure.of([weights[FEW]]), "MB"),
        Finding("resident with 100,000 keys", Figure.of([weights[MANY]]), "MB", at_most(120)),
    ]
    return Result(findings, [Series("Proxied, by number of API keys", rounds)])


def fill(folder: Path, count: int) -> list[str]:
    """Write live keys into the store of a gateway that does not run; return some of their values."""
    from frontdesk.app.history import STORE
    from frontdesk.app.keys import LiveKeys, Wanted
    from frontdesk.base.clock import SystemClock
    from frontdesk.config.models.root import Config
    from frontdesk.gateway.identity.key_registry import KeyRegistry
    from frontdesk.stores.sqlite.catalog import SqliteCatalog
    from frontdesk.stores.sqlite.database import Database

    values = [f"bench-key-{number:06}-0123456789" for number in range(count)]

    async def import_all() -> None:
        database = Database.open(folder / STORE)
        config = Config.model_validate({"name": "bench", "plans": {"ample": {"apis": "bench"}}})
        registry = KeyRegistry()

        async def tell(_keys: object) -> None:
            """Nobody serves yet."""

        keys = LiveKeys(
            SqliteCatalog(database, SystemClock()), registry, tell, lambda: config, SystemClock()
        )
        wanted = [Wanted(name=value, plans=("ample",), value=value) for value in values]
        await keys.import_all(wanted)
        database.close()

    asyncio.run(import_all())
    return values[:: max(count // 500, 1)]


def _with_keys(probe: Probe, values: list[str]) -> Probe:
    """Send the requests of a probe with a key each, in turn."""
    requests = [
        request.removesuffix(b"\r\n") + f"X-Api-Key: {values[at % len(values)]}\r\n\r\n".encode()
        for at, request in enumerate(probe.requests)
    ]
    return replace(probe, requests=tuple(requests))
