"""`routes` and `explain`: what the file comes to, each with its line."""

import re

import pytest

CONFIG = """\
name: x
functions: {f: {handler: f.f}}
authorizers:
  people: {type: jwt, issuer: "https://issuer.example", audience: [x]}
upstreams: {billing: {url: "http://127.0.0.1:9"}}
apis:
  shop:
    authorizer: people
    cors: {allow_origins: [https://app.example], allow_methods: [GET]}
    routes:
      GET /items/{id}: {function: f, throttle: {rate: 5/s, by: $authorizer.sub}}
      ANY /old/{proxy+}: {http: "http://127.0.0.1:9/{proxy}"}
      GET /bills: {http: {upstream: billing}}
      GET /files/{name+}: {static: files}
      GET /health: {mock: {status: 204}, authorizer: none}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(CONFIG)
    (tmp_path / "files").mkdir()


def rows(result):
    """Split columns, which are two blanks apart."""
    return [
        [cell for cell in line.split("  ") if cell.strip()] for line in result.stdout.splitlines()
    ]


def test_routes_lists_each_with_its_line(run):
    result = run("routes")
    assert result.exit_code == 0
    cells = [[cell.strip() for cell in row] for row in rows(result)]
    assert cells == [
        ["API", "BELOW", "ROUTE", "INTEGRATION", "AUTHORIZER", "THROTTLE", "AT"],
        ["shop", "/", "GET /items/{id}", "function f", "people", "5/s by $authorizer.sub", at(11)],
        [
            "shop",
            "/",
            "ANY /old/{proxy+}",
            "http http://127.0.0.1:9/{proxy}",
            "people",
            "-",
            at(12),
        ],
        ["shop", "/", "GET /bills", "upstream billing /…", "people", "-", at(13)],
        ["shop", "/", "GET /files/{name+}", "static files", "people", "-", at(14)],
        ["shop", "/", "GET /health", "mock 204", "none", "-", at(15)],
    ]


def test_routes_shows_the_mappings_of_domains(run, tmp_path):
    apis = "apis: {a: {routes: {GET /: {mock: {}}}}, b: {host: b.example, routes: {GET /: {mock: {}}}}}"
    domains = "domains: {shop.example: {mappings: {v1: a, v2: a, v3: b}}}"
    (tmp_path / "frontdesk.yaml").write_text(f"name: x\n{apis}\n{domains}\n")
    below = {cells[0]: cells[1].strip() for cells in rows(run("routes"))}
    assert below["a"] == "shop.example/v1, shop.example/v2"
    assert below["b"] == "shop.example/v3, b.example"


REST = """\
name: x
functions: {f: {handler: f.f}}
upstreams: {billing: {url: "http://127.0.0.1:9"}}
apis:
  partners:
    type: rest
    stage: {name: prod}
    resources:
      /bookings/{id}:
        GET: {integration: {type: aws_proxy, function: f}}
        PUT: {throttle: 5/s, integration: {type: http, uri: "http://127.0.0.1:9/{id}"}}
        ANY: {integration: {type: http_proxy, upstream: billing}}
      /health: {GET: {integration: {type: mock}}}
