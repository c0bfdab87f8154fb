"""Zips: what is unpacked, and what of a stranger's zip never is."""

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.functions import archives
from frontdesk.functions.archives import ArchiveError, Archives

LINK = stat.S_IFLNK | 0o777


def entry(name, mode=stat.S_IFREG | 0o644):
    info = zipfile.ZipInfo(name)
    info.filename = info.orig_filename = name  # the constructor would tidy it up
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@pytest.fixture
def make(tmp_path):
    """Write a zip of (name or ZipInfo, content)."""

    def make(*entries):
        path = tmp_path / "code.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for each, content in entries:
                archive.writestr(
                    each if isinstance(each, zipfile.ZipInfo) else entry(each), content
                )
        return path

    return make


@pytest.fixture
def unpacked(tmp_path):
    return Archives(tmp_path / "data" / "code")


def test_a_zip_is_unpacked_once_by_its_content(make, unpacked, tmp_path):
    first = make(("app.py", "1"), ("sub/x.py", "2"), ("empty/", ""))
    folder = unpacked.folder_for(first)
    assert (folder / "app.py").read_text() == "1"
    assert (folder / "sub" / "x.py").read_text() == "2"
    assert (folder / "empty").is_dir()
    (tmp_path / "copy.zip").write_bytes(first.read_bytes())
    assert unpacked.folder_for(tmp_path / "copy.zip") == folder
    other = unpacked.folder_for(make(("app.py", "other")))
    assert other != folder
    assert sorted((tmp_path / "data" / "code").iterdir()) == sorted([folder, other])


def test_programs_stay_programs_and_nothing_can_be_written(make, unpacked):
    folder = unpacked.folder_for(
        make((entry("run", stat.S_IFREG | 0o755), "x"), (entry("plain", 0), "x"))
    )
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o555
    assert stat.S_IMODE((folder / "plain").stat().st_mode) == 0o444


def test_a_zip_may_begin_with_its_folder_itself(make, unpacked):
    folder = unpacked.folder_for(make(("./", ""), ("./app.py", "here")))
    assert (folder / "app.py").read_text() == "here"


def test_links_within_the_zip_are_kept(make, unpacked):
    folder = unpacked.folder_for(
        make((entry("bin/run", LINK), "../lib/run.py"), ("lib/run.py", "here"))
    )
    assert (folder / "bin" / "run").read_text() == "here"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([("../out.py", "x")], "an entry leads out of its folder: '../out.py'"),
        ([("a/../../out.py", "x")], "an entry leads out of its folder"),
        ([("/etc/out.py", "x")], "an entry leads out of its folder"),
        ([("..\\out.py", "x")], "an entry leads out of its folder"),
        ([("a\0b", "x")], "an entry leads out of its folder"),
        ([(".", "x")], "an entry leads out of its folder"),
        ([(entry("l", LINK), "/etc/passwd")], "a link leads out of its folder: 'l'"),
        ([(entry("l", LINK), "../../x")], "a link leads out of its folder"),
        ([(entry("d", LINK), "."), (entry("l", LINK), "d/../..")], "a link leads out"),
        ([(entry("d", LINK), "/tmp"), ("d/x", "x")], "cannot unpack"),
        ([(entry("d", LINK), "loop"), (entry("loop", LINK), "/")], "a link leads out"),
        ([(entry("l", LINK), "a\0b")], "embedded null byte"),
        ([("a", "1"), ("a", "2")], "two entries of one name: 'a'"),
        ([("a", "1"), ("a/b", "2")], "cannot unpack"),
        ([(entry("p", stat.S_IFIFO | 0o644), "")], "neither a file nor a folder nor a link"),
        ([(entry("n", stat.S_IFCHR | 0o644), "")], "neither a file nor a folder nor a link"),
        ([("zeros", bytes(2 * 1024**2))], "more than 100 times its size"),
    ],
    ids=[
        "parent",
        "parent inside",
        "absolute",
        "backslash",
        "nul",
        "no name",
        "absolute link",
        "link to a parent",
        "link through a link",
        "file through a link",
        "link to a link",
        "nul in a link",
        "twice",
        "file as folder",
        "fifo",
        "device",
        "bomb",
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_poisoned_zip_is_refused_and_leaves_nothing(make, unpacked, tmp_path, entries, why):
    path = make(("app.py", "good"), *entries)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError, match=f"^cannot unpack {path}: ") as refused:
        unpacked.folder_for(path)
    assert why in str(refused.value)
    left = [each for each in sorted(tmp_path.rglob("*")) if each not in before]
    assert left == [] or left == [tmp_path / "data", tmp_path / "data" / "code"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda data: b"no zip at all", "File is not a zip file"),
        (lambda data: b"", "File is not a zip file"),
        (lambda data: data[: len(data) // 2], "File is not a zip file"),
        (lambda data: data.replace(b"content", b"CONTENT"), "Bad CRC-32"),
    ],
    ids=["text", "empty", "torn", "changed"],
)
def test_a_broken_zip_is_told(make, unpacked, spoil, why):
    path = make(("other", ""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("app.py", "content")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ArchiveError) as refused:
        unpacked.folder_for(path)
    assert why in str(refused.value)


def test_a_size_that_is_not_the_true_one_is_found_out(make, unpacked):
    path = make(("a", "x" * 5000))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    data[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    with pytest.raises(ArchiveError):
        unpacked.folder_for(path)


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [("MAX_UNPACKED", 5, "more than 5"), ("_MOST_ENTRIES", 1, "2 entries, more than 1")],
)
def test_a_zip_has_limits(make, unpacked, monkeypatch, limit, value, why):
    monkeypatch.setattr(archives, limit, value)
    with pytest.raises(ArchiveError, match=why):
        unpacked.folder_for(make(("a", "123"), ("b", "456")))


def test_a_missing_zip_is_told(unpacked, tmp_path):
    with pytest.raises(ArchiveError, match="No such file"):
        unpacked.folder_for(tmp_path / "gone.zip")


PARTS = st.sampled_from(["..", ".", "", "a", "b", "c", "/", "\\", "~", "a\nb"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
KINDS = st.sampled_from([stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755, LINK, 0])


@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(st.lists(st.tuples(NAMES, KINDS, NAMES), max_size=5))
def test_nothing_lands_or_points_outside_whatever_a_zip_says(tmp_path_factory, entries):
    place = tmp_path_factory.mktemp("zips")
    path, folder = place / "code.zip", place / "deep" / "data"
    with zipfile.ZipFile(path, "w") as archive:
        for name, mode, content in entries:
            archive.writestr(entry(name, mode), content)
    try:
        target = Archives(folder).folder_for(path)
    except ArchiveError:
        target = folder
    inside = os.path.realpath(target)
    ends = [os.path.realpath(each) for each in target.rglob("*")]
    assert all(Path(end).is_relative_to(inside) for end in ends)
    assert {each.name for each in place.iterdir()} <= {"code.zip", "deep"}
    assert [each.name for each in (place / "deep").glob("*")] in ([], ["data"])
