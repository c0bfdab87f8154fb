"""References: what they become, what is left alone, and that failures never show a value."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.config.references import escaped, resolve
from frontdesk.config.tree import Node, Tree


@pytest.fixture
def region(load_text):
    """Resolve a text in an environment variable of a function, where every text is allowed."""

    def value(text, **environ):
        config = load_text(
            f"name: x\nfunctions: {{f: {{handler: m.f, environment: {{V: '{text}'}}}}}}", **environ
        ).config
        found = config.functions["f"].environment["V"]
        return found if isinstance(found, str) else found.reveal()

    return value


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("${env:A}", "a"),
        ("<${env:A}-${env:A}>", "<a-a>"),
        ("${env:EMPTY}", ""),
        ("${env:EMPTY:-default}", "default"),
        ("${env:NO:-}", ""),
        ("${env:NO:-a:-b}", "a:-b"),
        ("${env:A:-b}", "a"),
        ("$${env:A}", "${env:A}"),
        ("$$${env:A}", "$${env:A}"),
        ("${stage.name}", "${stage.name}"),
        ("$context.a ${context.b}", "$context.a ${context.b}"),
        ("${file:token.txt}", "from file"),
        ("${env:NESTED}", "${env:A}"),
    ],
)
def test_references_become_their_values(region, tmp_path, text, resolved):
    (tmp_path / "token.txt").write_text("from file\n")
    assert region(text, A="a", EMPTY="", NESTED="${env:A}") == resolved


def test_numbers_and_flags_may_come_from_references(load_text):
    text = "name: x\nlimits: {max_connections: '${env:N}', drain: '${env:D}'}\nlisten: {address: ':80', half_close: '${env:B}'}"
    config = load_text(text, N="50", D="5s", B="true").config
    assert (config.limits.max_connections, config.limits.drain) == (50, 5.0)
    assert config.listen[0].half_close is True


def test_an_empty_admin_token_is_none(load_text):
    assert load_text("name: x\nadmin: {token: '${env:T:-}'}").config.admin.token is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "no such file: ${file:none.txt}"),
        (".", "no such file: ${file:.}"),
        ("", "expected a path in the reference: ${file:}"),
        ("big.bin", "expected a file of at most 1MB: ${file:big.bin}"),
        ("raw.bin", "expected a file of UTF-8 text: ${file:raw.bin}"),
    ],
)
def test_files_that_cannot_be_used(errors_of, tmp_path, name, message):
    (tmp_path / "big.bin").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "raw.bin").write_bytes(b"\xff")
    (error,) = errors_of(f"name: x\nregion: '${{file:{name}}}'")
    assert error.splitlines()[0] == f"frontdesk.yaml:2:9: error: region: {message} [reference]"


@given(st.text("${}:aA_", max_size=12))
def test_an_escaped_text_resolves_to_itself(text):
    tree = Tree({"a": escaped(text)}, Node("x", 1, 1, 1, 1, {}))
    assert resolve(tree, Path(), {}, {}) == []
    assert tree.value == {"a": text}
