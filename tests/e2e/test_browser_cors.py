"""CORS where it is enforced: pages of three origins in a real browser call the door."""

from http.server import BaseHTTPRequestHandler

import pytest

from tests.live.backends import Echo, threaded
from tests.live.browser import browser
from tests.live.gateways import gateway, project
from tests.live.processes import until

CONFIG = """
logs: {{access: {{path: access.log, format: "$context.httpMethod $context.path $context.status"}}}}
functions: {{f: {{handler: code.f}}}}
apis:
  a:
    cors:
      allow_origins: ["http://{allowed}"]
      allow_methods: [GET, PUT]
      allow_headers: [Authorization, X-Practice]
      expose_headers: [X-Shown]
      max_age: 0s
    routes:
      GET /mock: {{mock: {{headers: {{X-Shown: shown, X-Kept: kept}}, body: {{status: ok}}}}}}
      PUT /function: {{function: f}}
      DELETE /function: {{function: f}}
      GET /guarded: {{mock: {{}}, authorizer: gate}}
      GET /full: {{mock: {{}}, throttle: {{rate: 1/d, burst: 1}}}}
      GET /proxied: {{http: "http://{backend}/"}}
  credentials:
    base_path: /credentials
    cors: {{allow_origins: ["http://{allowed}"], allow_credentials: true}}
    routes: {{GET /mock: {{mock: {{body: yours}}}}}}
  everybody:
    base_path: /everybody
    cors: {{allow_origins: ["*"], allow_methods: ["*"], allow_headers: ["*"]}}
    routes: {{GET /mock: {{mock: {{body: ours}}}}}}
  nobody:
    base_path: /nobody
    routes: {{GET /mock: {{mock: {{body: mine}}}}}}
authorizers:
  gate: {{type: function, function: f, identity: [$request.header.Authorization]}}
"""

FETCH = """
const [url, init] = given;
let answer;
try { answer = await fetch(url, init); } catch (error) { return "blocked"; }
return {
  status: answer.status,
  body: await answer.text(),
  shown: answer.headers.get("x-shown"),
  kept: answer.headers.get("x-kept"),
};
"""


class EmptyPage(BaseHTTPRequestHandler):
    """A page of an origin, whose script the test brings."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href='data:,'><title>page</title>")

    def log_message(self, *_):
        """Pages are no news."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A door, a page of an allowed origin, a page of another one, and the browser."""
    folder = tmp_path_factory.mktemp("cors")
    with (
        threaded(EmptyPage) as allowed,
        threaded(EmptyPage) as other,
        threaded(Echo) as backend,
        gateway(
            project(
                folder,
                CONFIG.format(allowed=allowed, backend=backend),
                code="def f(event, context): return {'put': True}",
            )
        ) as door,
        browser(folder) as page,
    ):
        yield door, page, {"allowed": f"http://{allowed}/", "other": f"http://{other}/"}


@pytest.fixture
def fetch(scene):
    """Fetch a path of the door from a page of an origin."""
    door, page, origins = scene

    def run(origin, path, **init):
        page.open(origins[origin])
        return page.run(FETCH, f"http://{door.address}{path}", init)

    return run


BEARER = {"Authorization": "Bearer token"}


def test_an_allowed_page_reads_the_answer_and_the_exposed_fields_only(fetch):
    assert fetch("allowed", "/mock") == {
        "status": 200,
        "body": '{"status":"ok"}',
        "shown": "shown",
        "kept": None,
    }


def test_another_page_reads_nothing(fetch):
    assert fetch("other", "/mock") == "blocked"


@pytest.mark.parametrize(
    ("origin", "path", "init", "wanted"),
    [
        ("allowed", "/mock", {"headers": BEARER}, 200),
        ("allowed", "/mock", {"headers": {"X-Practice": "p001"}}, 200),
        ("allowed", "/proxied", {"headers": BEARER}, 200),
        ("allowed", "/function", {"method": "PUT", "headers": BEARER}, 200),
        ("allowed", "/function", {"method": "DELETE"}, "blocked"),
        ("allowed", "/mock", {"headers": {"X-Other": "1"}}, "blocked"),
        ("other", "/mock", {"headers": BEARER}, "blocked"),
        ("other", "/function", {"method": "PUT"}, "blocked"),
    ],
    ids=[
        "authorization",
        "listed-header",
        "proxied",
        "listed-method",
        "other-method",
        "other-header",
        "other-origin",
        "other-origin-and-method",
    ],
)
def test_a_preflight_decides(fetch, origin, path, init, wanted):
    answer = fetch(origin, path, **init)
    assert (answer if answer == "blocked" else answer["status"]) == wanted


def test_what_a_preflight_forbids_never_reaches_the_door(scene, fetch):
    assert fetch("allowed", "/function", method="DELETE") == "blocked"
    door = scene[0]
    door.call("GET", "/after")
    log = door.folder / "access.log"
    until(lambda: "GET /after 404" in log.read_text())
    assert "OPTIONS /function 204" in log.read_text()
    assert "DELETE" not in log.read_text()


@pytest.mark.parametrize(("path", "status"), [("/guarded", 401), ("/nothing", 404), ("/full", 429)])
def test_an_allowed_page_can_read_why_it_is_refused(fetch, path, status):
    seen = [fetch("allowed", path) for _ in range(2)][-1]
    assert seen["status"] == status
    assert '"message"' in seen["body"]


@pytest.mark.parametrize(
    ("origin", "path", "init", "wanted"),
    [
        ("allowed", "/credentials/mock", {"credentials": "include"}, "yours"),
        ("allowed", "/mock", {"credentials": "include"}, None),
        ("other", "/credentials/mock", {"credentials": "include"}, None),
        ("other", "/everybody/mock", {}, "ours"),
        ("other", "/everybody/mock", {"headers": {"X-Any": "1"}}, "ours"),
        ("other", "/everybody/mock", {"credentials": "include"}, None),
        ("allowed", "/nobody/mock", {}, None),
        ("allowed", "/nobody/mock", {"headers": BEARER}, None),
    ],
    ids=[
        "credentials",
        "credentials-not-allowed",
        "credentials-of-another-origin",
        "wildcard",
        "wildcard-header",
        "wildcard-is-not-credentials",
        "no-cors",
        "no-cors-preflight",
    ],
)
def test_credentials_wildcards_and_apis_without_cors(fetch, origin, path, init, wanted):
    answer = fetch(origin, path, **init)
    assert (None if answer == "blocked" else answer["body"]) == wanted
