"""Shares of requests that go elsewhere, and copies."""

from types import SimpleNamespace

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.pipeline.integrations.http_split import Mirror, Split


class Points:
    """Chance that is no chance."""

    def __init__(self, *points):
        self.points = list(points)

    def __call__(self):
        return self.points.pop(0)


@pytest.fixture
def ex(make_exchange):
    def ex(*fields, **more):
        return make_exchange(fields, **{"method": "POST", "body": b"x"} | more)

    return ex


@pytest.mark.parametrize(
    ("point", "name"), [(0.0, "next"), (0.24, "next"), (0.25, "beta"), (0.5, "rest"), (0.9, "rest")]
)
def test_each_has_its_share(point, name):
    others = [(0.25, lambda _ex: "next"), (0.25, lambda _ex: "beta")]
    split = Split(others, lambda _ex: "rest", None, Points(point))
    assert split.forward(SimpleNamespace()) == name


def test_one_key_goes_one_way_and_requests_without_it_by_chance(ex):
    sticky = "$request.header.X-Practice"
    split = Split([(0.5, lambda _ex: "next")], lambda _ex: "rest", sticky, Points(0.1, 0.9))
    keyed = [(b"X-Practice", b"p-1")]
    assert len({split.forward(ex(*keyed)) for _ in range(10)}) == 1
    assert [split.forward(ex()) for _ in range(2)] == ["next", "rest"]


class Copies:
    def __init__(self):
        self.calls = []

    def copy(self, ex, call):
        self.calls.append(call)


@pytest.fixture
def copies():
    return Copies()


def mirror(copies, *points, answer=PARKED, share=0.5):
    return Mirror(lambda _ex: answer, copies, share, Points(*points))


def test_a_share_is_copied_with_method_and_body(ex, copies):
    mirrored = mirror(copies, 0.4, 0.5)
    assert [mirrored.forward(ex()) for _ in range(2)] == [PARKED, PARKED]
    (call,) = copies.calls
    assert (call.method, call.body) == ("POST", b"x")


@pytest.mark.parametrize(
    "more",
    [{"source": SimpleNamespace(length=None)}, {"upgrade": True}],
    ids=["streamed", "upgrade"],
)
def test_what_cannot_be_copied_is_not(ex, copies, more):
    mirror(copies, 0.0).forward(ex(**more))
    assert copies.calls == []


def test_what_the_door_refuses_is_not_copied(ex, copies):
    refused = Reply(508, [])
    assert mirror(copies, 0.0, answer=refused).forward(ex()) is refused
    assert copies.calls == []


def test_a_mirror_that_does_not_answer_gets_no_more_than_a_hundred(ex, copies):
    mirrored = mirror(copies, *[0.0] * 102)
    for _ in range(101):
        mirrored.forward(ex())
    assert len(copies.calls) == 100
    body = SimpleNamespace(cancelled=False, cancel=lambda: setattr(body, "cancelled", True))
    copies.calls[0].respond(200, [], body, None)
    copies.calls[1].fail(UpstreamError("connect", "refused"))
    assert body.cancelled
    assert mirrored.under_way == 98
