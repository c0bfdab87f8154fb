"""What lives when a process begins to serve is never looked at again, and new garbage is still found."""

import gc
import weakref

import pytest

from frontdesk.app.collector import begin_to_serve


class Knot:
    """Refers to itself: only the collector frees it."""

    def __init__(self):
        self.self = self


@pytest.fixture(autouse=True)
def _as_before():
    thresholds, enabled = gc.get_threshold(), gc.isenabled()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    (gc.enable if enabled else gc.disable)()


def test_what_lives_is_left_alone():
    gc.disable()
    old = Knot()
    begin_to_serve()
    assert gc.get_freeze_count() > 0
    assert not any(one is old for one in gc.get_objects())


def test_later_garbage_is_found_without_being_asked_for():
    gc.disable()
    begin_to_serve()
    gone = weakref.ref(Knot())
    kept = [[] for _ in range(2 * gc.get_threshold()[0])]
    assert kept
    assert gone() is None
