"""Access log: forms of a line, masking, batches, and outputs that fail."""

import json
import os
import tracemalloc
from types import SimpleNamespace

import pytest

from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.server.access_log import AccessLog, _Batch
from frontdesk.gateway.server.log_formats import compile_format, json_record, terminal_line
from frontdesk.rules.http.trace_context import read_amazon
from frontdesk.rules.redaction import SecretNames

SECRETS = SecretNames(["x-vendor"])
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"


@pytest.fixture
def exchange(house):
    """One answered exchange, with what its head says."""

    def make(*lines: bytes, path: bytes = b"/pets/7", **attributes):
        house.stage = lambda _ex: Reply(200, [], b"hello")
        house.client().send(
            b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: api.example", *lines, b"", b""])
        )
        ex = house.logged[-1]
        for name, value in attributes.items():
            setattr(ex, name, value)
        return ex

    return make


def test_default_record_has_what_is_known_and_leaves_out_the_rest(exchange):
    record = json.loads(compile_format("json", SECRETS)(exchange()))
    assert record == {
        "requestId": "id1",
        "routeKey": "$default",
        "status": 200,
        "time": "2023-11-14T22:30:00.000Z",
        "method": "GET",
        "path": "/pets/7",
        "host": "api.example",
        "protocol": "HTTP/1.1",
        "api": "api",
        "stage": "$default",
        "sourceIp": "127.0.0.1",
        "requestLength": 43,
        "responseLength": 5,
        "totalMs": 0.0,
    }


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, b"200 GET /pets/7 0 ms, route $default\n"),
        (
            {"status": 503, "error": "upstream:connect"},
            b"503 GET /pets/7 0 ms, route $default: upstream:connect\n",
        ),
        (
            {"status": 401, "error": "jwt:missing", "authorizer_error": "no\ntoken"},
            b"401 GET /pets/7 0 ms, route $default: jwt:missing, no\\ntoken\n",
        ),
    ],
    ids=["answered", "failed", "refused"],
)
def test_a_line_for_a_terminal_says_why(exchange, facts, line):
    assert terminal_line(exchange(**facts)) == line


TRACE = "65f1a2b34111111111111111aaaaaaaa"


def test_the_record_shows_the_trace_even_where_its_digits_look_like_a_card_number(exchange):
    record = json.loads(
        compile_format("json", SECRETS)(exchange(trace=f"00-{TRACE}-c000000000000007-00"))
    )
    assert record["traceId"] == TRACE
    assert "xrayTraceId" not in record


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"invoke_status": 200}, id="a function was called"),
        pytest.param({"caller": read_amazon("Root=1-65f1a2b3-" + TRACE[8:])}, id="it came so"),
    ],
)
def test_a_trace_that_is_known_to_amazons_tools_is_shown_in_their_form_too(exchange, facts):
    record = json.loads(
        compile_format("json", SECRETS)(exchange(trace=f"00-{TRACE}-c000000000000007-00", **facts))
    )
    assert record["traceId"] == TRACE
    assert record["xrayTraceId"] == "1-65f1a2b3-4111111111111111aaaaaaaa"


def test_default_record_of_an_integration(exchange):
    ex = exchange(
        b"User-Agent: curl",
        integration_latency=0.25,
        integration_status=404,
        upstream="10.0.0.5:9000",
        principal="jane",
        error="jwt:expired",
        authorizer_error="expired",
    )
    ex.ended = ex.started + 0.375
    record = json.loads(compile_format("json", SECRETS)(ex))
    assert record["totalMs"] == 375.0
    assert record["latency"] == 250.0
    assert record["gatewayMs"] == 125.0
    assert record["integrationStatus"] == 404
    assert record["upstream"] == "10.0.0.5:9000"
    assert record["userAgent"] == "curl"
    assert (record["principal"], record["errorCode"], record["authorizer"]) == (
        "jane",
        "jwt:expired",
        "expired",
    )


def test_the_record_names_a_client_with_a_certificate(exchange):
    client = SimpleNamespace(subject="C=DE,O=Clinic,CN=desk")
    assert json.loads(json_record(exchange(client_cert=client)))["clientCert"] == client.subject


