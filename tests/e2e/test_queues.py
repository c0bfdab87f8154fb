"""Queues of a gateway in a process of its own: functions get messages and send others, also over a `kill -9`."""

import json
import signal

import boto3
from botocore.config import Config

from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project
from tests.live.processes import until

MODULE = """
import json

import boto3


def forward(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="second")["QueueUrl"]
    for record in event["Records"]:
        sqs.send_message(QueueUrl=url, MessageBody=record["body"])


def note(event, context):
    failures = []
    with open("{file}", "a") as file:
        for record in event["Records"]:
            if record["body"] == "poison":
                failures.append({{"itemIdentifier": record["messageId"]}})
            file.write(json.dumps(record) + "\\n")
    return {{"batchItemFailures": failures}}
"""
CONFIG = """
admin: {{listen: 127.0.0.1:{port}}}
functions:
  forward: {{handler: at_work.forward, timeout: 5s}}
  note: {{handler: at_work.note, timeout: 1s}}
queues:
  first: {{visibility: 5s, consumer: {{function: forward}}}}
  second: {{visibility: 1s, max_receives: 2, dead_letter: dead, consumer: {{function: note}}}}
  dead: {{}}
"""


def noted(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def bodies(file):
    return {record["body"] for record in noted(file)}


def test_messages_go_from_function_to_function_and_over_a_kill(tmp_path):
    file, port = tmp_path / "notes", free_port()
    path = project(tmp_path, CONFIG.format(port=port), at_work=MODULE.format(file=file))
    sqs = boto3.client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with gateway(path) as first:
        url = sqs.get_queue_url(QueueName="first")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="a")
        until(lambda: bodies(file) == {"a"})
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        sqs.send_message(QueueUrl=url, MessageBody="b")
        first.process.signal(signal.SIGKILL)
        first.process.wait()
    with gateway(path):
        until(lambda: bodies(file) == {"a", "b", "poison"})
        dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
        answer = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20)
        (message,) = answer["Messages"]
        assert message["Body"] == "poison"
        metrics = call(f"127.0.0.1:{port}", "GET", "/metrics").body.decode()
        assert 'frontdesk_queue_messages_total{queue="second",op="dead"} 1' in metrics
    received = [int(each["attributes"]["ApproximateReceiveCount"]) for each in noted(file)]
    assert max(received) == 2
    sqs.close()
