"""docs/states-api.md: its examples run against a gateway, its operations are those that are served."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import boto3
import pytest

from frontdesk.aws.states.service import operations
from tests.docs.pages import codes, tables
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

PAGE = (Path(__file__).parents[2] / "docs" / "states-api.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(INSIDE,) = [example for example in EXAMPLES if example.startswith("def handler")]
CHARGE = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Pay"},
        "Pay": {"Type": "Pass", "Parameters": {"paid.$": "$.cents"}, "End": True},
    },
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    config = f"""
        admin: {{listen: 127.0.0.1:{port}}}
        state_machines:
          charge: {{definition: charge.asl.json}}
        functions:
          ask: {{handler: ask.handler, timeout: 30s}}
    """
    folder = tmp_path_factory.mktemp("states")
    (folder / "charge.asl.json").write_text(json.dumps(CHARGE))
    with gateway(project(folder, config, ask=INSIDE)):
        yield f"127.0.0.1:{port}"


def test_the_examples_run(address):
    scope = {}
    for example in EXAMPLES:
        if example is not INSIDE:
            code = textwrap.dedent(example).replace("127.0.0.1:8081", address)
            exec(compile(code, "docs/states-api.md", "exec"), scope)  # our own page
    client, parcel = scope["client"], scope["parcel"]
    while (found := client.describe_execution(**_arn(parcel)))["status"] == "RUNNING":
        pass
    assert found["output"] == '{"packed":7}'
    client.close()


def test_the_commands_of_the_aws_cli_run(address):
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [
            "bash",
            "-ec",
            re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace("127.0.0.1:8081", address),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        },
    )
    assert done.returncode == 0, done.stderr
    assert "activity:pack" in done.stdout
    assert "execution:charge:" in done.stdout


def test_a_function_runs_a_machine(address):
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="thing",
    )
    answer = client.invoke(FunctionName="ask", Payload='{"cents": 7}')
    assert json.loads(answer["Payload"].read()) == {"paid": 7}
    client.close()


def test_the_page_lists_the_operations_that_are_served():
    client = boto3.client("stepfunctions", region_name="us-east-1")
    names = set(client.meta.service_model.operation_names)
    client.close()

    class Anything:
        def __getattr__(self, name):
            return name

    served = set(
        operations(
            machines=Anything(),
            catalog=Anything(),
            clock=Anything(),
            executions=Anything(),
            activities=Anything(),
            post_started=Anything(),
            trials=Anything(),
        )
    )
    (table,) = tables(PAGE)
    documented = [name for row in table.rows for name in codes(row[0])]
    assert sorted(served) == sorted(documented)
    assert names == served


def _arn(started):
    return {"executionArn": started["executionArn"]}
