"""The zygote alone: what it does when its gateway goes."""

import os
import select
import signal
import socket
import subprocess
import sys

import pytest

from frontdesk.functions import zygote
from frontdesk.functions.frames import CONTROL, FORK


@pytest.mark.parametrize("forks", [0, 1])
def test_zygote_ends_in_silence_when_its_gateway_is_gone(forks):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-I", zygote.__file__, str(theirs.fileno())]
    ends = [*os.pipe(), *os.pipe()]
    orders, _, _, answers = ends
    with subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        for number in range(forks):
            order = CONTROL.pack(FORK, number, 0)
            socket.send_fds(ours, [order], [orders, answers, answers])
            select.select([ours], [], [], 30)  # it has told us, and we shall never read it
        ours.close()
        assert process.communicate(timeout=30)[1] == b""
        assert process.returncode == 0
    for end in ends:
        os.close(end)


def test_zygote_leaves_signals_to_its_gateway():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-I", zygote.__file__, str(theirs.fileno())]
    ends = [*os.pipe(), *os.pipe()]
    orders, _, _, answers = ends
    with subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
        theirs.close()
        socket.send_fds(ours, [CONTROL.pack(FORK, 0, 0)], [orders, answers, answers])
        select.select([ours], [], [], 30)  # it is there
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            process.send_signal(number)
        ours.close()
        assert process.wait(30) == 0
    for end in ends:
        os.close(end)
