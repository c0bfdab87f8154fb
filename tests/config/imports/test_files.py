"""Files that an import may read: those of the project, of bounded size."""

import os

import pytest

from frontdesk.config.imports import files
from frontdesk.config.imports.files import FileRefused, Project


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "infra").mkdir(parents=True)
    (root / "infra" / "a.txt").write_text("a")
    (tmp_path / "secret.txt").write_text("secret")
    return Project(root)


def test_files_below_the_folder_are_read(project):
    assert project.read(project.root / "infra" / "a.txt") == b"a"
    assert project.text(project.root / "infra" / ".." / "infra" / "a.txt") == "a"


@pytest.mark.parametrize("name", ["../secret.txt", "infra/../../secret.txt", "/etc/passwd"])
def test_no_path_leads_out_of_it(project, name):
    with pytest.raises(FileRefused, match=r"is outside of .*: give a folder with both as --root"):
        project.read(project.root / name)


def test_no_link_leads_out_of_it(project, tmp_path):
    (project.root / "link").symlink_to(tmp_path / "secret.txt")
    (project.root / "folder").symlink_to(tmp_path)
    for name in ("link", "folder/secret.txt"):
        with pytest.raises(FileRefused, match="is outside of"):
            project.read(project.root / name)


def test_links_within_it_are_followed(project):
    (project.root / "link").symlink_to(project.root / "infra" / "a.txt")
    assert project.text(project.root / "link") == "a"


def test_what_is_no_file_of_text_is_refused(project, monkeypatch):
    os.mkfifo(project.root / "pipe")
    (project.root / "binary").write_bytes(b"\xff")
    (project.root / "circle").symlink_to(project.root / "circle")
    (project.root / "large").write_bytes(b"12345")
    monkeypatch.setattr(files, "MAX_FILE", 4)
    for name in ("gone", "pipe", "infra", "binary", "circle", "large", "a\0b"):
        with pytest.raises(FileRefused):
            project.text(project.root / name)


def test_the_project_is_the_folder_around_with_a_git(tmp_path):
    folder = tmp_path / "repository" / "infra" / "prod"
    folder.mkdir(parents=True)
    assert Project.around(folder).root == folder
    assert Project.around(folder / "main.tf").root == folder
    (tmp_path / "repository" / ".git").mkdir()
    assert Project.around(folder).root == tmp_path / "repository"