def test_a_log_names_a_consumer_and_shows_no_more_of_its_key_than_the_beginning(exchange):
    value = b"fd_prod_Ab12Cd34_" + b"s" * 38
    ex = exchange(api_key=SimpleNamespace(id="Ab12Cd34", name="practice_a"), api_key_value=value)
    assert json.loads(json_record(ex))["consumer"] == "practice_a"
    form = "$context.identity.apiKeyId $context.identity.apiKey"
    assert compile_format(form, SECRETS)(ex) == b"Ab12Cd34 fd_prod_Ab12Cd34\n"
    assert compile_format({"k": "$context.identity.apiKey"}, SECRETS)(ex) == (
        b'{"k":"fd_prod_Ab12Cd34"}\n'
    )


def test_common_log_format(exchange):
    line = compile_format("clf", SECRETS)(exchange())
    assert line == (
        b'127.0.0.1 - - [14/Nov/2023:22:30:00 +0000] "GET $default HTTP/1.1" 200 5 id1\n'
    )


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        pytest.param("$context.status $context.path.", b"200 /pets/7.\n", id="text"),
        pytest.param("100% $context.stage", b"100% $default\n", id="percent sign"),
        pytest.param("[$context.authorizer.sub]", b"[-]\n", id="no value"),
        pytest.param('{"r":"$context.identity.userAgent"}', b'{"r":"a\\"b"}\n', id="quoted"),
        pytest.param(
            {
                "s": "$context.status",
                "m": "$context.httpMethod $context.path",
                "n": "$context.identity.user",
            },
            b'{"s":200,"m":"GET /pets/7","n":"-"}\n',
            id="mapping",
        ),
        pytest.param({"x-vendor": "$context.path"}, b'{"x-vendor":"***"}\n', id="secret member"),
        pytest.param("$context.authorizer.api_key", b"***\n", id="secret claim"),
        pytest.param("$context.identity.apiKey", b"-\n", id="no API key"),
    ],
)
def test_templates(exchange, form, expected):
    ex = exchange(b'User-Agent: a"b', authorizer={"api_key": "k"})
    assert compile_format(form, SECRETS)(ex) == expected


@pytest.mark.parametrize(
    ("form", "message"),
    [
        pytest.param("$context.stauts", "unknown variable: $context.stauts", id="unknown"),
        pytest.param("$context.status " + "x" * 3100, "longer than 3072 bytes", id="too long"),
    ],
)
def test_bad_formats_are_refused(form, message):
    with pytest.raises(ValueError, match=r"unknown variable|longer than") as refused:
        compile_format(form, SECRETS)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("form", ["json", "$context.path $context.identity.userAgent", "clf"])
def test_no_text_of_a_client_begins_a_line_or_shows_a_token(exchange, form):
    ex = exchange(b"User-Agent: " + TOKEN.encode(), path=b"/a/" + TOKEN.encode())
    ex.path += "\nforged"
    line = compile_format(form, SECRETS)(ex)
    assert line.count(b"\n") == 1
    assert b"eyJ" not in line


LONG = b"/" + b"a" * 600


