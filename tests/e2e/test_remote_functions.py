"""Functions that run elsewhere: `frontdesk functions serve` in a process, a gateway before it in another."""

import contextlib
import json
import signal

import pytest
from botocore.exceptions import ClientError

from tests.e2e.test_lambda_api import client, invoke
from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project
from tests.live.processes import frontdesk

TOKEN = "token-of-the-function-host"

HOST = f"""
admin: {{listen: 127.0.0.1:1, token: {TOKEN}}}
functions:
  greet: {{handler: greet.handler, timeout: 20s, versions: {{"1": {{handler: greet.old}}}}, aliases: {{live: {{version: "1"}}}}}}
  off: {{handler: greet.handler, reserved_concurrency: 0}}
  chain: {{handler: greet.chain, timeout: 30s}}
"""

GREET = """
import boto3, json

def handler(event, context):
    if event.get("fail"):
        raise KeyError("fail")
    return {"hello": event.get("rawPath", event), "version": context.function_version}

def old(event, context):
    return {"old": True}

def chain(event, context):
    answer = boto3.client("lambda").invoke(FunctionName="greet:live")
    return json.loads(answer["Payload"].read())
"""


@contextlib.contextmanager
def host(folder):
    """Serve the functions of HOST; yields the address."""
    folder.mkdir()
    path = project(folder, HOST, greet=GREET)
    port = free_port()
    with frontdesk(
        "functions", "serve", "-c", path, "--listen", f"127.0.0.1:{port}", cwd=folder
    ) as process:
        process.wait_for(r"listening on")
        yield f"127.0.0.1:{port}", process


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with host(tmp_path_factory.mktemp("served") / "host") as (address, _):
        yield address


def test_boto3_invokes_what_is_served_and_manages_nothing(served):
    api = client(served, secret=TOKEN)
    _, result = invoke(api, "greet", {"a": 1})
    assert result == {"hello": {"a": 1}, "version": "$LATEST"}
    assert invoke(api, "greet:live", {})[1] == {"old": True}
    with pytest.raises(ClientError, match="UnknownOperationException"):
        api.list_functions()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(api, "nobody")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(api, "greet:other")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        invoke(client(served, secret="wrong"), "greet")
    assert call(served, "GET", "/healthz").json == {"status": "ok"}


def test_its_functions_reach_each_other(served):
    assert invoke(client(served, secret=TOKEN), "chain")[1] == {"old": True}


def entry(address, name, secret=TOKEN):
    return {
        "url": f"http://{address}/2015-03-31/functions/{name}/invocations",
        "auth": {"sigv4": {"access_key_id": "frontdesk", "secret_access_key": secret}},
    }


@pytest.fixture(scope="module")
def door(served, tmp_path_factory):
    functions = {
        "greet": entry(served, "greet"),
        "live": entry(served, "greet:live"),
        "off": entry(served, "off"),
        "gone": entry(served, "gone"),
        "refused": entry(served, "greet", "another-token-of-nobody"),
        "nobody": {"url": f"http://127.0.0.1:{free_port()}/2015-03-31/functions/x/invocations"},
    }
    port = free_port()
    config = {
        "name": "door",
        "listen": "127.0.0.1:0",
        "admin": {"listen": f"127.0.0.1:{port}"},
        "functions": functions,
        "apis": {"a": {"routes": {f"POST /{name}": {"function": name} for name in functions}}},
    }
    path = tmp_path_factory.mktemp("door") / "frontdesk.yaml"
    path.write_text(json.dumps(config))
    with gateway(path) as running:
        yield running, f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("greet", 200, {"hello": "/greet", "version": "$LATEST"}),
        ("live", 200, {"old": True}),
        ("off", 503, {"message": "Service Unavailable"}),
        ("gone", 500, {"message": "Internal Server Error"}),
        ("refused", 500, {"message": "Internal Server Error"}),
        ("nobody", 500, {"message": "Internal Server Error"}),
    ],
)
def test_a_route_calls_a_function_elsewhere(door, name, status, body):
    answer = door[0].call("POST", f"/{name}", body=b"{}")
    assert (answer.status, answer.json) == (status, body)
    assert TOKEN not in door[0].process.stdout + door[0].process.stderr


def test_the_lambda_api_passes_calls_on(door):
    api = client(door[1])
    assert invoke(api, "live", {})[1] == {"old": True}
    answer, result = invoke(api, "greet", {"fail": True})
    assert (answer["FunctionError"], result["errorType"]) == ("Unhandled", "KeyError")
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(api, "off", {})
    with pytest.raises(ClientError, match="is in the configuration file: change it there"):
        api.delete_function(FunctionName="greet")


def test_it_is_called_by_hand(door):
    folder = door[0].folder
    with frontdesk("invoke", "greet", "-e", '{"a": 1}', cwd=folder) as process:
        assert process.wait() == 0
    assert json.loads(process.stdout) == {"hello": {"a": 1}, "version": "$LATEST"}
    with frontdesk("invoke", "refused", cwd=folder) as process:
        assert process.wait() == 1
    assert "error: Unavailable: status 403 InvalidSignatureException" in process.stderr


def test_it_ends_when_it_is_told(tmp_path):
    with host(tmp_path / "host") as (_, process):
        process.signal(signal.SIGTERM)
        assert process.wait() == 0


def test_beyond_this_machine_it_needs_a_token(tmp_path):
    path = project(tmp_path, "functions: {f: {handler: f.h}}", f="def h(e, c): pass\n")
    with frontdesk(
        "functions", "serve", "-c", path, "--listen", f"0.0.0.0:{free_port()}", cwd=tmp_path
    ) as process:
        assert process.wait() == 1
    assert "functions would be open to everybody without a token" in process.stderr
