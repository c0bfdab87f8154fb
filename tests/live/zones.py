"""Owns the zone that local time is of, for a test."""

import contextlib
import time

import pytest


@contextlib.contextmanager
def local_zone(name):
    """Let local time be that of a zone, such as UTC or Europe/Berlin."""
    with pytest.MonkeyPatch.context() as there:
        there.setenv("TZ", name)
        time.tzset()
        yield
    time.tzset()
