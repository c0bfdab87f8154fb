"""Which requests a canary gets, and what its side runs."""

import pytest

from frontdesk.base.telemetry import Registry
from frontdesk.config.models.canary import Canary
from frontdesk.gateway.pipeline.canaries import Canaries, CanaryMount, point_by

FILE = """\
name: clinic
functions:
  book:
    handler: f.book
    versions: {"1": {}, "2": {}}
    aliases: {live: {version: "1"}, next: {version: "2"}}
apis:
  desk:
    stage: {alias: live, variables: {colour: blue, shape: round}}
    canary: {percent: 10, alias: next, variables: {colour: green}}
    routes:
      GET /a: {function: book}
      GET /b: {function: "book:1"}
      GET /health: {mock: {}}
"""


class Side:
    """A mount that keeps whom it took."""

    prefix = "/desk"

    def __init__(self):
        self.taken = []

    def take(self, ex, path):
        self.taken.append(path)

    def plans(self):
        return iter(())


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 250), (1.0, 1000)])
def test_a_canary_gets_its_share(share, expected, make_exchange):
    shares = Canaries(Registry())
    stable, canary = Side(), Side()
    points = iter(range(1000))
    point = point_by(Canary(percent=25), "desk", lambda: next(points) / 1000)
    mount = CanaryMount(stable, canary, shares.share("desk"), point)
    shares.steer({"desk": share})
    for _ in range(1000):
        mount.take(make_exchange(), "/a")
    assert len(canary.taken) == expected
    assert len(stable.taken) == 1000 - expected


def test_a_canary_of_which_nothing_is_known_gets_nothing():
    assert Canaries(Registry()).share("desk").value == 0.0


@pytest.mark.parametrize(
    ("sticky", "one", "other"),
    [
        ("api_key", {b"X-Api-Key": b"a"}, {b"X-Api-Key": b"b"}),
        ("$request.header.X-Practice", {b"X-Practice": b"p001"}, {b"X-Practice": b"p002"}),
        ("$request.cookie.visitor", {b"Cookie": b"visitor=1"}, {b"Cookie": b"visitor=2"}),
    ],
)
def test_a_subject_stays_on_its_side(sticky, one, other, make_exchange):
    point = point_by(Canary(percent=10, sticky=sticky), "desk", lambda: 0.5)
    first, again, second = (make_exchange(list(each.items())) for each in (one, one, other))
    assert point(first) == point(again) != point(second)
    assert point(make_exchange()) == 0.5  # who does not say is chosen by chance


def test_a_client_is_told_by_its_network(make_exchange):
    point = point_by(Canary(percent=10, sticky="client"), "desk")
    first, second = make_exchange(client_ip="2001:db8::1"), make_exchange(client_ip="2001:db8::2")
    assert point(first) == point(second) != point(make_exchange(client_ip="192.0.2.1"))


def test_the_next_canary_is_tried_by_others(make_exchange):
    canary = Canary(percent=10, sticky="client")
    assert point_by(canary, "desk 1")(make_exchange()) != point_by(canary, "desk 2")(
        make_exchange()
    )


def test_subjects_are_spread_evenly(make_exchange):
    point = point_by(Canary(percent=10, sticky="api_key"), "desk")
    points = [point(make_exchange([(b"X-Api-Key", b"%d" % n)])) for n in range(2000)]
    assert 120 < sum(each < 0.1 for each in points) < 280


def _sides(compile_text):
    shares = Canaries(Registry())
    plans = compile_text(FILE, canaries=shares)
    return {(plan.api.side, plan.route_key): plan for plan in plans.plans()}


def test_both_sides_are_compiled_with_their_aliases_and_variables(compile_text):
    sides = _sides(compile_text)
    runs = {
        where: step.detail.partition(",")[0]
        for where, plan in sides.items()
        for step in plan.steps
        if step.name == "function"
    }
    assert runs == {
        ("stable", "GET /a"): "function book:live",
        ("stable", "GET /b"): "function book:1",
        ("canary", "GET /a"): "function book:next",
        ("canary", "GET /b"): "function book:next",
    }
    assert sides["stable", "GET /a"].api.variables == {"colour": "blue", "shape": "round"}
    assert sides["canary", "GET /a"].api.variables == {"colour": "green", "shape": "round"}
    assert ("canary", "GET /health") in sides
