"""Owns what operators see of functions: versions, aliases, processes, figures, the end of the log. Changes nothing.

Of environments only the names are told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.registry import Registry
from frontdesk.base import metrics
from frontdesk.base.telemetry import Sample
from frontdesk.config.load import Loaded
from frontdesk.functions.environment import RUNTIME
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from frontdesk.rules.metric_history import quantile_of

TAIL: Final = 64 * 1024
"""Bytes of a log that are read at once."""

_FAILED: Final = (metrics.FUNCTION_ERRORS.name, metrics.TIMEOUTS.name)

_COUNTED: Final = frozenset(
    (
        *_FAILED,
        metrics.INVOCATIONS.name,
        metrics.INVOKE_DURATION.name,
        metrics.COLDSTARTS.name,
        metrics.FUNCTION_THROTTLES.name,
    )
)
"""What has the name of a function for its first label."""


class FunctionFacts:
    """Of all functions of one gateway: those of the file, and of the Lambda API."""

    def __init__(
        self,
        loaded: Callable[[], Loaded],
        registry: Registry,
        host: FunctionHost,
        samples: Callable[[], Iterable[Sample]],
        logs: Path,
    ) -> None:
        """loaded: gives what is in force. samples: what is counted of functions. logs: folder of their files."""
        self._loaded = loaded
        self._registry = registry
        self._host = host
        self._samples = samples
        self._logs = logs

    def definitions(self) -> dict[str, FunctionDefinition]:
        """Return all that run here, by name."""
        made = {
            name: self._registry.definition(Target(name, "")) for name in self._registry.entries()
        }
        return dict(sorted({**made, **self._registry.of_file()}.items()))

    def all(self) -> list[dict[str, Any]]:
        """Tell of all, those that run elsewhere last."""
        figures, processes = self._figures(), self._processes()
        here = [
            self._told(definition, figures, processes) for definition in self.definitions().values()
        ]
        remote = self._loaded().config.remote_functions
        return [*here, *({"name": name, "of_file": True, "elsewhere": True} for name in remote)]

    def one(self, name: str) -> dict[str, Any] | None:
        """Tell all of one that runs here, its versions newest first; None: there is none."""
        definition = self.definitions().get(name)
        if definition is None:
            return None
        loaded = self._loaded()
        policy = self._registry.policy(Target(name, ""))
        return {
            **self._told(definition, self._figures(), self._processes()),
            "at": str(loaded.place("functions", name) or ""),
            "asynchronous": policy._asdict(),
            "versions": [
                self._version(each)
                for each in (definition.latest, *reversed([*definition.versions.values()]))
            ],
        }

    def log(self, name: str, after: int | None) -> dict[str, Any]:
        """Read what a function has written. after: the `next` of the last time; None: the end of it.

        `next` is below `after` when the file has been replaced by a shorter one. Raises: OSError.
        """
        try:
            with (self._logs / f"{name}.log").open("rb") as file:
                size = file.seek(0, 2)
                begin = max(0, size - TAIL) if after is None or after > size else after
                file.seek(begin)
                data = file.read(TAIL)
        except FileNotFoundError:
            return {"lines": [], "next": 0}
        whole = data.rfind(b"\n") + 1
        taken = data[: whole or len(data)]
        if after is None and begin:  # in the midst of a line
            taken = taken.partition(b"\n")[2]
        lines = taken.decode("utf-8", "replace").splitlines()
        return {"lines": lines, "next": begin + (whole or len(data))}

    def _told(
        self,
        definition: FunctionDefinition,
        figures: Mapping[str, dict[str, Any]],
        processes: Mapping[str, Counter[str]],
    ) -> dict[str, Any]:
        name, latest = definition.name, definition.latest
        states: Mapping[str, int] = processes.get(name, {})
        return {
            "name": name,
            "of_file": name in self._registry.of_file(),
            "elsewhere": False,
            **_settings(latest),
            "published": sorted(definition.versions, key=int),
            "aliases": [
                {"name": alias, "version": told.version, "weights": dict(told.weights)}
                for alias, told in definition.aliases.items()
            ],
            "concurrency": {
                "now": states.get("busy", 0),
                "reserved": definition.reserved_concurrency,
                "provisioned": sum(definition.provisioned.values()),
                "of_all": self._registry.pool,
            },
            "processes": {state: states.get(state, 0) for state in ("busy", "idle", "starting")},
            "figures": figures.get(name, _figures_of(())),
        }

    def _version(self, settings: FunctionSettings) -> dict[str, Any]:
        return {
            "version": settings.version,
            **_settings(settings),
            "code": str(settings.code),
            "layers": len(settings.layers),
            "environment": sorted(settings.environment),
        }

    def _processes(self) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for name, _version, state, _memory in self._host.census():
            found.setdefault(name, Counter())[state] += 1
        return found

    def _figures(self) -> dict[str, dict[str, Any]]:
        found: dict[str, list[Sample]] = {}
        for sample in self._samples():
            if sample.name in _COUNTED:
                found.setdefault(sample.labels[0], []).append(sample)
        return {name: _figures_of(samples) for name, samples in found.items()}


def _settings(settings: FunctionSettings) -> dict[str, Any]:
    return {
        "handler": settings.handler or " ".join(settings.command),
        "runtime": "provided" if settings.command else RUNTIME,
        "memory": settings.memory,
        "timeout": settings.timeout,
    }


def _figures_of(samples: Sequence[Sample]) -> dict[str, Any]:
    """Add up what was counted since the start. p50, p99: seconds; None: there were no calls."""
    sums: Counter[str] = Counter()
    buckets = [0.0] * (len(metrics.FUNCTION_SECONDS) + 1)
    for name, _labels, value in samples:
        if isinstance(value, list):
            if name == metrics.INVOKE_DURATION.name:
                buckets = [a + b for a, b in zip(buckets, value[:-1], strict=True)]
        else:
            sums[name] += int(value)
    return {
        "invocations": sums[metrics.INVOCATIONS.name],
        "errors": sum(sums[name] for name in _FAILED),
        "cold": sums[metrics.COLDSTARTS.name],
        "throttled": sums[metrics.FUNCTION_THROTTLES.name],
        "p50": quantile_of(buckets, metrics.FUNCTION_SECONDS, 0.5),
        "p99": quantile_of(buckets, metrics.FUNCTION_SECONDS, 0.99),
    }