@pytest.mark.parametrize(
    ("sent", "status", "shown"),
    [
        (b"GET index.html HTTP/1.1\r\nHost: a\r\n\r\n", 400, "index.html"),
        (b"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "/a%zz"),
        (b"GET /slow?a=b HTTP/1.1\r\nHo", 408, "/slow"),
        (b"GET " + LONG + b"a" * 20_000, 414, LONG.decode()[:500] + "…"),
        (b"GET /a\x01", 400, r"/a\x01"),
        (b"\r\n\r\n\r\n", 400, ""),
    ],
    ids=["no slash", "triplet", "late", "long", "control", "nothing"],
)
def test_a_request_that_cannot_be_read_is_logged_with_what_was_sent(house, sent, status, shown):
    client = house.client().send(sent)
    house.pass_time(house.limits.header_timeout, client)
    (ex,) = house.logged
    record = json.loads(compile_format("json", SECRETS)(ex))
    assert (record["status"], record["path"]) == (status, shown)
    line = compile_format("$context.path", SECRETS)(ex).decode()
    assert json.loads(f'"{line[:-1]}"') == (shown or "-")


def log_of(path, wheel=None):
    return AccessLog("$context.status", str(path), wheel=Wheel(1000.0) if wheel is None else wheel)


def test_lines_are_written_when_a_batch_is_full_or_time_is_up(exchange, tmp_path):
    path = tmp_path / "access.log"
    wheel = Wheel(1000.0)
    log = log_of(path, wheel)
    ex = exchange()
    for _ in range(257):
        log.record(ex)
    wheel.advance(1000.1)
    assert log._lines == 1
    wheel.advance(1000.3)
    assert log._lines == 0
    log.close()
    assert path.read_bytes() == b"200\n" * 257
    assert log.dropped == 0


def test_lines_that_wait_take_the_room_of_their_bytes(exchange, tmp_path):
    path = tmp_path / "access.log"
    log = AccessLog("json", str(path), wheel=Wheel(1000.0))
    ex = exchange()
    log.record(ex)  # what is remembered between lines is there
    tracemalloc.start()
    try:
        for _ in range(200):
            log.record(ex)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    log.close()
    assert taken < 2 * path.stat().st_size


def test_reopened_log_goes_on_in_a_new_file(exchange, tmp_path):
    path = tmp_path / "access.log"
    log = log_of(path)
    log.record(exchange())
    log.flush()
    log.reopen()  # the writer has everything before it in order
    log.record(exchange())
    log.close()
    assert path.read_bytes() == b"200\n" * 2


def test_file_that_cannot_be_opened_is_a_start_error(tmp_path):
    with pytest.raises(StartError, match="cannot write the access log"):
        log_of(tmp_path / "missing" / "access.log")


def test_a_pipe_that_nobody_reads_is_a_start_error(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(StartError, match="cannot write the access log"):
        log_of(path)


def test_a_log_that_cannot_be_reopened_loses_nothing(exchange, tmp_path, caplog):
    folder = tmp_path / "logs"
    folder.mkdir()
    log = log_of(folder / "access.log")
    folder.rename(tmp_path / "moved")
    log.reopen()
    log.record(exchange())
    log.close()
    assert log.dropped == 0
    assert (tmp_path / "moved" / "access.log").read_bytes() == b"200\n"
    assert [record.message for record in caplog.records] == [
        "cannot reopen the access log, going on in the old file: No such file or directory"
    ]


def test_losses_are_told_again_after_lines_could_be_written(tmp_path, caplog):
    path = tmp_path / "access.log"
    path.symlink_to("/dev/full")
    log = log_of(path)
    writer = log._writer  # its thread is at rest: nothing is queued
    for target in ("/dev/full", tmp_path / "file", "/dev/full"):
        path.unlink()
        path.symlink_to(target)
        writer._reopen()
        for _ in range(2):
            writer._write(_Batch(b"200\n", 1))
    log.close()
    assert log.dropped == 4
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "access log lines dropped",
        "access log lines are written again, dropped meanwhile",
        "access log lines dropped",
    ]


def test_full_disk_costs_lines_not_requests(exchange, caplog):
    log = log_of("/dev/full")
    log.record(exchange())
    log.flush()
    log.record(exchange())
    log.close()
    assert log.dropped == 2
    assert [record.message for record in caplog.records] == [
        "access log lines dropped: No space left on device"
    ]


def test_reader_that_has_gone_costs_lines_not_requests(exchange, tmp_path, caplog):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = log_of(path)
    os.close(reader)
    log.record(exchange())
    log.close()
    assert log.dropped == 1


def test_record_that_cannot_be_written_is_counted(exchange, tmp_path, caplog):
    log = AccessLog("json", str(tmp_path / "access.log"), wheel=Wheel(1000.0))
    log.record(exchange(principal="\ud800"))
    log.close()
    assert log.dropped == 1
