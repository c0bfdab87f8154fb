"""Waiting for the whole of a body."""

from frontdesk.gateway.pipeline.gathering import TOO_LARGE, Gathering


class Source:
    length = None

    def __init__(self, *early):
        self.early = early
        self.cancelled = False

    def attach(self, sink):
        self.sink = sink
        for each in self.early:
            sink.write(each)

    def cancel(self):
        self.cancelled = True


def gathering(source, most=10):
    told = []
    made = Gathering(source, most, told.append, told.append)
    made.begin()
    return made, told


def test_a_body_is_given_when_it_is_whole():
    source = Source(b"ab")
    _, told = gathering(source)
    source.sink.write(b"c")
    assert told == []
    source.sink.end()
    assert told == [b"abc"]


def test_a_body_that_breaks_off_is_none():
    source = Source(b"ab")
    _, told = gathering(source)
    source.sink.abort("closed")
    assert told == ["closed"]


def test_a_body_that_is_too_large_is_given_up_at_once():
    source = Source(b"x" * 10)
    _, told = gathering(source)
    assert told == []
    source.sink.write(b"y")
    assert told == [TOO_LARGE]
    assert source.cancelled


def test_whoever_gives_it_up_hears_nothing_more():
    source = Source()
    made, told = gathering(source)
    made.cancel()
    assert source.cancelled
    assert told == []
