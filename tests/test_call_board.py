"""The clinic's live call board, as `make demo` shows it: webhooks go in, and dashboards in Chromium show them."""

import json
import re
import subprocess

import pytest
from click.testing import CliRunner

from frontdesk import webhooks
from frontdesk.cli.main import cli
from tests.live.browser import browser
from tests.live.calls import call
from tests.live.processes import until
from tests.test_examples import demo

SECRET = "telephone-secret-of-the-demo"
ADA = "Ada <b>Lovelace</b> & Søn"

ROWS = """
return [...document.querySelectorAll(`#${given[0]} li`)].map(
  (row) => [row.querySelector(".caller").textContent, row.querySelector(".state").textContent]
);
"""


class Board:
    """The demo, and what it has said."""

    def __init__(self, running):
        self.address, self.path = running.address, running.path
        self.process = running.process

    def url(self, practice):
        made = CliRunner().invoke(
            cli, ["token", "-c", str(self.path), "--claim", f"practice_id={practice}"]
        )
        return f"http://{self.address}/board/index.html#token={made.stdout.strip()}"

    def tell(self, id_, kind, practice="p001", caller=ADA, call_id="c1", secret=SECRET):
        """Send a webhook of the telephone system; return the status."""
        event = {
            "id": id_,
            "type": f"call.{kind}",
            "practice_id": practice,
            "call": {"id": call_id, "caller": caller, "at": "2026-11-23T09:30:05Z"},
        }
        body = json.dumps(event).encode()
        signed = webhooks.sign("generic-hmac", body, [secret])
        return call(
            self.address, "POST", "/hooks/calls", headers=dict(signed.headers), body=body
        ).status


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with demo(tmp_path_factory.mktemp("board") / "clinic") as running:
        yield Board(running)


class Dashboard:
    """A window of Chromium that shows the board of a practice."""

    def __init__(self, page, url):
        self._page = page
        self._window = page.window()
        page.open(url)
        until(lambda: self.text("link") == "Live")

    def run(self, script, *arguments):
        self._page.turn_to(self._window)
        return self._page.run(script, *arguments)

    def text(self, id_):
        return self.run("return document.getElementById(given[0]).textContent", id_)

    def rows(self, id_):
        return self.run(ROWS, id_)


@pytest.fixture
def page(tmp_path):
    with browser(tmp_path) as page:
        yield page


def test_what_the_telephone_tells_is_on_every_dashboard_of_its_practice_and_on_no_other(
    board, page
):
    one, other = (Dashboard(page, board.url("p001")) for _ in range(2))
    stranger = Dashboard(page, board.url("p002"))
    assert one.text("practice") == "Practice p001"
    assert board.tell("e1", "started") == 200
    for each in (one, other):
        until(lambda each=each: each.rows("open") == [[ADA, "Ringing"]])
    assert board.tell("e2", "answered") == 200
    for each in (one, other):
        until(lambda each=each: each.rows("open") == [[ADA, "Talking"]])
    assert board.tell("e3", "ended") == 200
    for each in (one, other):
        until(lambda each=each: each.rows("ended") == [[ADA, "Ended"]])
        assert each.rows("open") == []
    assert board.tell("e4", "started", "p002", "Grace", "c2") == 200
    until(lambda: stranger.rows("open") == [["Grace", "Ringing"]])
    assert stranger.rows("ended") == []
    assert one.rows("open") == []

    late = Dashboard(page, board.url("p001"))
    until(lambda: late.rows("ended") == [[ADA, "Ended"]])
    assert late.run("return location.hash") == ""
    for width, dark in ((1280, False), (390, False), (390, True)):
        page.size(width, dark=dark)
        wide = late.run("return document.documentElement.scrollWidth")
        assert wide <= width
    assert page.complaints() == []


def test_a_repetition_changes_nothing_and_a_forged_webhook_is_refused(board):
    assert board.tell("e9", "started", "p009") == 200
    assert board.tell("e9", "started", "p009") == 200
    assert board.tell("e10", "started", "p009", secret="somebody-else's") == 401


@pytest.mark.parametrize("query", ["", "?token=nonsense"], ids=["none", "nonsense"])
def test_without_a_token_nobody_watches(board, query):
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert call(board.address, "GET", f"/live{query}", headers=handshake).status == 401


def test_what_the_demo_says_opens_the_board_and_makes_a_call(board):
    assert re.search(
        r"^http://[\d.:]+/board/index\.html#token=\S+$", board.process.stdout, re.MULTILINE
    )
    shown = re.search(r"^tell\(\).*\ntell started.*$", board.process.stdout, re.MULTILINE)[0]
    told = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True)
    assert told.stdout == '{"received": true}' * 3


def test_the_page_may_load_nothing_from_elsewhere(board):
    answer = call(board.address, "GET", "/board/index.html")
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; base-uri")
    assert b"http://" not in answer.body
