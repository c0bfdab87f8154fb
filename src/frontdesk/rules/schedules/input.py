"""Owns what a schedule gives to its target: the input with AWS's placeholders, the default event, names. Pure.

Source: AWS, "Adding context attributes in EventBridge Scheduler"; EventBridge, "Scheduled Event".
"""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

import orjson

PLACEHOLDERS: Final = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
"""What may stand in an input as `<aws.scheduler.…>`."""

_PLACEHOLDER: Final = re.compile(r"<aws\.scheduler\.([a-z-]*)>", re.ASCII)


class Run(NamedTuple):
    """One attempt at one instant of a schedule. attempt: counts from 1."""

    arn: str
    instant: int
    attempt: int

    @property
    def name(self) -> str:
        """Of the schedule."""
        return self.arn.rpartition("/")[2]

    @property
    def key(self) -> str:
        """Of idempotency: the same on every attempt, and allowed as the name of an execution."""
        return f"{self.name}-{datetime.fromtimestamp(self.instant, UTC):%Y%m%dT%H%M%S}"


def schedule_arn(region: str, account: str, name: str) -> str:
    """Write the ARN of a schedule, which is in AWS's group `default`."""
    return f"arn:aws:scheduler:{region}:{account}:schedule/default/{name}"


def unknown_placeholders(text: str) -> list[str]:
    """List the words in `<aws.scheduler.…>` that stand for nothing."""
    return [word for word in _PLACEHOLDER.findall(text) if word not in PLACEHOLDERS]


def given(text: str | None, run: Run) -> str:
    """Write the JSON text that a target gets. text: JSON with placeholders; None: AWS's event."""
    if text is None:
        return orjson.dumps(_event(run)).decode()
    values = {
        "schedule-arn": run.arn,
        "scheduled-time": _time(run.instant),
        "execution-id": _digest(run, str(run.attempt))[:16],
        "attempt-number": str(run.attempt),
    }
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def _event(run: Run) -> dict[str, object]:
    _, _, _, region, account, _ = run.arn.split(":")
    digits = _digest(run, "event")
    return {
        "version": "0",
        "id": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": _time(run.instant),
        "region": region,
        "resources": [run.arn],
        "detail": {},
    }


def _time(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _digest(run: Run, of: str) -> str:
    """Write digits that are the same whoever works on the run, and after a crash."""
    return sha256(f"{run.arn}\0{run.instant}\0{of}".encode()).hexdigest()
