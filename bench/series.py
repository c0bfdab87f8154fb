"""Owns a series: contenders measured in interleaved rounds, and what each round shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Load, closed_loop
from bench.measure import busy_share, core_time, cpu_seconds, descendants, resident_bytes
from bench.probe import Probe, await_answer, check
from bench.process import GATEWAY_CORE, LOAD_CORE, Running, pin

CONNECTIONS = 64
WARM_REQUESTS = 5000
WARM_TRIES = 10
FULL = 0.95
"""A core this busy is the limit of a row."""

TOLERATED = 0.001
"""Share of wrong answers in all rounds that does not spoil a series yet."""


@dataclass(frozen=True)
class Effort:
    """How long and how often. seconds, warm_up: whole seconds of one round and before the first."""

    seconds: float = 10.0
    rounds: int = 5
    warm_up: float = 3.0


@dataclass(frozen=True)
class Contender:
    """A server and what it is asked in this series.

    tls_port: where it is asked by TLS; 0: without. Answers are checked without in any case.
    """

    name: str
    running: Running
    probe: Probe
    tls_port: int = 0


@dataclass(frozen=True)
class Round:
    """One run of the closed loop.

    rate: answers per second. cpu: µs of the gateway's process (or processes) per answer. *_busy: shares of a core, 0
    to 1. resident: bytes. p50, p99: µs, of the closed loop. unexpected: wrong answers.
    """

    rate: float
    cpu: float
    gateway_core_busy: float
    load_core_busy: float
    gateway_busy: float
    generator_busy: float
    resident: int
    p50: float
    p99: float
    requests: int
    unexpected: int


Rounds = dict[str, list[Round]]
"""By contender, in the order of the rounds."""


def race(
    contenders: Sequence[Contender], effort: Effort, *, connections: int = CONNECTIONS
) -> Rounds:
    """Warm everybody up and check the answers, then measure in turn: A B A B …

    Raises: ValueError when a contender answers wrongly before, in or after the rounds.
    """
    for contender in contenders:
        _warm_up(contender, effort, connections)
    rounds: Rounds = {contender.name: [] for contender in contenders}
    for _ in range(effort.rounds):
        for contender in contenders:
            rounds[contender.name].append(_measure(contender, effort.seconds, connections))
    for contender in contenders:
        check(contender.running.server.port, contender.probe)
        wrong = sum(one.unexpected for one in rounds[contender.name])
        if wrong > TOLERATED * sum(one.requests for one in rounds[contender.name]):
            raise ValueError(f"{contender.name} answered wrongly: {wrong} times")
    return rounds


def _warm_up(contender: Contender, effort: Effort, connections: int) -> None:
    port = contender.running.server.port
    pin(contender.running)
    await_answer(port, contender.probe)
    sent = 0
    for _ in range(WARM_TRIES):
        sent += _load(contender, effort.warm_up, connections).requests
        if sent >= WARM_REQUESTS:
            break
    pin(contender.running)
    check(port, contender.probe)


def _load(contender: Contender, seconds: float, connections: int) -> Load:
    return closed_loop(
        contender.tls_port or contender.running.server.port,
        contender.probe,
        seconds=seconds,
        connections=connections,
        scheme="https" if contender.tls_port else "http",
    )


def _gateway_seconds(running: Running) -> float:
    """CPU of the gateway's process; of its workers as well, where it may use all cores."""
    pids = [running.pid] if running.server.pinned else [running.pid, *descendants(running.pid)]
    return sum(map(cpu_seconds, pids))


def _measure(contender: Contender, seconds: float, connections: int) -> Round:
    pid = contender.running.pid
    gateway_core, load_core = core_time(GATEWAY_CORE), core_time(LOAD_CORE)
    used = _gateway_seconds(contender.running)
    load = _load(contender, seconds, connections)
    used = _gateway_seconds(contender.running) - used
    return Round(
        rate=load.rate,
        cpu=used / max(1, load.requests) * 1e6,
        gateway_core_busy=busy_share(gateway_core, core_time(GATEWAY_CORE)),
        load_core_busy=busy_share(load_core, core_time(LOAD_CORE)),
        gateway_busy=used / load.seconds,
        generator_busy=load.cpu / load.seconds,
        resident=resident_bytes(pid),
        p50=load.p50,
        p99=load.p99,
        requests=load.requests,
        unexpected=load.unexpected,
    )
