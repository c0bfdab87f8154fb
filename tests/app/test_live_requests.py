"""Requests that somebody watches: when they are, what is kept, who is told."""

import pytest

from frontdesk.app.live_requests import FAILED, KEPT, LEASE, ROW, LiveRequests
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel


class Clock:
    def monotonic(self):
        return 1000.0


class Watched:
    take = None

    def watch(self, take):
        self.take = take


def document(number, **said):
    return {
        **dict.fromkeys(ROW, ""),
        "status": 200,
        "id": f"r{number}",
        "requestHeaders": [],
        **said,
    }


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def wheel():
    return Wheel(1000.0)


@pytest.fixture
def news():
    return News()


@pytest.fixture
def live(watched, wheel, news):
    return LiveRequests(watched, news, Clock(), wheel)


def test_nobody_is_in_the_way_while_nobody_watches(live, watched):
    assert live.find("r1") is None
    assert watched.take is None


def test_whoever_watches_is_told_rows_and_nothing_more(live, watched, news):
    heard = []
    end = news.watch(frozenset(("request",)), heard.append)
    watched.take(document(1, path="/x"))
    assert [item.document for item in heard] == [
        {**dict.fromkeys(ROW, ""), "id": "r1", "path": "/x", "status": 200}
    ]
    assert live.find("r1")["requestHeaders"] == []
    end()
    assert watched.take is None


def test_other_topics_are_no_reason_to_watch(live, watched, news):
    news.watch(frozenset(("metric",)), print)
    assert watched.take is None


def test_asking_for_the_last_ones_watches_for_a_while(live, watched, wheel):
    assert live.last(5) == []
    watched.take(document(1))
    watched.take(document(2))
    assert [row["id"] for row in live.last(1)] == ["r2"]
    wheel.advance(1000.0 + LEASE + 1)
    assert watched.take is None
    assert [row["id"] for row in live.last(5)] == ["r2", "r1"]


def test_the_last_ones_are_kept_and_no_more(live, watched):
    live.last(1)
    for number in range(KEPT + 10):
        watched.take(document(number))
    assert len(live.last(KEPT + 10)) == KEPT
    assert live.find("r9") is None
    assert live.find("r10") is not None


def test_those_that_failed_are_kept_for_longer(live, watched):
    live.last(1)
    for number in range(FAILED + 1):
        watched.take(document(number, status=503))
        watched.take(document(f"-fine-{number}"))
    for number in range(KEPT):
        watched.take(document(1000 + number))
    rows = live.last(KEPT + FAILED + 10)
    assert len(rows) == KEPT + FAILED
    assert [row["id"] for row in rows[KEPT:]] == [f"r{at}" for at in range(FAILED, 0, -1)]
    assert (live.find("r0"), live.find("r-fine-100")) == (None, None)
    assert live.find("r1")["status"] == 503
