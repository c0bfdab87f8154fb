import errno
import os

import pytest

from frontdesk.functions.descendants import family
from frontdesk.functions.memory import Cgroups, resident


def test_without_descriptors_only_the_process_itself_is_seen(monkeypatch):
    def lack(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "scandir", lack)
    assert family(os.getpid(), 10) == [os.getpid()]


def test_a_process_uses_memory_and_one_that_is_gone_none():
    assert resident(os.getpid(), 1 << 40) > 1 << 20
    assert resident(os.getpid(), 0) > 1 << 20
    assert resident(2**22 + 1, 0) == 0


@pytest.fixture
def system(tmp_path):
    """A /proc and a /sys/fs/cgroup as systemd gives them with Delegate=yes."""
    own = tmp_path / "cgroup" / "system.slice" / "frontdesk.service"
    own.mkdir(parents=True)
    (own / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/system.slice/frontdesk.service\n")
    return own


def test_a_delegated_cgroup_holds_one_group_per_child(system, tmp_path):
    groups = Cgroups.delegated(tmp_path, tmp_path / "cgroup")
    assert groups is not None
    assert (system / "gateway" / "cgroup.procs").read_text() == str(os.getpid())
    assert (system / "cgroup.subtree_control").read_text() == "+memory +pids"
    groups.admit(7, 4711, 128 << 20)
    files = {file.name: file.read_text() for file in (system / "function-7").iterdir()}
    assert files == {
        "cgroup.procs": "4711",
        "memory.max": str((128 + 32) << 20),
        "memory.oom.group": "1",
        "memory.swap.max": "0",
        "pids.max": "256",
    }


@pytest.mark.parametrize(
    ("file", "text"),
    [("cgroup.controllers", "cpu pids\n"), ("../../../self/cgroup", "4:memory:/x\n")],
    ids=["no memory controller", "cgroup v1"],
)
def test_without_delegation_there_are_no_cgroups(system, tmp_path, file, text):
    (system / file).write_text(text)
    assert Cgroups.delegated(tmp_path, tmp_path / "cgroup") is None


def test_a_group_of_a_child_that_ended_is_removed(tmp_path):
    (tmp_path / "function-7").mkdir()
    Cgroups(tmp_path).dismiss(7)
    assert not (tmp_path / "function-7").exists()
