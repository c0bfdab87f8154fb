"""Processes that take turns."""

import os
import signal
import subprocess
import sys

import pytest

from frontdesk.stores.shared_memory.turn import Turn, create_turn

PROGRAM = """
import os, sys
from frontdesk.stores.shared_memory.turn import Turn
with Turn({descriptor}):
    print("mine", flush=True)
    sys.stdin.read()
    os.write({pipe}, {text!r} * 30000)
"""


@pytest.fixture
def descriptor():
    descriptor = create_turn()
    yield descriptor
    os.close(descriptor)


def start(descriptor, pipe=1, text=b""):
    program = PROGRAM.format(descriptor=descriptor, pipe=pipe, text=text)
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[descriptor, pipe],
    )


def test_who_is_killed_in_his_turn_gives_it_up(descriptor):
    holder = start(descriptor)
    assert holder.stdout.readline() == b"mine\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    turn = Turn(descriptor)
    with turn:
        pass
    turn.close()


def test_what_two_write_in_their_turns_to_a_full_pipe_does_not_mix(descriptor):
    reading, writing = os.pipe()
    both = [start(descriptor, writing, text) for text in (b"a", b"b")]
    os.close(writing)
    for each in both:
        each.stdin.close()
    received = b""
    while data := os.read(reading, 5000):
        received += data
    os.close(reading)
    for each in both:
        each.stdout.close()
        each.wait(60)
    assert received in (b"a" * 30000 + b"b" * 30000, b"b" * 30000 + b"a" * 30000)
