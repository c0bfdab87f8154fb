"""What a process measures of itself."""

import asyncio
import gc

from frontdesk.base.telemetry import Histogram, Registry
from frontdesk.gateway.telemetry import process
from frontdesk.gateway.telemetry.process import GcPauses, LoopLag, process_samples


async def test_a_process_tells_what_it_uses_and_what_it_is():
    found = {name: (labels, value) for name, labels, value in process_samples()}
    assert found["process_cpu_seconds_total"][1] > 0
    assert found["process_resident_memory_bytes"][1] > 10 * 1024**2
    labels, value = found["frontdesk_build_info"]
    assert (labels[2], value) == ("asyncio", 1)


async def test_the_lag_is_looked_at_again_and_again(monkeypatch):
    monkeypatch.setattr(process, "PERIOD", 0.001)
    seen, thrice = [], asyncio.Event()

    def observe(lag):
        seen.append(lag)
        if len(seen) == 3:
            thrice.set()

    monkeypatch.setattr(Histogram, "observe", lambda _histogram, lag: observe(lag))
    lag = LoopLag(Registry())
    lag.start()
    await thrice.wait()
    lag.close()
    assert min(seen) >= 0


def test_collections_of_garbage_are_timed_while_somebody_listens():
    registry, seconds = Registry(), iter(range(100))
    pauses = GcPauses(registry, lambda: float(next(seconds)))
    pauses.start()
    gc.collect()
    pauses.close()
    pauses.close()
    gc.collect()
    ((_, _, value),) = registry.snapshot()
    assert value[-1] == sum(value[:-1]) == 1
