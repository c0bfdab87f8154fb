"""X-Amzn-Trace-Id: kept, completed or made."""

import re

import pytest

from frontdesk.rules.events.trace import trace_id

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        (f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1", f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"),
        (f"{ROOT};Lineage=a:1", f"{ROOT};Parent=0000000000000007;Lineage=a:1"),
        (ROOT, f"{ROOT};Parent=0000000000000007"),
        (f"{ROOT}; Sampled=0", f"{ROOT};Parent=0000000000000007;Sampled=0"),
    ],
)
def test_a_clients_root_is_kept(received, shown):
    assert trace_id(received, 0, 7) == shown


@pytest.mark.parametrize(
    "received", ["", "nonsense", "Root=1-x", "Self=1;" + ROOT, ROOT + ";a b", ROOT + "\r\nx: y"]
)
def test_anything_else_is_replaced(received):
    made = trace_id(received, 0x5759E988, (1 << 100) + 7)
    assert made == "Root=1-5759e988-000000000000000000000007"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", made)
