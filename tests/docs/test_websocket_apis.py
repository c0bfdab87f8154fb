"""docs/websocket-apis.md: its examples run against a gateway, its tables are what clients see."""

import json
import re
import subprocess

import pytest
from click.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from frontdesk.cli.main import cli
from frontdesk.config.models.websocket_api import SocketLimits
from frontdesk.gateway.pipeline.stages.socket import _FAULT, _WORDS
from frontdesk.rules.events.websocket import event_type
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.calls import call
from tests.live.gateways import project
from tests.live.sockets import threaded

FILE = ROOT / "docs" / "websocket-apis.md"
PAGE = FILE.read_text()
ROUTES, EVENTS, ERRORS, CLOSES, _, REFUSALS, *_ = tables(PAGE)
HANDLER, CLIENT, PUSH, PUSHING_HANDLER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WHOLE, *_ = examples(FILE)


def test_the_first_example_runs(tmp_path, capsys):
    path = project(tmp_path, "", desk=HANDLER)
    content = {**json.loads(json.dumps(WHOLE.content)), "listen": "127.0.0.1:0"}
    path.write_text(
        path.read_text().replace("name: test\n", "").replace("listen: 127.0.0.1:0\n", "")
    )
    path.write_text(
        path.read_text() + "\n" + "\n".join(f"{k}: {json.dumps(v)}" for k, v in content.items())
    )
    (shown,) = re.findall(r"```\n(\{.*?)```", PAGE, re.DOTALL)
    with threaded(path) as gateway:
        exec(CLIENT.replace("127.0.0.1:8080", str(gateway.address)), {})
    assert capsys.readouterr().out == shown


def test_what_explain_shows_is_what_it_prints(tmp_path, monkeypatch):
    (command, shown) = re.search(r"```console\n\$ frontdesk (.*)\n((?:.*\n)+?)```", PAGE).groups()
    (first,) = re.findall(r"```yaml\n(name:.*?)```", PAGE, re.DOTALL)
    (tmp_path / "frontdesk.yaml").write_text(first)
    monkeypatch.chdir(tmp_path)
    arguments = ["explain", "GET", "ws://localhost/", "--message", '{"action": "ping"}']
    assert command == 'explain GET ws://localhost/ --message \'{"action": "ping"}\''
    result = CliRunner().invoke(cli, arguments)
    assert result.output == shown


def test_events_are_those_of_the_code():
    keys = ("$connect", "x", "$disconnect")
    assert [codes(row[0])[0] for row in EVENTS.rows] == [event_type(key) for key in keys]


def test_messages_of_errors_are_those_of_the_code():
    told = {codes(row[0])[0] for row in ERRORS.rows}
    at_handshakes = {"Unauthorized", "Upgrade Required", "Message too long"}
    assert told == {*_WORDS.values(), _FAULT} - at_handshakes


@pytest.mark.parametrize(
    ("key", "shown"),
    [("idle", "10 minutes"), ("lifetime", "2 hours"), ("frame", "32 KB"), ("message", "128 KB")],
)
def test_limits_are_those_of_the_model(key, shown):
    seconds_or_bytes = {"10 minutes": 600, "2 hours": 7200, "32 KB": 32768, "128 KB": 131072}
    assert getattr(SocketLimits(), key) == seconds_or_bytes[shown]
    assert shown in str(CLOSES.rows)


def test_the_examples_of_pushes_run(tmp_path, capsys):
    live = "apis: {live: {type: websocket, routes: {$default: {function: desk}}}}"
    functions = "functions: {desk: {handler: desk.handler, code: .}}"
    path = project(tmp_path, f"{functions}\n{live}\n", desk=PUSHING_HANDLER)
    command, shown = re.search(r"```console\n\$ (curl .*)\n(.*)\n```", PAGE).groups()
    with threaded(path) as gateway, connect(f"ws://{gateway.address}/") as client:
        admin = str(gateway.app.config.admin.listen)
        client.send("call")
        assert client.recv(30) == "Calling the doctor."
        listed = call(admin, "GET", "/api/sockets").json["connections"]
        exec(PUSH.replace("127.0.0.1:8081", admin), {"connection_id": listed[0]["id"]})
        assert client.recv(30) == "The doctor is here."
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(30)
        assert closed.value.rcvd.code == 1001
        asked = ["sh", "-c", command.replace("curl", "curl -s").replace("127.0.0.1:8081", admin)]
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == shown
    assert capsys.readouterr().out == "127.0.0.1\n"


def test_refusals_of_pushes_are_those_of_the_code():
    source = "".join(
        (ROOT / "src/frontdesk/aws" / name).read_text()
        for name in ("connections/asked.py", "wire.py")
    )
    for status, kind in (row[0].split(" ") for row in REFUSALS.rows):
        assert f'{status}, "{kind.strip("`")}"' in source
