"""Owns the closed loop: wrk on the load core, one thread, a fixed number of busy connections.

A closed loop tells throughput. Its latencies leave out the waiting that a stalled server causes, so
only the one-connection rows use them; all other latencies come from `bench.openloop`.
"""

import json
import resource
import subprocess
import tempfile
from dataclasses import dataclass

from bench.probe import NUMBER, Probe
from bench.process import LOAD_CORE

_SCRIPT = """\
local requests = {{
{requests}
}}
local count, turn = #requests, 0
local began, sent = os.time(), 0
function request()
    turn = turn % count + 1
    local parts = requests[turn]
    if #parts == 1 then
        return parts[1]
    end
    sent = sent + 1
    return parts[1] .. string.format("%d%09d", began, sent) .. parts[2]
end
function done(summary, latency)
    io.stderr:write(string.format(
        '{{"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,' ..
        '"p50":%d,"p99":%d}}',
        summary.requests, summary.duration, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write +
        summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw.

    unexpected: answers on the wrong side of status 400, and broken connections. p50, p99: µs, of
    the closed loop. cpu: seconds that the generator itself used.
    """

    requests: int
    seconds: float
    unexpected: int
    p50: int
    p99: int
    cpu: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


def closed_loop(
    port: int, probe: Probe, *, seconds: float, connections: int = 64, scheme: str = "http"
) -> Load:
    """Send the probe's requests in turn for `seconds` (whole, at least 1) and wait for the figures."""
    used = _children_cpu()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        lines = ",\n".join(map(_parts, probe.requests))
        script.write(_SCRIPT.format(requests=lines))
        script.flush()
        finished = subprocess.run(
            [
                *("taskset", "-c", str(LOAD_CORE)),
                *("wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"),
                *("--timeout", "10s", "-s", script.name, f"{scheme}://127.0.0.1:{port}/"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
            timeout=seconds + 60,
        )
    seen = json.loads(finished.stderr.decode().splitlines()[-1])
    refused = seen["refused"]
    wrong = seen["requests"] - refused if probe.status >= 400 else refused
    return Load(
        requests=seen["requests"],
        seconds=seen["microseconds"] / 1e6,
        unexpected=wrong + seen["broken"],
        p50=seen["p50"],
        p99=seen["p99"],
        cpu=_children_cpu() - used,
    )


def _parts(request: bytes) -> str:
    """Write a request as Lua: a table of it, or of what stands around its number."""
    parts = request.decode("ascii").split(NUMBER.decode())
    # JSON's escapes of printable ASCII, CR and LF are Lua's as well.
    return f"{{{', '.join(map(json.dumps, parts))}}}"


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
