"""`frontdesk overview` and `frontdesk requests` against a gateway that runs."""

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

CONFIG = """
admin: {listen: "127.0.0.1:%d"}
apis: {a: {routes: {POST /x: {mock: {status: 200, body: made}}}}}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with gateway(project(tmp_path_factory.mktemp("requests"), CONFIG % free_port())) as running:
        yield running


@pytest.fixture
def tell(running):
    def told(*arguments):
        words = [*arguments, "-c", str(running.folder / "frontdesk.yaml")]
        answer = CliRunner().invoke(cli, words)
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    return told


def test_requests_are_listed_shown_and_sent_again(running, tell):
    tell("requests", "list")
    keyed = {"idempotency-key": "book-17", "authorization": "Bearer abc"}
    running.call("POST", "/x?day=mon", headers=keyed, body="{}")
    running.call("GET", "/\x1b[2J".replace("\x1b", "%1B"))
    listed = tell("requests", "list")
    assert listed.split("  ")[2:5] == ["200", "POST", "/x"]
    assert "\x1b" not in listed
    request_id = tell("requests", "list", "--status", "2xx").split()[0]
    shown = tell("requests", "show", request_id)
    assert "idempotency-key: book-17" in shown
    assert "authorization: ***" in shown
    sent = tell("requests", "replay", request_id, "--header", "x-again: yes")
    assert (sent.startswith("200\n"), "made" in sent) == (True, True)
    newest = tell("requests", "list", "--last", "1").split()[0]
    again = tell("requests", "show", newest)
    assert ("idempotency-key: book-17" in again, "x-again: yes" in again) == (True, True)
    assert "authorization" not in again
    assert f"host: {running.address}" in again


def test_the_overview_is_told_in_lines(tell):
    assert "requests/s" in tell("overview", "--minutes", "60")


def test_a_status_that_there_is_not_is_refused_with_what_is_expected(running):
    file = str(running.folder / "frontdesk.yaml")
    answer = CliRunner().invoke(cli, ["requests", "list", "-c", file, "--status", "9xx"])
    assert answer.exit_code == 1
    assert answer.stderr == "refused: expected a status such as 404, or 4xx, found: 9xx\n"
