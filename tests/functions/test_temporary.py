"""Places of living processes stay; those of dead ones go."""

import os

import pytest

from frontdesk.base.errors import StartError
from frontdesk.functions.temporary import TemporaryFolders


@pytest.fixture
def opened(tmp_path):
    """Take a place in one root, as a process of its own would."""
    all_folders = []

    def opened():
        folders = TemporaryFolders(tmp_path / "data" / "tmp")
        folders.open()
        all_folders.append(folders)
        return folders

    yield opened
    for folders in all_folders:
        folders.close()


def die(folders):
    """End as SIGKILL ends: the kernel closes the lock, nothing else happens."""
    os.close(folders._lock)
    folders._lock = -1


def test_folders_are_empty_private_and_gone_at_the_end(opened):
    folders = opened()
    first, second = folders.make("f"), folders.make("f")
    assert first != second
    assert first.stat().st_mode & 0o777 == 0o700
    (first / "left").mkdir()
    (first / "left" / "over").write_text("x")
    folders.close()
    assert not first.parent.exists()
    assert first.parent.parent.exists()
    folders.close()


def test_what_a_dead_process_left_is_removed_and_a_living_ones_is_not(opened):
    dead, living = opened(), opened()
    left, used = dead.make("f"), living.make("f")
    (left / "file").write_text("x")
    die(dead)
    third = opened().make("f")
    assert not left.parent.exists()
    assert used.exists()
    assert third.exists()


def test_what_is_no_place_is_left_alone(opened, tmp_path):
    root = tmp_path / "data" / "tmp"
    root.mkdir(parents=True)
    (root / "note").write_text("x")
    opened()
    assert (root / "note").exists()


def test_a_data_folder_that_cannot_be_used_is_a_start_error(opened, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StartError, match="cannot use the data folder") as caught:
        opened()
    assert "data_dir" in caught.value.hint