"""


def test_routes_shows_the_methods_of_rest_apis(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(REST)
    listed = [[cell.strip() for cell in row] for row in rows(run("routes"))][1:]
    assert [row[1:6] for row in listed] == [
        ["/prod", "GET /bookings/{id}", "aws_proxy f", "none", "-"],
        ["/prod", "PUT /bookings/{id}", "http http://127.0.0.1:9/{id}", "none", "5/s"],
        ["/prod", "ANY /bookings/{id}", "http_proxy upstream billing /…", "none", "-"],
        ["/prod", "GET /health", "mock", "none", "-"],
    ]


def test_explain_shows_the_stages_of_a_method(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(REST)
    shown = run("explain", "GET", "http://localhost/prod//bookings/a%2B/").stdout
    assert "{id} = a%2B" in shown
    for stage in ("function", "gateway response", "trace id", "request id"):
        assert re.search(rf"\d (->|<-) {stage} ", shown)


def test_explain_tells_where_to_look_when_no_api_is_served_there(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(REST)
    shown = run("explain", "GET", "/bookings/a").stdout
    assert "  api    none; `frontdesk routes` shows" in shown
    assert "stage" not in shown


def test_routes_shows_function_urls(run, tmp_path):
    urls = "functions: {f: {handler: f.f, url: {auth: none}}, g: {handler: f.g, url: {auth: iam, host: g.example}}}"
    (tmp_path / "frontdesk.yaml").write_text(f"name: x\n{urls}\n")
    listed = [[cell.strip() for cell in row] for row in rows(run("routes"))][1:]
    assert [row[1:6] for row in listed] == [
        ["/fn/f", "$default", "function f", "none", "-"],
        ["g.example", "$default", "function g", "iam", "-"],
    ]


def test_routes_shows_where_stages_are_served_and_what_scopes_they_ask_for(run, tmp_path):
    staged = CONFIG.replace(
        "    routes:\n", "    host: a.example\n    base_path: /v1\n    stages: {$default: {}, beta: {}}\n"
        "    routes:\n      GET /s: {function: f, scopes: [read, write]}\n",
    )  # fmt: skip
    (tmp_path / "frontdesk.yaml").write_text(staged)
    assert [cell.strip() for cell in rows(run("routes"))[1]][1:5] == [
        "a.example/v1, a.example/v1/beta",
        "GET /s",
        "function f",
        "people (read or write)",
    ]


def test_explain_names_the_upstream_and_the_path_at_it(run, tmp_path):
    with_path = CONFIG.replace("{upstream: billing}", '{upstream: billing, path: "/v2/bills"}')
    (tmp_path / "frontdesk.yaml").write_text(with_path)
    shown = run("explain", "GET", "/bills").stdout
    assert "upstream billing (http://127.0.0.1:9), path /v2/bills, timeout 29s" in shown


def test_explain_tells_methods_that_the_door_refuses(run):
    result = run("explain", "GTE", "/health")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the door answers 501 to this method: GTE" in result.stderr


def at(line):
    return f"frontdesk.yaml:{line}:7"


def stages(result):
    """Read (number, direction, name) and the place of each stage."""
    return [
        (row[0].strip(), row[-1].strip())
        for row in rows(result)
        if row and ("->" in row[0] or "<-" in row[0])
    ]


def test_explain_shows_the_stages_in_order_each_with_its_line(run):
    result = run("explain", "get", "https://any.example/items/a%20b?x=1")
    assert result.exit_code == 0
    assert result.stdout.startswith("GET /items/a%20b\n")
    assert "route  GET /items/{id}  frontdesk.yaml:11:7" in result.stdout
    assert "{id} = a b" in result.stdout
    names = [name.split(" ", 2)[2] for name, _ in stages(result)]
    assert names[:4] == ["throttle", "authorize", "throttle", "function"]
    assert names[-2:] == ["cors", "request id"]
    places = dict(stages(result))
    assert places["2 -> authorize"] == "frontdesk.yaml:8:5"
    assert places["4 -> function"].startswith("frontdesk.yaml:11:")


PREFLIGHT = ["-H", "Origin: https://app.example", "-H", "Access-Control-Request-Method: GET"]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("GET", "/nothing"), ["route  none", '404 {"message":"Not Found"}']),
        (("GET", "/health"), ["mock", "204"]),
        (
            ("OPTIONS", "/items/1", *PREFLIGHT),
            ["preflight", "https://app.example", "frontdesk.yaml:9:5"],
        ),
    ],
    ids=["miss", "mock", "preflight"],
)
def test_explain_shows_what_answers(run, arguments, shown):
    result = run("explain", *arguments)
    assert result.exit_code == 0
    assert all(text in result.stdout for text in shown)
    assert "function" not in result.stdout


@pytest.mark.parametrize("url", ["/a%zz", "no-slash", "/a%00", "/%2e%2e/a"])
def test_explain_tells_paths_that_the_door_refuses(run, url):
    result = run("explain", "GET", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"the door answers 400 to this path: {url}" in result.stderr


def test_a_header_without_a_colon_is_a_wrong_use(run):
    result = run("explain", "GET", "/health", "-H", "Origin")
    assert result.exit_code == 2
    assert "expected NAME: VALUE, got 'Origin'" in result.stderr


SECRETS = """\
name: x
authorizers:
  people: {type: jwt, issuer: "https://${env:K}.example", audience: [x]}
