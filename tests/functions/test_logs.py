from pathlib import Path

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.functions.logs import TAIL, FunctionLog, LogFiles
from frontdesk.functions.settings import FunctionSettings


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return 1763692200.25


@pytest.fixture
def lines():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(lines, clock):
    return FunctionLog(
        FunctionSettings(name="f", version="7", code=Path()),
        lambda name, data: lines.append((name, data)),
        clock,
    )


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        ([b"one\n"], [b"one\n"]),
        ([b"o", b"ne\ntwo\nth", b"ree\n"], [b"one\ntwo\n", b"three\n"]),
        ([b"no end"], []),
        ([b"\xff\n"], ["\ufffd\n".encode()]),
        (["ü".encode()[:1], "ü".encode()[1:] + b"\n"], ["ü\n".encode()]),
        ([b"x" * 65537], [b"x" * 65537 + b"\n"]),
    ],
    ids=["a line", "cut lines", "no end", "no UTF-8", "a cut character", "an endless line"],
)
def test_output_is_written_in_whole_lines(log, lines, pieces, written):
    for piece in pieces:
        log.output(piece)
    assert [data for _, data in lines] == written


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (
            ";Sampled=1",
            (
                "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8"
                "\tSampled: true\t"
            ),
        ),
        (";Sampled=0", None),
        ("", None),
    ],
)
def test_a_call_of_a_sampled_trace_tells_it(log, lines, decision, told):
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8"
    log.start("id", trace + decision)
    log.report("id", 0.1, 0, 0.0)
    found = [line for _, data in lines for line in data.decode().splitlines() if "XRAY" in line]
    assert found == ([told] if told else [])


def test_the_report_ends_an_open_line_first(log, lines):
    log.start("id")
    log.output(b"no end")
    tail = log.report("id", 0.0157, 57 << 10, 0.13049)
    assert tail == b"".join(data for _, data in lines)
    *others, report = tail.decode().splitlines()
    assert others == ["START RequestId: id Version: 7", "no end", "END RequestId: id"]
    assert report == (
        "REPORT RequestId: id\tDuration: 15.70 ms\tBilled Duration: 147 ms\tMemory Size: 128 MB"
        "\tMax Memory Used: 57 MB\tInit Duration: 130.49 ms\t"
    )


def test_the_tail_is_of_this_call_and_bounded(log):
    log.start("one")
    log.report("one", 0.0, 0, 0.0)
    log.start("two")
    log.output(b"x" * 9000 + b"\n")
    tail = log.report("two", 0.0, 0, 0.0)
    assert len(tail) == TAIL
    assert b"one" not in tail


def test_a_timeout_reads_as_lambdas(log, lines):
    log.timed_out("id", 3.0)
    log.report("id", 3.0, 0, 0.0, "timeout")
    assert lines[0][1] == b"2025-11-21T02:30:00.250Z id Task timed out after 3.00 seconds\n"
    assert lines[1][1].endswith(b"\tStatus: timeout\t\n")


def test_more_than_a_mebibyte_a_second_is_dropped_and_counted(log, lines, clock):
    piece = b"x" * 65535 + b"\n"
    for _ in range(20):
        log.output(piece)
    clock.now += 1
    log.output(b"again\n")
    log.settle()
    written = [data for _, data in lines]
    assert written.count(piece) == 16
    assert written[-2:] == [b"again\n", b"[frontdesk] 262144 bytes of output dropped\n"]


def test_files_are_appended_to_in_batches(tmp_path, clock):
    wheel = Wheel(clock.now)
    files = LogFiles(tmp_path / "logs", wheel, clock)
    (tmp_path / "logs" / "f.log").write_bytes(b"old\n")
    files("f", b"one\n")
    files("f", b"two\n")
    files("g", b"three\n")
    assert (tmp_path / "logs" / "f.log").read_bytes() == b"old\n"
    clock.now += 1
    wheel.advance(clock.now)
    assert (tmp_path / "logs" / "f.log").read_bytes() == b"old\none\ntwo\n"
    assert (tmp_path / "logs" / "g.log").read_bytes() == b"three\n"
    files("f", b"last\n")
    files.flush()
    assert (tmp_path / "logs" / "f.log").read_bytes() == b"old\none\ntwo\nlast\n"


def test_logs_are_not_for_everyone_to_read(tmp_path, clock):
    files = LogFiles(tmp_path / "logs", Wheel(clock.now), clock)
    files("f", b"one\n")
    files.flush()
    modes = [
        path.stat().st_mode & 0o007 for path in (tmp_path / "logs", tmp_path / "logs" / "f.log")
    ]
    assert modes == [0, 0]


def test_lines_are_echoed_at_once(tmp_path, clock):
    seen = []
    files = LogFiles(tmp_path, Wheel(clock.now), clock, lambda *line: seen.append(line))
    files("f", b"one\ntwo\n")
    assert seen == [("f", "one"), ("f", "two")]


def test_a_file_that_cannot_be_written_is_only_a_warning(tmp_path, clock, caplog):
    files = LogFiles(tmp_path, Wheel(clock.now), clock)
    (tmp_path / "f.log").mkdir()
    files("f", b"one\n")
    files.flush()
    assert "log lines of f dropped: Is a directory" in caplog.text
