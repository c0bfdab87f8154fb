"""Noticing changed files, without waiting for the clock: `look` is called by hand."""

import os

import pytest

from frontdesk.cli.watch import Watcher, watched_files
from frontdesk.config.load import load
from tests.live.gateways import project


@pytest.fixture
def watched(tmp_path):
    (tmp_path / "a.py").write_text("1")
    told = []
    watcher = Watcher(lambda: sorted(tmp_path.rglob("*.py")), told.append)
    return watcher, tmp_path, told


def touch(path):
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda folder: touch(folder / "a.py"), "a.py"),
        (lambda folder: (folder / "b.py").write_text("2"), "b.py"),
        (lambda folder: (folder / "a.py").unlink(), "a.py"),
    ],
    ids=["changed", "new", "gone"],
)
def test_a_change_is_told_once(watched, change, name):
    watcher, folder, told = watched
    watcher.look()
    assert told == []
    change(folder)
    watcher.look()
    watcher.look()
    assert told == [folder / name]


FUNCTIONS = """
functions:
  f:
    handler: f.f
    requirements: needs.txt
    layers: [layer, more.zip]
    versions: {"1": {code: "1.zip", requirements: older.txt}}
  g: {handler: {command: [bin/start]}}
"""


def test_the_configuration_code_layers_zips_and_requirements_are_watched(tmp_path):
    path = project(tmp_path, FUNCTIONS, f="def f(e, c): 1")
    skipped = [".venv/x.py", "node_modules/x.py", "__pycache__/x.py", "notes.txt"]
    sources = ["sub/g.py", "sub/h.mjs", "layer/python/x.py", "bin/start"]
    named = ["needs.txt", "older.txt", "1.zip", "more.zip"]
    for name in (*skipped, *sources, *named):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {file.relative_to(tmp_path).as_posix() for file in watched_files(load([path], {}))}
    assert found == {"frontdesk.yaml", "f.py", *sources, *named}


def test_a_document_that_the_configuration_names_is_watched_with_what_it_refers_to(tmp_path):
    path = project(tmp_path, "apis: {a: {openapi: api.yaml}}")
    (tmp_path / "api.yaml").write_text("openapi: 3.0.1\npaths: {/: {$ref: more.yaml#/item}}\n")
    (tmp_path / "more.yaml").write_text("item: {}\n")
    found = {file.name for file in watched_files(load([path], {}))}
    assert found == {"frontdesk.yaml", "api.yaml", "more.yaml"}
