"""A configuration written into a folder, loaded, with what is wrong as text."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load


@pytest.fixture
def load_text(tmp_path, monkeypatch):
    """Load a text as frontdesk.yaml; further texts as second.yaml and so on."""
    monkeypatch.chdir(tmp_path)
    names = ("frontdesk.yaml", "second.yaml", "third.yaml")

    def loaded(*texts, **environ):
        paths = [tmp_path / name for name, _ in zip(names, texts, strict=False)]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return load([path.relative_to(tmp_path) for path in paths], environ)

    return loaded


@pytest.fixture
def errors_of(load_text):
    """Load a text that is wrong, and give its findings as text."""

    def errors(*texts, **environ):
        with pytest.raises(ConfigError) as caught:
            load_text(*texts, **environ)
        return [str(finding) for finding in caught.value.findings]

    return errors
