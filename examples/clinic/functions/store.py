"""Appointments as one JSON file each: a function keeps nothing between two calls.

The folder stands in for the table that a real clinic would use.
"""

import json
import os
from pathlib import Path


def _folder() -> Path:
    folder = Path(os.environ.get("CLINIC_STORE") or Path(__file__).parents[1] / ".appointments")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save(appointment: dict) -> None:
    """Write one appointment so that a crash leaves the old or the new one, never half."""
    target = _folder() / f"{appointment['id']}.json"
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(appointment))
    draft.replace(target)


def load(appointment_id: str) -> dict | None:
    """Read one appointment, or None. Ids are hexadecimal, so no path can leave the folder."""
    if not appointment_id or not all(char in "0123456789abcdef" for char in appointment_id):
        return None
    try:
        return json.loads((_folder() / f"{appointment_id}.json").read_text())
    except FileNotFoundError:
        return None
