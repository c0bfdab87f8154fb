"""Owns what a run leaves behind: bench/out/result.json, and the tables made of it.

`python -m bench.report` writes the tables again from the JSON, without measuring.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Figure, Finding
from bench.result import Result
from bench.series import FULL

OUT = Path(__file__).parent / "out"
RESULT = OUT / "result.json"
TABLES = OUT / "RESULTS.md"


def recorded(result: Result, about: str, **circumstances: object) -> dict[str, Any]:
    """Return a row's result as JSON takes it. circumstances: when, how long, how busy before."""
    return {
        "about": about,
        **circumstances,
        "findings": [
            asdict(one) | {"goal": one.goal.text if one.goal else "", "verdict": one.verdict}
            for one in result.findings
        ],
        "series": [
            {
                "title": one.title,
                "rounds": {
                    name: [asdict(r) for r in rounds] for name, rounds in one.rounds.items()
                },
            }
            for one in result.series
        ],
        "settings": result.settings,
    }


def keep(name: str, row: dict[str, Any], machine: dict[str, Any]) -> None:
    """Put one row into the result file, beside the rows of earlier runs, and write the tables."""
    OUT.mkdir(exist_ok=True)
    document = json.loads(RESULT.read_text()) if RESULT.exists() else {"rows": {}}
    document["machine"] = machine
    document.setdefault("settings", {}).update(row.pop("settings"))
    document["rows"][name] = row
    RESULT.write_text(json.dumps(document, indent=1) + "\n")
    TABLES.write_text(tables(document))


def tables(document: dict[str, Any]) -> str:
    """Return Markdown: the machine, goals and findings of every row, then the rounds behind them."""
    machine = ", ".join(f"{name} {value}" for name, value in document["machine"].items())
    parts = ["# Results of the bench", "", f"Machine: {machine}.", "", "## Against the goals", ""]
    parts += _goal_lines(document["rows"])
    parts += ["", "## Rounds", ""]
    for name, row in document["rows"].items():
        parts += [f"### {name}: {row['about']}", "", _circumstances(row), ""]
        for series in row["series"]:
            parts += [series["title"], "", *_round_lines(series["rounds"]), ""]
    return "\n".join(parts).rstrip() + "\n"


def line(row: str, finding: Finding) -> str:
    """Return one finding as a line of text for the terminal."""
    figure = _span(finding.figure, finding.unit)
    goal = f"  goal {finding.goal.text}: {finding.verdict}" if finding.goal else ""
    note = f"  ({finding.note})" if finding.note else ""
    return f"  {row}: {finding.what}: {figure}{goal}{note}"


def _goal_lines(rows: dict[str, Any]) -> list[str]:
    lines = [
        "| row | what | median | lowest to highest | goal | | note |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    for name, row in rows.items():
        for one in row["findings"]:
            figure = Figure(**one["figure"])
            median = f"{number(figure.median)} {one['unit']}"
            span = f"{number(figure.low)} to {number(figure.high)}"
            cells = (name, one["what"], median, span, one["goal"], one["verdict"], one["note"])
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _round_lines(contenders: dict[str, list[dict[str, float]]]) -> list[str]:
    lines = [
        "| | req/s | lowest to highest | CPU µs | gateway core | load core | gateway | generator | MB | wrong |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    notes = []
    for name, rounds in contenders.items():
        of = {key: Figure.of([one[key] for one in rounds]) for key in rounds[0]}
        floor = "≥ " if of["load_core_busy"].median >= FULL else ""
        if of["gateway_core_busy"].median < FULL:
            notes.append(name)
        cells = (
            name,
            f"{floor}{number(of['rate'].median)}",
            f"{number(of['rate'].low)} to {number(of['rate'].high)}",
            f"{of['cpu'].median:.1f}",
            f"{of['gateway_core_busy'].median:.0%}",
            f"{of['load_core_busy'].median:.0%}",
            f"{of['gateway_busy'].median:.0%}",
            f"{of['generator_busy'].median:.0%}",
            f"{of['resident'].median / 1e6:.0f}",
            f"{sum(one['unexpected'] for one in rounds):.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    if notes:
        lines += ["", f"The gateway's core was not the limit for: {', '.join(notes)}."]
    return lines


def _circumstances(row: dict[str, Any]) -> str:
    told = ("measured", "rounds", "seconds", "load_average")
    return ", ".join(f"{name.replace('_', ' ')} {row[name]}" for name in told if name in row) + "."


def _span(figure: Figure, unit: str) -> str:
    return f"{number(figure.median)} {unit} ({number(figure.low)} to {number(figure.high)})"


def number(value: float) -> str:
    """Write a figure with about three digits that matter."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


if __name__ == "__main__":
    TABLES.write_text(tables(json.loads(RESULT.read_text())))
    print(TABLES.read_text())
