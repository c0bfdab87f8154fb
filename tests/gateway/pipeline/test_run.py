"""The driver, where it is not shown by the stages: a tail that fails, and what makes a late reply."""

import pytest

from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply


class Stream:
    """A Source, or a Duplex, that nobody reads."""

    length = None

    def __init__(self):
        self.cancelled = 0

    def cancel(self):
        self.cancelled += 1


def broken(_ex, _reply):
    raise ZeroDivisionError


@pytest.mark.parametrize("place", ["body", "tunnel"])
def test_a_reply_that_a_broken_tail_replaces_lets_its_backend_go(make_exchange, caplog, place):
    stream = Stream()
    reply = Reply(200, [], **{place: stream})
    ex = make_exchange(head=[lambda _ex: reply], tail=[broken])
    run.begin(ex)
    [sent] = ex.client.replies
    assert (sent.status, ex.error) == (500, "internal")
    assert stream.cancelled == 1
    assert "tail failed" in caplog.text


def test_a_reply_of_bytes_needs_no_letting_go(make_exchange):
    ex = make_exchange(head=[lambda _ex: Reply(200, [], b"whole")], tail=[broken])
    run.begin(ex)
    [sent] = ex.client.replies
    assert sent.status == 500


def test_a_reply_that_cannot_be_made_is_a_500(make_exchange, caplog):
    ex = make_exchange(head=[lambda _ex: PARKED])
    run.begin(ex)
    run.resume_by(ex, broken, ex, None)
    [sent] = ex.client.replies
    assert (sent.status, ex.error) == (500, "internal")
    assert "stage failed" in caplog.text
