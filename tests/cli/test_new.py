"""`new`: what it makes passes the strictest check, and runs."""

import pytest

from tests.live.calls import call, free_port
from tests.live.processes import frontdesk


def test_the_scaffold_is_complete_and_passes_the_strict_check(run, tmp_path):
    result = run("new", "shop")
    assert result.exit_code == 0
    made = {
        path.relative_to(tmp_path / "shop").as_posix() for path in (tmp_path / "shop").rglob("*")
    }
    assert made == {
        ".gitignore",
        "frontdesk.yaml",
        "functions",
        "functions/__init__.py",
        "functions/hello.py",
    }
    assert "NAME" not in (tmp_path / "shop" / "frontdesk.yaml").read_text()
    assert run("check", "--strict", "-c", "shop/frontdesk.yaml").exit_code == 0


def test_the_folder_one_is_in_gives_its_own_name(run, tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    result = run("new", ".")
    assert result.exit_code == 0
    assert "cd " not in result.stdout
    assert "name: shop" in (tmp_path / "shop" / "frontdesk.yaml").read_text()


@pytest.mark.parametrize("name", ["1shop", "sh op", "-shop", "shöp", "a" * 64])
def test_a_name_that_cannot_name_an_api_is_refused(run, tmp_path, name):
    result = run("new", "--", name)
    assert result.exit_code == 2
    assert "start with a letter" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(run, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mine.txt").write_text("mine")
    result = run("new", "shop")
    assert result.exit_code == 2
    assert "the folder is not empty: shop" in result.stderr
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["mine.txt"]


def test_the_next_steps_that_it_prints_work(run, tmp_path):
    """As printed, but for the ports."""
    result = run("new", "shop")
    assert "frontdesk dev" in result.stdout
    assert "frontdesk token --claim sub=me" in result.stdout
    path = tmp_path / "shop" / "frontdesk.yaml"
    text = path.read_text().replace("127.0.0.1:8080", "127.0.0.1:0")
    path.write_text(text.replace("127.0.0.1:8081", f"127.0.0.1:{free_port()}"))
    with frontdesk("dev", cwd=path.parent) as process:
        address = process.wait_for(r"http://(\S+)  2 routes, 1 functions")[1]
        token = run("token", "-c", path, "--claim", "sub=me").stdout.strip()
        bearer = {"Authorization": f"Bearer {token}"}
        answer = call(address, "GET", "/hello/you", headers=bearer)
        assert answer.status == 200
        assert answer.json["hello"] == "you"
        assert call(address, "GET", "/hello/you").status == 401
        assert call(address, "GET", "/health").json == {"status": "ok"}
        process.wait_for(r"200 GET /hello/you ")
