"""The official suite of JSONata, through our layer over jsonata-python.

The cases lie beside the repository, in `shared/cases`, and are no part of it. What does not pass is listed with
its reason in `cases/jsonata_misses.json`: all else must, and what is listed must not.
"""

import json
from pathlib import Path

import pytest

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonata import UNDEFINED, JsonataError, compile_expression

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "jsonata"

if not FOLDER.is_dir():
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

GROUPS = json.loads((FOLDER / "groups.json").read_text())
DATASETS = json.loads((FOLDER / "datasets.json").read_text())
MISSES = json.loads((Path(__file__).parent / "cases" / "jsonata_misses.json").read_text())
LEAST_SHARE = 0.97
"""Of the cases that pass. AWS has no `$eval`, and neither have we: its 12 cases count as missed."""


def cases(group):
    """Yield (name, expression, case) but for those that measure time or depth by bounds of their own."""
    members = GROUPS[group]
    for file, member in members.items():
        if file.endswith(".jsonata"):
            continue
        for index, case in enumerate(member if isinstance(member, list) else [member]):
            if "timelimit" not in case:
                expression = case["expr"] if "expr" in case else members[case["expr-file"]]
                yield f"{group}/{file}#{index}", expression, case


def data_of(case):
    if "data" in case:
        return case["data"]
    return DATASETS[case["dataset"]] if case.get("dataset") else UNDEFINED


def expected(case):
    if "code" in case or "error" in case:
        return JsonataError, case.get("code") or case["error"]["code"]
    return UNDEFINED if case.get("undefinedResult") else case["result"]


def found(expression, case):
    try:
        return compile_expression(expression).evaluate(
            case.get("bindings") or {}, now=0, chance=Chance(b"suite"), data=data_of(case)
        )
    except JsonataError as error:
        return JsonataError, error.number


def same(one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == pytest.approx(other, rel=1e-12, abs=0)
    return one == other


def misses(group):
    return {
        name
        for name, expression, case in cases(group)
        if not same(found(expression, case), expected(case))
    }


@pytest.mark.parametrize("group", GROUPS)
def test_recorded_group(group):
    assert misses(group) == {name for name in MISSES if name.startswith(f"{group}/")}


def test_the_share_that_passes():
    total = sum(1 for group in GROUPS for _ in cases(group))
    assert total > 1600
    assert (total - len(MISSES)) / total >= LEAST_SHARE
