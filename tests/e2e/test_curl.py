"""Debian's curl against `frontdesk run`: what a client of another hand sends and understands."""

import hashlib
import json
import subprocess

import pytest

from tests.live.backends import Echo, threaded
from tests.live.gateways import gateway, project
from tests.live.processes import until

CONFIG = """
logs: {{access: {{path: access.log}}}}
limits: {{max_body: 1MB}}
apis:
  a:
    cors: {{allow_origins: [https://app.example], allow_methods: [GET, PUT], allow_headers: [authorization]}}
    routes:
      GET /health: {{mock: {{body: {{status: ok}}}}}}
      ANY /any: {{mock: {{body: four}}}}
      ANY /proxied/{{proxy+}}: {{http: "http://{backend}/{{proxy}}", max_body: 20MB}}
      POST /small: {{http: "http://{backend}/small"}}
"""


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curl")
    with (
        threaded(Echo) as backend,
        gateway(project(folder, CONFIG.format(backend=backend))) as running,
    ):
        yield running


@pytest.fixture
def curl(door, tmp_path):
    """Call curl with a path; gives its standard output and error."""

    def run(*arguments, fails=False):
        urls = [
            f"http://{door.address}{argument}" if argument.startswith("/") else argument
            for argument in arguments
        ]
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "30", *urls],
            capture_output=True,
            cwd=tmp_path,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stdout.decode("latin-1"), done.stderr.decode()

    return run


def parse(text):
    """Split what `curl -i` shows into status line, fields and body."""
    head, _, body = text.partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    return (
        line,
        {name.lower(): value for name, value in (text.split(": ", 1) for text in fields)},
        body,
    )


def test_health(curl):
    line, fields, body = parse(curl("-i", "/health")[0])
    assert line == "HTTP/1.1 200 OK"
    assert fields["content-type"] == "application/json"
    assert {"date", "content-length", "apigw-requestid"} <= fields.keys()
    assert json.loads(body) == {"status": "ok"}


def test_an_unknown_route(curl):
    line, fields, body = parse(curl("-i", "/nothing")[0])
    assert line == "HTTP/1.1 404 Not Found"
    assert body == '{"message":"Not Found"}'
    assert fields["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("options", "connection"),
    [([], "close"), (["-H", "Connection: keep-alive"], "keep-alive")],
    ids=["close", "keep-alive"],
)
@pytest.mark.parametrize("target", ["/health", "/proxied/x"])
def test_http_1_0(curl, target, options, connection):
    line, fields, body = parse(curl("-i", "--http1.0", *options, target)[0])
    assert line == "HTTP/1.1 200 OK"
    assert fields["connection"] == connection
    assert "transfer-encoding" not in fields
    assert json.loads(body)


@pytest.mark.parametrize(
    ("target", "length"), [("/any", "4"), ("/proxied/bytes/70000", "70000"), ("/nothing", "23")]
)
def test_head_has_the_length_of_get_and_no_body(curl, target, length):
    _, fields, body = parse(curl("-I", target)[0])
    assert (fields["content-length"], body) == (length, "")


def test_head_is_a_method_of_its_own(curl):
    """As at AWS: a GET route does not answer it."""
    assert curl("-I", "/health")[0].startswith("HTTP/1.1 404 Not Found\r\n")


def test_an_upload_waits_for_100_continue(curl, tmp_path):
    data = bytes(range(256)) * 8192
    (tmp_path / "data").write_bytes(data)
    seen, talk = curl(
        "-v", "-H", "Expect: 100-continue", "--expect100-timeout", "25", "-T", "data", "/proxied/up"
    )
    assert talk.count("< HTTP/1.1 100 Continue") == 1
    assert "< HTTP/1.1 200 OK" in talk
    told = json.loads(seen)
    assert (told["method"], told["path"]) == ("PUT", "/up")
    assert told["sha256"] == hashlib.sha256(data).hexdigest()


def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(curl, tmp_path):
    (tmp_path / "data").write_bytes(bytes(2 * 1024**2))
    sent, talk = curl(
        "-v",
        *("-H", "Expect: 100-continue", "--expect100-timeout", "25"),
        *("-w", "%{http_code} %{size_upload}", "-o", "answer", "--data-binary", "@data", "/small"),
    )
    assert sent == "413 0"
    assert "100 Continue" not in talk
    assert json.loads((tmp_path / "answer").read_text()) == {"message": "Request Entity Too Large"}


def test_a_chunked_upload_that_turns_out_too_large_is_413(curl, tmp_path):
    (tmp_path / "data").write_bytes(bytes(2 * 1024**2))
    sent, _ = curl(
        *("-H", "Transfer-Encoding: chunked", "-H", "Expect:"),
        *("-w", "%{http_code}", "-o", "answer", "--data-binary", "@data", "/small"),
    )
    assert sent == "413"


def test_a_chunked_upload_streams_through_the_proxy(curl, tmp_path):
    data = bytes(range(256)) * 4096 * 5
    (tmp_path / "data").write_bytes(data)
    seen, _ = curl("-H", "Transfer-Encoding: chunked", "-X", "PUT", "-T", "data", "/proxied/up")
    told = json.loads(seen)
    assert (told["length"], told["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_download_comes_whole(curl, tmp_path):
    told, _ = curl("-o", "answer", "-w", "%{http_code} %{size_download}", "/proxied/bytes/5000000")
    assert told == "200 5000000"
    assert (tmp_path / "answer").read_bytes() == bytes(5_000_000)


def test_one_connection_serves_many_requests(curl):
    said, _ = curl(
        "-o",
        "a",
        "-w",
        "%{num_connects} ",
        "/health",
        *("-o", "b", "/nothing"),
        *("-o", "c", "/proxied/x"),
    )
    assert said.split() == ["1", "0", "0"]


def test_a_preflight(curl):
    line, fields, body = parse(
        curl(
            *("-i", "-X", "OPTIONS", "-H", "Origin: https://app.example"),
            *("-H", "Access-Control-Request-Method: PUT"),
            *("-H", "Access-Control-Request-Headers: authorization", "/proxied/x"),
        )[0]
    )
    assert (line, body) == ("HTTP/1.1 204 No Content", "")
    assert fields["access-control-allow-origin"] == "https://app.example"
    assert "PUT" in fields["access-control-allow-methods"]
    assert fields["access-control-allow-headers"].lower() == "authorization"


def test_forwarding_fields_reach_the_backend(curl):
    seen = json.loads(
        curl("-H", "Connection: close, X-Hop", "-H", "X-Hop: 1", "/proxied/x?a=1&b=%20")[0]
    )
    assert seen["path"] == "/x?a=1&b=%20"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "x-hop" not in seen["headers"]


def test_http_2_is_refused_and_the_next_request_is_served(curl):
    curl("--http2-prior-knowledge", "/health", fails=True)
    assert json.loads(curl("/health")[0]) == {"status": "ok"}


def test_every_request_has_a_line_in_the_access_log(door, curl):
    curl("/logged/by/curl")

    def logged():
        lines = (door.folder / "access.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if "/logged/by/curl" in line.values()]

    [line] = until(logged)
    assert int(line["status"]) == 404
