"""Lists of a running gateway on the command line: read part by part, to the end."""

import pytest

from frontdesk.cli import operator

PARTS = {
    "/things": {"things": [1, 2], "next": 2},
    "/things?after=2": {"things": [3], "next": "a/b&c"},
    "/things?after=a%2Fb%26c": {"things": [4], "next": ""},
    "/things?of=x": {"things": [1], "next": 1},
    "/things?of=x&after=1": {"things": [], "next": None},
}


@pytest.mark.parametrize(("target", "found"), [("/things", [1, 2, 3, 4]), ("/things?of=x", [1])])
def test_a_list_is_read_to_its_end(monkeypatch, target, found):
    monkeypatch.setattr(operator, "ask", lambda _admin, _method, at, _document: (200, PARTS[at]))
    assert operator.everything(None, target, "things") == found
