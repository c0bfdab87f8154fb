"""Owns times as they are said on the command line: how long ago, or when; and as lists show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from frontdesk.base.clock import SystemClock
from frontdesk.base.durations import parse_duration

TIME = "Such as 2h, or 2026-11-20."
"""The help of an option that `moment` reads; its metavar is TIME."""


def local_time(seconds: float) -> str:
    """Write seconds since 1970 as local time, as all lists have it."""
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def short_span(seconds: float | None) -> str:
    """Write how long something took, in seconds or milliseconds. None: `-`."""
    if seconds is None:
        return "-"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def zone_time(seconds: float, zone: ZoneInfo) -> str:
    """Write it as the wall clocks of a zone show it, with its name."""
    return f"{datetime.fromtimestamp(seconds, zone):%Y-%m-%d %H:%M:%S} {zone.key}"


def moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> float | None:
    """Read how long ago, or when (ISO 8601, by default in local time), as seconds since 1970."""
    if value is None:
        return None
    try:
        return SystemClock.time() - parse_duration(value)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            "expected how long ago, such as 2h, or a time such as 2026-11-20T09:30"
        ) from None
