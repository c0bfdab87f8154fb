"""Listening sockets that share an address."""

import contextlib
import socket

import pytest

from frontdesk.base.errors import StartError
from frontdesk.gateway.server.listening import join, listen, listen_together
from tests.live.calls import free_port


@pytest.fixture
def closing():
    with contextlib.ExitStack() as opened:
        yield lambda *sockets: [opened.enter_context(each) for each in sockets]


def accepted(listening):
    """Accept all that wait at a socket; tell how many."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            count += 1
    return count


@pytest.mark.parametrize("port", [0, None], ids=["any port", "a given port"])
def test_sockets_of_a_group_share_an_address_and_its_clients(closing, port):
    group = closing(*listen_together("127.0.0.1", free_port() if port is None else 0, "listen", 3))
    [address] = {each.getsockname() for each in group}
    closing(*(socket.create_connection(address) for _ in range(60)))
    counts = [accepted(each) for each in group]
    assert sum(counts) == 60
    assert all(counts)


def test_whoever_leaves_the_group_leaves_new_clients_to_the_others(closing):
    first, second = closing(*listen_together("127.0.0.1", 0, "listen", 2))
    address = first.getsockname()
    second.close()
    closing(*(socket.create_connection(address) for _ in range(20)))
    assert accepted(first) == 20
    [again] = closing(join(address, "listen"))
    closing(*(socket.create_connection(address) for _ in range(40)))
    assert accepted(first) + accepted(again) == 40


def test_a_group_does_not_share_the_address_of_another_gateway(closing):
    other = closing(*listen_together("127.0.0.1", 0, "listen", 2))
    port = other[0].getsockname()[1]
    with pytest.raises(StartError, match="address already in use"):
        listen_together("127.0.0.1", port, "listen", 2)
    with pytest.raises(StartError, match="address already in use"):
        listen("127.0.0.1", port, "listen")
