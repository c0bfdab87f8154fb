"""Composes what one process tells of itself: what it counts, and the faces that show it."""

import os
from collections.abc import Callable

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import MAX_SERIES, AttemptObserver, Registry
from frontdesk.config.models.root import Config
from frontdesk.gateway.admin import Face
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.router import Door, GatewayPlan, TracedDoor
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.gateway.server.shared import NOBODY
from frontdesk.gateway.telemetry.backends import BackendMeter
from frontdesk.gateway.telemetry.functions import FunctionMeter
from frontdesk.gateway.telemetry.otlp import SpanExport
from frontdesk.gateway.telemetry.process import GcPauses, LoopLag, process_samples
from frontdesk.gateway.telemetry.requests import RequestMeter
from frontdesk.gateway.telemetry.scrape import MetricsFace, Samples
from frontdesk.gateway.telemetry.slow import SlowLog
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.http.forwarding import TrustedProxies

Log = Callable[[Exchange], None]


class Telemetry:
    """The counters of one process and what feeds them. Used on its event loop.

    registry: is there even where the file turns metrics off, for what is counted seldom; nobody is
    shown it then. metrics: the same for plans, None where nothing of a request is counted. tracer: begins
    spans of what is done behind the door, None where they are sent nowhere.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        counted = config.metrics
        self.registry = Registry(counted.series if counted else MAX_SERIES)
        self.metrics = self.registry if counted else None
        self.functions = FunctionMeter(self.registry)
        tracing = config.tracing
        self._spans: SpanExport | None = None
        if tracing is not None and tracing.otlp:
            self._spans = SpanExport(tracing.otlp, config.name, self.registry)
        self.traces = Traces(
            share=tracing.sample if tracing is not None else 0.0,
            exports=self._spans is not None,
            trusted=TrustedProxies(config.trusted_proxies),
        )
        self.tracer: Tracer | None = None
        if tracing is not None and self._spans is not None:
            self.tracer = Tracer(
                self._spans.record, clock, share=tracing.sample, random_bytes=os.urandom
            )
        self._traced = tracing is not None
        self._slow = config.logs.slow
        self._lag = LoopLag(self.registry)
        self._pauses = GcPauses(self.registry, clock.monotonic)

    def backend(self, name: str) -> AttemptObserver | None:
        """Make the observer of a backend, where such things are counted."""
        return None if self.metrics is None else BackendMeter(self.metrics, name)

    def keys_fetched(self, result: str) -> None:
        """Count a fetch of an issuer's keys."""
        self.registry.counter(metrics.JWKS_REFRESH, result).value += 1

    def handshake_failed(self, reason: str) -> None:
        """Count a client's TLS handshake that has failed."""
        self.registry.counter(metrics.HANDSHAKE_FAILURES, reason).value += 1

    def door(self, plan: GatewayPlan) -> Door:
        """Make where requests enter."""
        return TracedDoor(plan, self.traces) if self._traced else Door(plan)

    def around(self, log: Log) -> Log:
        """Return what takes each exchange that is over: the log, and what is only done for some."""
        if self._slow is not None:
            log = SlowLog(self._slow, self.registry, log).record
        return log if self._spans is None else self._spans.around(log)

    def of_unrouted(self, log: Log) -> Log:
        """Count, before the log, requests that are refused before they reach a plan."""
        if self.metrics is None:
            return log
        return RequestMeter(self.metrics, NOBODY, "", log).record

    def faces(self, samples: Samples) -> tuple[Face, ...]:
        """Make what the admin listener shows. samples: of this process and of those that serve for it."""
        return () if self.metrics is None else (MetricsFace(samples),)

    def start(self) -> None:
        """Begin to measure the process, on the running loop, and to send spans."""
        if self._spans is not None:
            self._spans.start()
        if self.metrics is not None:
            self.registry.collect(process_samples)
            self._lag.start()
            self._pauses.start()

    def close(self) -> None:
        """Measure and send no more."""
        if self._spans is not None:
            self._spans.close()
        self._lag.close()
        self._pauses.close()
