"""Imports of texts: what they make, what they tell, and that the result loads."""

import re

import pytest

from frontdesk.config.imports import importing
from frontdesk.config.load import load
from frontdesk.config.yaml_text import write_yaml

_VARIABLE = re.compile(r"\$\{env:(\w+)")


class Import:
    """What an import has made. content: our keys. told: (id, line, message) of its findings."""

    def __init__(self, folder, result):
        self.folder = folder
        self.content = result.content
        self.findings = result.findings
        self.told = [(each.id, each.where.line, each.message) for each in result.findings]

    def messages(self, kind=None):
        return [message for found, _, message in self.told if kind in (None, found)]

    def load(self):
        """Load the result, with a value for each variable of the environment that it names."""
        text = write_yaml(self.content)
        file = self.folder / "frontdesk.yaml"
        file.write_text(text)
        environ = {name: f"value-of-{name}-0123456789" for name in _VARIABLE.findall(text)}
        return load([file], environ).config


@pytest.fixture
def terraform(tmp_path):
    """Import a text as main.tf. given: by address."""

    def run(text, given=(), environ=(), **keywords):
        (tmp_path / "main.tf").write_text(text)
        (tmp_path / "code").mkdir(exist_ok=True)
        result = importing.import_terraform(
            tmp_path, "shop", dict(given), dict(environ), **keywords
        )
        return Import(tmp_path, result)

    return run


@pytest.fixture
def sam(tmp_path):
    """Import a text as template.yaml, with a folder `code` beside it."""

    def run(text, given=(), **keywords):
        (tmp_path / "template.yaml").write_text(text)
        (tmp_path / "code").mkdir(exist_ok=True)
        path = tmp_path / "template.yaml"
        return Import(tmp_path, importing.import_sam(path, "shop", dict(given), **keywords))

    return run


@pytest.fixture
def serverless(tmp_path):
    """Import a text as serverless.yml."""

    def run(text, given=(), environ=(), **keywords):
        path = tmp_path / "serverless.yml"
        path.write_text(text)
        result = importing.import_serverless(path, "shop", dict(given), dict(environ), **keywords)
        return Import(tmp_path, result)

    return run
