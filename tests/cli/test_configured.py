"""The file that a command writes: one that is there already stays, unless `--force` says otherwise."""

import pytest

HERE = "written by hand\n"
CONFIG = "name: x\napis: {a: {routes: {GET /h: {mock: {body: hi}}}}}\n"
COMMANDS = {
    "export openapi": ("frontdesk.yaml", ["--config", "frontdesk.yaml"]),
    "hook sign": ("body", ["body", "--scheme", "github", "--secret", "s"]),
    "import openapi": ("api.yaml", ["api.yaml"]),
    "states graph": ("pass.asl.json", ["pass.asl.json"]),
}
"""Command → the file that it reads, and its arguments."""

TEXTS = {
    "api.yaml": "openapi: 3.0.1\npaths: {}\n",
    "body": "a body\n",
    "frontdesk.yaml": CONFIG,
    "pass.asl.json": '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
}


@pytest.fixture(params=COMMANDS)
def writing(request, run, tmp_path):
    """Run one of the commands with `-o` and more arguments."""
    name, arguments = COMMANDS[request.param]
    (tmp_path / name).write_text(TEXTS[name])
    return lambda *more: run(*request.param.split(), *arguments, "-o", *more)


def test_a_file_that_is_there_already_is_not_written_over(writing, tmp_path):
    (tmp_path / "out").write_text(HERE)
    result = writing("out")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "'--output': the file is there already: out; --force writes over it" in result.stderr
    assert (tmp_path / "out").read_text() == HERE


def test_force_writes_over_it(writing, tmp_path):
    (tmp_path / "out").write_text(HERE)
    result = writing("out", "--force")
    assert (result.exit_code, result.stderr) == (0, "wrote out\n")
    assert (tmp_path / "out").read_text() != HERE


def test_a_device_is_written_without_asking(writing):
    assert writing("/dev/null").exit_code == 0
