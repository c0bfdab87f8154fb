"""Appending to a log: what a full disk takes in part, what it refuses, and what is said of it."""

import errno
import os

import pytest

from frontdesk.base.appending import Appending


class Disk:
    """Takes so many bytes and then no more."""

    def __init__(self):
        self.data = b""
        self.free = 1000

    def write(self, _file, data):
        if not self.free:
            raise OSError(errno.ENOSPC, "full")
        taken = bytes(data[: self.free])
        self.free -= len(taken)
        self.data += taken
        return len(taken)


@pytest.fixture
def disk(monkeypatch):
    disk = Disk()
    monkeypatch.setattr(os, "write", disk.write)
    return disk


@pytest.fixture
def said():
    return []


@pytest.fixture
def log(said):
    return Appending("log lines", said.append)


def test_lines_are_written_as_they_are(log, disk, said):
    assert log.write(3, b"one\ntwo\n")
    log.resume()
    assert disk.data == b"one\ntwo\n"
    assert said == []


@pytest.mark.parametrize(
    ("free", "lost", "after"),
    [
        (0, 3, b"last\n"),
        (2, 3, b"on\nlast\n"),
        (4, 2, b"one\nlast\n"),
        (6, 2, b"one\ntw\nlast\n"),
        (12, 1, b"one\ntwo\nthre\nlast\n"),
    ],
)
def test_a_line_that_was_cut_does_not_run_into_the_next(log, disk, said, free, lost, after):
    disk.free = free
    assert not log.write(3, b"one\ntwo\nthree\n")
    assert log.total == lost
    disk.free = 1000
    assert log.write(3, b"last\n")
    assert disk.data == after


def test_losses_are_counted_and_said_once_and_their_end_too(log, disk, said):
    disk.free = 0
    for _ in range(3):
        log.write(3, b"one\n")
    assert said == ["log lines dropped: No space left on device"]
    disk.free = 100
    log.write(3, b"one\n")
    log.resume()
    log.resume()
    assert said[1:] == ["log lines are written again, dropped meanwhile: 3"]
    log.lose(2, "nobody reads")
    assert said[2:] == ["log lines dropped: nobody reads"]
    assert log.total == 5


def test_a_cut_line_is_ended_only_once_there_is_room(log, disk):
    disk.free = 2
    log.write(3, b"one\n")
    log.write(3, b"two\n")
    disk.free = 1
    log.write(3, b"three\n")
    disk.free = 100
    log.write(3, b"four\n")
    assert disk.data == b"on\nfour\n"
