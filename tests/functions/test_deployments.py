"""When a version counts as changed, and which files are looked at."""

import os
import zipfile
from pathlib import Path

import pytest

from frontdesk.functions.deployments import Deployments, files_below
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


@pytest.fixture
def deployed(tmp_path):
    """Make a function ready, with a folder as code and a zip as layer."""
    deployments = Deployments(tmp_path / "code" / "data")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").touch()
    zipped(tmp_path, "1")

    def deployed(**changes):
        values = {"code": tmp_path / "code", "layers": (tmp_path / "layer.zip",)} | changes
        latest = FunctionSettings(name="f", **values)
        definition = FunctionDefinition(name="f", latest=latest)
        return deployments.deploy([definition])["f"].versions["$LATEST"]

    return deployed


def zipped(folder, content):
    with zipfile.ZipFile(folder / "layer.zip", "w") as archive:
        archive.writestr("python/x.py", content)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("code/app.py", True),
        ("code/data.json", True),
        ("code/sub/new.py", True),
        ("code/.git/HEAD", False),
        ("code/__pycache__/app.pyc", False),
        ("code/node_modules/x/index.js", False),
        ("code/data/logs/f.log", False),
        ("layer.zip", False),  # the same content
        ("beside.py", False),
    ],
)
def test_a_changed_file_changes_the_version(deployed, tmp_path, name, changed):
    before = deployed()
    assert deployed() == before
    touch(tmp_path / name)
    assert (deployed() != before) is changed


def test_changed_packages_of_a_layer_change_the_version(deployed, tmp_path):
    package = tmp_path / "layer" / "python" / "lib" / "python3.11" / "site-packages" / "p.py"
    touch(package)
    before = deployed(layers=(tmp_path / "layer",))
    touch(package)
    assert deployed(layers=(tmp_path / "layer",)) != before


def test_another_zip_or_other_settings_change_the_version(deployed, tmp_path):
    before = deployed()
    assert deployed(timeout=5.0) != before
    assert deployed(environment={"A": "b"}) != before
    assert deployed(layers=()) != before
    zipped(tmp_path, "2")
    assert deployed() != before
    zipped(tmp_path, "1")
    assert deployed() == before


def test_code_and_layers_are_folders_when_they_are_ready(deployed, tmp_path):
    ready = deployed(code=tmp_path / "layer.zip").settings
    assert (ready.code / "python" / "x.py").read_text() == "1"
    assert ready.layers == (ready.code,)


def test_files_are_listed_in_order(tmp_path):
    for name in ("b.py", "a/z.py", "a/a.txt", ".hidden", "venv/x.py"):
        touch(tmp_path / name)
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)]
    assert found == ["b.py", "a/a.txt", "a/z.py"]
