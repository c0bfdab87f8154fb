"""boto3 in a handler against its own gateway: what an article about Step Functions does, with its empty strings."""

import json

from tests.e2e.test_lambda_api import client
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

BASE = """
import json

import boto3


def handler(event, context):
    session = boto3.Session(aws_access_key_id="", aws_secret_access_key="", region_name="")
    client = session.client("stepfunctions")
    started = client.start_execution(
        stateMachineArn="arn:aws:states::stateMachine:apiProxyStateMachine",
        input=json.dumps(event["body"]),
    )
    arn = started["executionArn"]
    while client.describe_execution(executionArn=arn)["status"] not in ("SUCCEEDED", "FAILED"):
        pass
    found = client.describe_execution(executionArn=arn)
    return {"status": found["status"], "output": json.loads(found["output"])}


def proxy(event, context):
    return {"statusCode": 200, "body": json.dumps({"asked": event})}
"""
MACHINE = {
    "StartAt": "Proxy 1",
    "States": {
        "Proxy 1": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "OutputPath": "$.Payload",
            "Parameters": {
                "Payload.$": "$",
                "FunctionName": "arn:aws:lambda:ap-south-1:378343485419:function:proxy:$LATEST",
            },
            "End": True,
        }
    },
}
CONFIG = """
admin: {{listen: 127.0.0.1:{port}, token: operator-token-of-the-test}}
state_machines:
  apiProxyStateMachine: {{definition: machine.asl.json}}
functions:
  base: {{handler: base.handler, timeout: 30s}}
  proxy: {{handler: base.proxy}}
"""


def test_a_function_starts_a_machine_and_waits_for_it(tmp_path):
    port = free_port()
    (tmp_path / "machine.asl.json").write_text(json.dumps(MACHINE))
    with gateway(project(tmp_path, CONFIG.format(port=port), base=BASE)):
        lambda_client = client(f"127.0.0.1:{port}")
        answer = lambda_client.invoke(FunctionName="base", Payload='{"body": {"order": 7}}')
        lambda_client.close()
    assert json.loads(answer["Payload"].read()) == {
        "status": "SUCCEEDED",
        "output": {"statusCode": 200, "body": '{"asked": {"order": 7}}'},
    }
