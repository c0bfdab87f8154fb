import os
from pathlib import Path

import pytest

from frontdesk.aws.lambda_api.code import CodeFolder
from frontdesk.functions.archives import ArchiveError, Archives
from tests.aws.conftest import zipped

ZIP = zipped(app="1")
OTHER = zipped(app="2")


@pytest.fixture
def code(tmp_path):
    return CodeFolder(tmp_path / "uploads", Archives(tmp_path / "code"))


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "uploads").iterdir())


def test_a_zip_is_kept_under_its_hash_once(code, tmp_path):
    first, second = code.keep(ZIP), code.keep(ZIP)
    assert first == second
    assert first.size == len(ZIP)
    assert code.path(first.sha256).read_bytes() == ZIP
    assert len(files(tmp_path)) == 1


def test_it_is_on_the_disk_before_it_has_its_name(code, monkeypatch):
    synced = []

    def fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, [file.name for file in path.glob("*")]))

    monkeypatch.setattr(os, "fsync", fsync)
    path = code.path(code.keep(ZIP).sha256)
    assert synced == [(f"{path.stem}.writing", []), ("uploads", [path.name])]


@pytest.mark.parametrize("content", [b"", b"no zip", zipped(**{"../out": "1"})])
def test_what_must_not_be_unpacked_is_not_kept(code, tmp_path, content):
    with pytest.raises(ArchiveError):
        code.keep(content)
    assert files(tmp_path) == []


def test_a_sweep_leaves_what_is_used(code, tmp_path):
    used = code.keep(ZIP)
    code.keep(OTHER)
    (tmp_path / "uploads" / "half.writing").write_bytes(b"x")
    code.sweep([used.sha256])
    assert files(tmp_path) == [code.path(used.sha256).name]


def test_nothing_to_sweep_is_fine(code):
    code.sweep([])
