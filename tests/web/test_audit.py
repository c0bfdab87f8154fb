"""The audit log as a file: what is read of it, whatever became of it."""

from types import SimpleNamespace

from frontdesk.gateway.operators import BEARER
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.web.audit import AuditLog


def test_a_line_that_was_cut_off_hides_no_other(tmp_path):
    log = AuditLog(tmp_path / "audit.log", SimpleNamespace(time=lambda: 5.0))
    for path in ("/a", "/b\n{}"):
        ex = Exchange(method="POST", path=path)
        ex.client_ip = "192.0.2.1"
        log.note(BEARER, ex, 200)
    with (tmp_path / "audit.log").open("ab") as file:
        file.write(b'{"time": 6, "oper')
    assert [each["path"] for each in log.last(9)] == ["/b\n{}", "/a"]
    assert [each["path"] for each in log.last(9, contains="/a")] == ["/a"]


def test_changes_are_gone_through_part_by_part(tmp_path):
    log = AuditLog(tmp_path / "audit.log", SimpleNamespace(time=lambda: 5.0))
    for number in range(5):
        ex = Exchange(method="POST", path=f"/{number}")
        ex.client_ip = "192.0.2.1"
        log.note(BEARER, ex, 200)
    parts = [[each["path"] for each in log.last(2, after=after)] for after in (0, 2, 4, 6)]
    assert parts == [["/4", "/3"], ["/2", "/1"], ["/0"], []]
