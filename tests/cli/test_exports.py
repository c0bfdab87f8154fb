"""`export openapi`: which API, in which form, to where."""

import json

import pytest

from frontdesk.config.yaml_source import read_yaml

ONE = "name: x\napis: {a: {routes: {GET /h: {mock: {body: ü}}}}}\n"
TWO = "name: x\napis: {a: {base_path: /a}, b: {base_path: /b, type: rest}}\n"


@pytest.mark.parametrize(
    ("text", "arguments", "title", "version"),
    [
        (ONE, [], "a", ("openapi", "3.0.1")),
        (ONE, ["a", "--version", "3.1"], "a", ("openapi", "3.1.0")),
        (TWO, ["b", "--version", "2.0"], "b", ("swagger", "2.0")),
    ],
)
def test_it_prints_the_api_in_yaml(run, tmp_path, text, arguments, title, version):
    (tmp_path / "frontdesk.yaml").write_text(text)
    result = run("export", "openapi", *arguments)
    assert result.exit_code == 0
    written = read_yaml(result.stdout.encode(), "x")[0].value
    assert written["info"]["title"] == title
    assert written[version[0]] == version[1]


@pytest.mark.parametrize(
    ("name", "arguments", "is_json"),
    [
        ("api.yaml", [], False),
        ("api.json", [], True),
        ("api.yaml", ["--format", "json"], True),
        ("api.json", ["--format", "yaml"], False),
    ],
)
def test_it_writes_a_file_in_the_form_of_its_name(run, tmp_path, name, arguments, is_json):
    (tmp_path / "frontdesk.yaml").write_text(ONE)
    result = run("export", "openapi", "-o", name, *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"wrote {name}\n")
    text = (tmp_path / name).read_text()
    assert text.startswith("{" if is_json else "openapi")
    assert "ü" in text
    if is_json:
        json.loads(text)


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (TWO, [], "say which API: a, b"),
        (TWO, ["c"], "there is no such API: c; there is a, b"),
        ("name: x", [], "the file has no API"),
    ],
)
def test_it_asks_which_api(run, tmp_path, text, arguments, told):
    (tmp_path / "frontdesk.yaml").write_text(text)
    result = run("export", "openapi", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_import_prints_it_in_our_keys_and_tells_gaps_by_its_exit_code(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(ONE)
    run("export", "openapi", "-o", "api.yaml")
    result = run("import", "openapi", "api.yaml", "--name", "b")
    assert result.exit_code == 0
    assert "mock:" in result.stdout
    (tmp_path / "gap.yaml").write_text("openapi: 3.0.1\npaths: {/: {get: {responses: {}}}}\n")
    result = run("import", "openapi", "gap.yaml")
    assert result.exit_code == 1
    assert (
        "gap.yaml:2:18: error: paths./.get: expected an operation with an integration"
        in result.stderr
    )


def test_a_websocket_api_cannot_be_written(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text("name: x\napis: {live: {type: websocket}}\n")
    result = run("export", "openapi", "live")
    assert result.exit_code == 2
    assert "OpenAPI has no words for WebSocket APIs: live" in result.stderr
