"""DBOS with the same work: a workflow of three steps that return what they are given. Arguments: URL, count, in flight.

Prints executions a second, and the median time of one alone in milliseconds, as JSON.
"""

import json
import os
import sys
import time
from statistics import median

from dbos import DBOS, DBOSConfig

from bench.process import GATEWAY_CORE

ALONE = 100


@DBOS.step()
def pay(order: dict[str, object]) -> dict[str, object]:
    return order


@DBOS.workflow()
def charge(order: dict[str, object]) -> dict[str, object]:
    return pay(pay(pay(order)))


def main(url: str, count: int, in_flight: int) -> None:
    """Run it, with so many threads as there are executions in flight."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "max_executor_threads": in_flight,
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    order = {"order": 7, "amount": 12.5, "customer": {"name": "Ada O'Neill"}}
    charge(order)
    began = time.perf_counter()
    waiting = []
    for _ in range(count):
        if len(waiting) == in_flight:
            waiting.pop(0).get_result()
        waiting.append(DBOS.start_workflow(charge, order))
    for handle in waiting:
        handle.get_result()
    rate = count / (time.perf_counter() - began)
    times = []
    for _ in range(ALONE):
        began = time.perf_counter()
        charge(order)
        times.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"rate": rate, "p50": median(times)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    os.sched_setaffinity(0, {GATEWAY_CORE})
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
