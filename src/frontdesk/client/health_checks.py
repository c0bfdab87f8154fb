"""Owns the probes of an upstream's targets: one request to each every so often, one timer for all.

Probes travel on the pools' connections, like requests, but to a target of their own choice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.client.pool import Pool
from frontdesk.rules.resilience.health import TargetHealth

_log = logging.getLogger("frontdesk.upstream")


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a target is asked. path: with query. interval, timeout: seconds. An answer from 200 to 399 is good."""

    path: str
    interval: float = 10.0
    timeout: float = 2.0


class HealthChecks:
    """The probes of one upstream. Nothing is asked before `start`."""

    def __init__(
        self,
        name: str,
        check: HealthCheck,
        targets: Sequence[tuple[Pool, TargetHealth]],
        *,
        wheel: Wheel,
        monotonic: Callable[[], float],
    ) -> None:
        """name: of the upstream, for the log."""
        self._name = name
        self._check = check
        self._targets = targets
        self._monotonic = monotonic
        self._timer = wheel.timer(self._turn)
        self._out: list[_Probe] = []
        self._started = False

    def start(self) -> None:
        """Ask for the first time, then again and again. Called once more it does nothing."""
        if not self._started:
            self._started = True
            self._timer.at(self._monotonic())

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self._give_up()

    def _turn(self) -> None:
        """End a round, or begin one."""
        now, check = self._monotonic(), self._check
        if self._out:
            self._give_up()
            self._timer.at(now + max(0.0, check.interval - check.timeout))
            return
        head = b"GET %b HTTP/1.1\r\nUser-Agent: frontdesk-health\r\n" % check.path.encode()
        self._out = [_Probe(head, health, self._told) for _, health in self._targets]
        self._timer.at(now + check.timeout)
        for (pool, _), probe in zip(self._targets, self._out, strict=True):
            pool.send(probe)

    def _give_up(self) -> None:
        """Stop waiting for the probes that are still out: they have failed."""
        out, self._out = self._out, []
        for probe in out:
            probe.give_up()

    def _told(self, probe: "_Probe") -> None:
        _log.warning(
            "target is %s again" if probe.health.up else "target is %s",
            "up" if probe.health.up else "down",
            extra={"upstream": self._name, "target": probe.address},
        )


class _Probe(Call):
    """One question to one target."""

    __slots__ = ("_on_change", "_over", "health")

    def __init__(
        self, head: bytes, health: TargetHealth, on_change: Callable[["_Probe"], None]
    ) -> None:
        super().__init__("GET", head)
        self.health = health
        self._on_change = on_change
        self._over = False

    def respond(
        self,
        status: int,
        fields: Fields,  # noqa: ARG002 - the status says it all
        body: bytes | Source,
        tunnel: Duplex | None,  # noqa: ARG002 - never asked for
    ) -> None:
        if type(body) is not bytes:
            body.cancel()  # type: ignore[union-attr]  # a Source
        self._settle(healthy=200 <= status < 400)

    def fail(self, error: UpstreamError) -> None:  # noqa: ARG002 - whatever it was
        self._settle(healthy=False)

    def give_up(self) -> None:
        """Wait no longer."""
        self.cancel()
        self._settle(healthy=False)

    def _settle(self, *, healthy: bool) -> None:
        if not self._over:
            self._over = True
            if self.health.probed(healthy=healthy):
                self._on_change(self)
