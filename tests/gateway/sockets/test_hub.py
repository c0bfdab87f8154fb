"""The connections of one process: who is there, of which address, in which groups."""

import pytest

from frontdesk.gateway.sockets.hub import Description, Hub


class Socket:
    """A connection that keeps what it is sent."""

    closed = 1000
    ends = 100.0

    def __init__(self, id_, address="192.0.2.7", place=("live", "prod")):
        self.id, self.source_ip, self.place = id_, address, place
        self.sent, self.gone, self.left = [], False, None

    def push(self, message):
        if not self.gone:
            self.sent.append(message)
        return not self.gone

    def close(self, code, reason):
        self.left = code, reason

    def describe(self, groups):
        return Description(self.id, *self.place, 1.0, 2.0, self.source_ip, "probe/1", groups)


class Watching:
    """Notes what it is told."""

    def __init__(self):
        self.told = []

    def opened(self, connection):
        self.told.append(("opened", connection.id))

    def closed(self, connection, groups):
        self.told.append(("closed", connection.id, sorted(groups)))

    def joined(self, group, connection):
        self.told.append(("joined", group[2], connection.id))

    def emptied(self, group):
        self.told.append(("emptied", group[2]))


GROUP = ("live", "prod", "board")


@pytest.fixture
def hub():
    hub = Hub()
    hub.watcher = Watching()
    return hub


@pytest.fixture
def held(hub):
    sockets = [Socket("a"), Socket("b")]
    for socket in sockets:
        hub.add(socket)
    return sockets


def numbers(hub):
    return {(each.name, each.labels): each.value for each in hub.samples()}


def test_a_push_reaches_whom_it_is_for(hub, held):
    assert hub.push("a", b"x")
    assert not hub.push("nobody", b"x")
    held[1].gone = True
    assert not hub.push("b", b"x")
    assert [socket.sent for socket in held] == [[b"x"], []]
    assert numbers(hub)["frontdesk_ws_pushes_total", ("gone",)] == 2


def test_a_connection_is_closed_by_its_id(hub, held):
    assert hub.close("a", 1001, "Going away")
    assert not hub.close("nobody", 1001, "Going away")
    assert [socket.left for socket in held] == [(1001, "Going away"), None]


def test_what_was_removed_is_not_there_and_may_be_removed_again(hub, held):
    hub.remove(held[0])
    hub.remove(held[0])
    assert (hub.holds("a"), hub.holds("b"), len(hub)) == (False, True, 1)
    assert hub.describe("a") is None
    assert numbers(hub)["frontdesk_ws_connections", ("live",)] == 1
    assert numbers(hub)["frontdesk_ws_close_total", ("1000",)] == 1


def test_codes_of_clients_own_making_are_counted_as_one(hub, held):
    for socket, code in zip(held, (4001, 4002), strict=True):
        socket.closed = code
        hub.remove(socket)
    assert numbers(hub)["frontdesk_ws_close_total", ("other",)] == 2


@pytest.mark.parametrize(
    ("address", "other", "together"),
    [
        ("192.0.2.7", "192.0.2.7", 2),
        ("192.0.2.7", "192.0.2.8", 1),
        ("2001:db8::1", "2001:db8::2:3", 2),
        ("2001:db8::1", "2001:db8:0:1::1", 1),
    ],
    ids=["one address", "two addresses", "one /64", "two /64"],
)
def test_connections_are_counted_by_address(hub, address, other, together):
    first, second = Socket("a", address), Socket("b", other)
    hub.add(first)
    hub.add(second)
    assert hub.of_address(address) == together
    hub.remove(first)
    hub.remove(second)
    assert hub.of_address(address) == 0


@pytest.mark.usefixtures("held")
def test_a_group_has_each_member_once(hub):
    for id_ in ("a", "b", "a"):
        assert hub.join(GROUP, id_)
    assert hub.in_group(GROUP) == ("a", "b")


def test_a_group_of_another_stage_takes_nobody(hub, held):
    assert not hub.join(("live", "beta", "board"), "a")
    assert not hub.join(GROUP, "nobody")
    assert hub.in_group(("live", "beta", "board")) == ()


def test_who_has_left_a_group_gets_nothing_of_it(hub, held):
    hub.join(GROUP, "a")
    assert hub.describe("a").groups == ("board",)
    assert hub.leave(GROUP, "a")
    assert not hub.leave(GROUP, "a")
    assert hub.describe("a").groups == ()
    assert hub.in_group(GROUP) == ()
    assert hub.members(GROUP) == []


def test_members_are_told_of(hub, held):
    hub.join(GROUP, "a")
    assert [(each.id, each.groups) for each in hub.members(GROUP)] == [("a", ("board",))]


def test_other_processes_are_told_what_they_must_know(hub):
    first, second = Socket("a"), Socket("b")
    hub.add(first)
    hub.add(second)
    hub.join(GROUP, "a")
    hub.join(GROUP, "b")
    hub.join(("live", "prod", "own"), "b")
    hub.leave(GROUP, "a")
    hub.remove(second)
    assert hub.watcher.told == [
        ("opened", "a"),
        ("opened", "b"),
        ("joined", "board", "a"),
        ("joined", "board", "b"),
        ("joined", "own", "b"),
        ("closed", "b", [GROUP, ("live", "prod", "own")]),
    ]


def test_a_group_whose_last_member_leaves_is_empty(hub, held):
    hub.join(GROUP, "a")
    hub.leave(GROUP, "a")
    assert hub.watcher.told[-1] == ("emptied", "board")
