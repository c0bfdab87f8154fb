"""`hash-password`: the hash of what comes in, with a salt of its own."""

import pytest

from frontdesk.rules.auth.basic import read_hash


def test_a_password_from_a_pipe_is_hashed(run):
    first, second = (run("hash-password", input="correct horse\n") for _ in range(2))
    assert first.exit_code == 0
    assert read_hash(first.stdout.strip()).verifies(b"correct horse")
    assert first.stdout != second.stdout
    assert "horse" not in first.stdout + first.stderr


@pytest.mark.parametrize("given", ["", "\n"])
def test_an_empty_password_is_refused(run, given):
    result = run("hash-password", input=given)
    assert result.exit_code == 1
    assert "not empty" in result.stderr
