"""Owns how samples are written for Prometheus: its text format 0.0.4, and OpenMetrics 1.0.

Ours rather than a library's, because it can be done in slices: a scrape of 2,000 histograms must not
hold the event loop, and a thread would hold the interpreter as long.
Source: Prometheus, "Exposition formats"; the OpenMetrics specification.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from frontdesk.base.metrics import METRICS
from frontdesk.base.telemetry import Labels, Metric, Sample


@dataclass(frozen=True, slots=True)
class Format:
    """One of the two formats. content_type: of the answer. counters: what a family's name lacks."""

    content_type: bytes
    counters: str
    end: str


TEXT: Final = Format(b"text/plain; version=0.0.4; charset=utf-8", "", "")
OPEN_METRICS: Final = Format(
    b"application/openmetrics-text; version=1.0.0; charset=utf-8", "_total", "# EOF\n"
)


def format_for(accept: bytes) -> Format:
    """Choose by the Accept field of the request; Prometheus asks for what it prefers."""
    return OPEN_METRICS if b"application/openmetrics-text" in accept else TEXT


def by_metric(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Bring together the samples of each metric, as the formats demand it."""
    families: dict[str, list[Sample]] = {}
    for sample in samples:
        families.setdefault(sample.name, []).append(sample)
    return families


def written(families: dict[str, list[Sample]], form: Format) -> Iterator[str]:
    """Write everything, in pieces of one series or one head each. Unknown names are left out."""
    for name, samples in families.items():
        metric = METRICS.get(name)
        if metric is None:
            continue
        family = name.removesuffix(form.counters) if metric.kind == "counter" else name
        yield f"# HELP {family} {metric.help}\n# TYPE {family} {metric.kind}\n"
        for sample in samples:
            yield _series(metric, sample)
    yield form.end


def _series(metric: Metric, sample: Sample) -> str:
    labels, value = _labels(metric.labels, tuple(sample.labels)), sample.value
    if isinstance(value, list):
        return _histogram(metric, labels, value)
    shown = f"{{{labels}}}" if labels else ""
    return f"{metric.name}{shown} {_number(value)}\n"


def _histogram(metric: Metric, labels: str, value: list[float]) -> str:
    *counts, total = value
    name, and_more = metric.name, f"{labels}," if labels else ""
    shown = f"{{{labels}}}" if labels else ""
    lines = [
        f'{name}_bucket{{{and_more}le="{bound}"}} {count:.0f}\n'
        for bound, count in zip(_bounds(metric.bounds), accumulate(counts), strict=True)
    ]
    lines.append(f"{name}_sum{shown} {_number(total)}\n{name}_count{shown} {sum(counts):.0f}\n")
    return "".join(lines)


@lru_cache(16)
def _bounds(bounds: tuple[float, ...]) -> tuple[str, ...]:
    return (*map(repr, bounds), "+Inf")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _labels(names: Labels, values: Labels) -> str:
    return ",".join(
        f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True) if value
    )


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
