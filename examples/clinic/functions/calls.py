"""Calls of a practice as one JSON file each, in a folder for each practice: who opens the board late sees them too.

The folder stands in for the table that a real clinic would use.
"""

import json
import os
from pathlib import Path

SHOWN = 20
"""Calls that a board shows."""


def _folder(practice: str) -> Path:
    if not practice.isalnum():
        raise ValueError(f"no id of a practice: {practice!r}")
    calls = os.environ.get("CLINIC_CALLS") or Path(__file__).parents[1] / ".calls"
    folder = Path(calls) / practice
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save(practice: str, call: dict) -> dict:
    """Add what is new about a call, so that a crash leaves the old or the new file; return all of it."""
    if not call["id"].isalnum():
        raise ValueError(f"no id of a call: {call['id']!r}")
    target = _folder(practice) / f"{call['id']}.json"
    known = json.loads(target.read_text()) if target.exists() else {}
    whole = known | call
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(whole))
    draft.replace(target)
    return whole


def latest(practice: str) -> list[dict]:
    """Read the calls that began last, the newest first."""
    calls = [json.loads(path.read_text()) for path in _folder(practice).glob("*.json")]
    return sorted(calls, key=lambda call: call.get("started", ""), reverse=True)[:SHOWN]