upstreams: {billing: {targets: ["http://${env:K}.example", "http://two.example"]}}
apis:
  shop:
    stage: {name: "${env:K}", throttle: {rate: 9/s, by: "$request.header.${env:K}"}}
    base_path: "/${env:K}"
    cors: {allow_origins: "https://${env:K}", allow_methods: [GET]}
    throttle: {rate: 9/s, by: "$request.header.${env:K}"}
    routes:
      GET /url: {http: "http://127.0.0.1:1/${env:K}", authorizer: people, scopes: ["a:${env:K}"]}
      GET /bills: {http: {upstream: billing, path: "/${env:K}"}}
      GET /file: {static: "${env:K}"}
      GET /throttled: {mock: {}, throttle: [1/s, {rate: 2/s, by: "$request.header.${env:K}"}]}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("routes",),
        ("check",),
        ("explain", "GET", "/s3cret/s3cret/url"),
        ("explain", "GET", "/s3cret/s3cret/bills"),
        ("explain", "GET", "/s3cret/s3cret/file"),
        ("explain", "GET", "/s3cret/s3cret/throttled"),
        ("explain", "GET", "/s3cret/s3cret/nothing"),
    ],
    ids=" ".join,
)
def test_what_references_stand_for_is_never_shown(run, tmp_path, monkeypatch, arguments):
    monkeypatch.setenv("K", "s3cret")
    (tmp_path / "frontdesk.yaml").write_text(SECRETS)
    result = run(*arguments)
    assert result.exit_code == 0
    asked = arguments[-1]
    assert "s3cret" not in result.output.replace(asked, "")
    assert "${env:K}" in result.output


def test_a_url_that_cannot_be_used_is_shown_as_it_is_written(run, tmp_path, monkeypatch):
    monkeypatch.setenv("K", "s3cret")
    text = "name: x\napis: {a: {routes: {GET /k: {http: 'http://u:p@127.0.0.1:1/${env:K}'}}}}\n"
    (tmp_path / "frontdesk.yaml").write_text(text)
    result = run("check")
    assert result.exit_code == 1
    assert "s3cret" not in result.output
    assert "***@127.0.0.1:1/${env:K}" in result.output


def test_a_handler_from_a_reference_is_not_shown(run, tmp_path, monkeypatch):
    monkeypatch.setenv("K", "s3cret")
    text = "name: x\nfunctions: {f: {handler: '${env:K}.f'}, g: {handler: g.g, code: '${env:K}'}}\n"
    (tmp_path / "frontdesk.yaml").write_text(text)
    result = run("check")
    assert result.output.count("[handler-not-found]") == 2
    assert "s3cret" not in result.output


SOCKETS = """\
name: x
upstreams: {billing: {url: "http://127.0.0.1:9"}}
apis:
  live:
    type: websocket
    base_path: /live
    routes:
      $default: {mock: {status: 200}}
      bill: {http: {upstream: billing, path: /bills}, throttle: 5/s}
      note: {integration: {type: http_proxy, uri: "http://127.0.0.1:9/notes"}}
"""


def test_routes_of_a_websocket_api_are_listed_with_the_handshake(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(SOCKETS)
    cells = [[cell.strip() for cell in row] for row in rows(run("routes"))][1:]
    assert [row[2:6] for row in cells] == [
        ["$connect", "mock 200", "none", "-"],
        ["$default", "mock 200", "none", "-"],
        ["bill", "upstream billing /bills", "none", "5/s"],
        ["note", "http_proxy http://127.0.0.1:9/notes", "none", "-"],
    ]


@pytest.mark.parametrize(
    ("arguments", "route"),
    [
        (["ws://localhost/live"], "$connect"),
        (["ws://localhost/live", "--message", '{"action": "bill"}'], "bill"),
        (["wss://localhost/live", "--message", "hello"], "$default"),
        (["http://localhost/live"], "none"),
        (["ws://localhost/live/below"], "none"),
    ],
    ids=["handshake", "message", "default", "plain request", "below"],
)
def test_explain_shows_handshakes_and_messages(run, tmp_path, arguments, route):
    (tmp_path / "frontdesk.yaml").write_text(SOCKETS)
    result = run("explain", "GET", *arguments)
    assert re.search(r"  route  (\S+)", result.stdout)[1] == route


def test_explain_says_where_nobody_takes_a_message(run, tmp_path):
    (tmp_path / "frontdesk.yaml").write_text(SOCKETS)
    result = run("explain", "GET", "http://localhost/live", "--message", "x")
    assert result.exit_code == 1
    assert "no WebSocket API takes a handshake at http://localhost/live" in result.stderr
