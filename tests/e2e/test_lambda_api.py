"""boto3 against a running gateway: functions made through the API in real processes, and from within one."""

import json
import signal

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from frontdesk.functions.environment import RUNTIME
from tests.aws.conftest import zipped
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

ECHO = zipped(
    app="""
import json, os

def handler(event, context):
    return {"event": event, "table": os.environ.get("TABLE"), "version": context.function_version,
            "arn": context.invoked_function_arn, "client": vars(context.client_context)["custom"]
            if context.client_context else None}

def fails(event, context):
    raise ValueError("no")
"""
)

CALLER = """
import boto3, json

def handler(event, context):
    answer = boto3.client("lambda").invoke(FunctionName=event["function"], Payload=json.dumps({"from": "inside"}))
    return {"status": answer["StatusCode"], "payload": json.loads(answer["Payload"].read())}

def double(event, context):
    return {"got": event}
"""

CONFIG = """
admin: {{listen: 127.0.0.1:{port}, token: operator-token-of-the-test}}
functions:
  caller: {{handler: caller.handler, timeout: 30s}}
  double: {{handler: caller.double}}
"""


def client(address, key="frontdesk", secret="operator-token-of-the-test"):
    return boto3.client(
        "lambda",
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def invoke(api, name, event=None, **more):
    answer = api.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    port = free_port()
    project(folder, CONFIG.format(port=port), caller=CALLER)
    (folder / "port").write_text(str(port))
    return folder


@pytest.fixture(scope="module")
def api(folder):
    with gateway(folder / "frontdesk.yaml"):
        yield client(f"127.0.0.1:{(folder / 'port').read_text()}")


def test_a_function_is_made_changed_published_and_invoked(api):
    api.create_function(
        FunctionName="echo",
        Runtime=RUNTIME,
        Role="any",
        Handler="app.handler",
        Code={"ZipFile": ECHO},
        Environment={"Variables": {"TABLE": "slots"}},
        Timeout=30,
        Publish=True,
    )
    answer, result = invoke(api, "echo", {"a": 1}, LogType="Tail")
    assert result["event"] == {"a": 1}
    assert (result["table"], result["version"]) == ("slots", "$LATEST")
    assert answer["ExecutedVersion"] == "$LATEST"
    assert answer["LogResult"]

    api.update_function_configuration(FunctionName="echo", Handler="app.fails")
    answer, result = invoke(api, "echo")
    assert answer["FunctionError"] == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "no")

    api.create_alias(FunctionName="echo", Name="live", FunctionVersion="1")
    answer, result = invoke(api, "echo:live", 5)
    assert (result["event"], result["version"]) == (5, "1")
    assert result["arn"].endswith(":function:echo:live")
    assert answer["ExecutedVersion"] == "1"


def test_a_handler_reaches_another_function_with_plain_boto3(api):
    _, result = invoke(api, "caller", {"function": "double"})
    assert result == {"status": 200, "payload": {"got": {"from": "inside"}}}


def test_who_does_not_know_the_token_is_refused(api):
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client(api.meta.endpoint_url.removeprefix("http://"), secret="guess").list_functions()


def test_reserved_zero_refuses_every_call(api):
    api.create_function(
        FunctionName="off",
        Runtime=RUNTIME,
        Role="any",
        Handler="app.handler",
        Code={"ZipFile": ECHO},
    )
    api.put_function_concurrency(FunctionName="off", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException") as raised:
        invoke(api, "off")
    assert raised.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_functions_come_back_in_the_next_process(tmp_path):
    port = free_port()
    path = project(tmp_path, f"admin: {{listen: 127.0.0.1:{port}}}\n")
    with gateway(path) as first:
        client(f"127.0.0.1:{port}").create_function(
            FunctionName="echo",
            Runtime=RUNTIME,
            Role="any",
            Handler="app.handler",
            Code={"ZipFile": ECHO},
            Timeout=30,
        )
        first.process.signal(signal.SIGKILL)
        first.process.wait()
    with gateway(path):
        _, result = invoke(client(f"127.0.0.1:{port}"), "echo", {"still": "here"})
    assert result["event"] == {"still": "here"}
