"""The command line in this process, for what needs no process of its own."""

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call a command in an empty folder; gives click's result: exit_code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, **keywords):
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], **keywords)

    return call
