"""What every command has in common: help that teaches, and errors without a traceback."""

import subprocess
import sys

import pytest

from frontdesk import __version__
from frontdesk.cli.main import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_the_command_does_and_gives_an_example(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: cli {command}" in result.stdout
    assert "Example: " in result.stdout
    assert f"frontdesk {command}" in result.stdout


def test_the_list_of_commands_tells_each_in_one_line(run):
    lines = run("--help").stdout.splitlines()
    for name, (_, about) in COMMANDS.items():
        assert any(line.split() == [name, *about.split()] for line in lines)


def test_the_version(run):
    assert run("--version").stdout == f"frontdesk {__version__}\n"


def test_help_and_version_load_neither_models_nor_servers():
    program = (
        "import sys\nfrom frontdesk.cli.main import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'pydantic', 'uvloop', 'httptools'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.endswith(b"\n[]\n")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("chek", "No such command 'chek'. Did you mean 'check'?\n"),
        ("xyz", "No such command 'xyz'.\n"),
    ],
)
def test_a_mistyped_command_is_told_the_nearest_one(run, typed, said):
    result = run(typed)
    assert result.exit_code == 2
    assert result.stderr.endswith(said)


def test_commands_of_a_group_are_told_in_whole_sentences_and_found_when_mistyped(run):
    told = " ".join(run("hook", "--help").stdout.split())
    assert "sign Sign the body in FILE (- for standard input): print the headers to send" in told
    assert run("queue", "redrve").stderr.endswith("'redrve'. Did you mean 'redrive'?\n")
    assert run("queue", "xyz").stderr.endswith("No such command 'xyz'.\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_sentence_of_a_list_of_commands_is_cut_off(run, command):
    _, _, listed = run(command, "--help").stdout.partition("\nCommands:\n")
    assert "..." not in listed


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["run", "--nothing"], ["explain", "GET"]], ids=" ".join
)
def test_a_wrong_use_exits_with_2_and_points_at_the_help(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "--help" in result.stderr
    assert result.stdout == ""
