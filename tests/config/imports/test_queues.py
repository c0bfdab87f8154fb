"""Queues of templates, and the functions that read them."""

import pytest

from frontdesk.config.imports.resources import LEFT, MISSING

FUNCTION = """
resource "aws_lambda_function" "on_call" {
  function_name = "on_call"
  filename      = "code"
  handler       = "app.on_call"
  runtime       = "python3.11"
}
"""
QUEUES = (
    FUNCTION
    + """
resource "aws_sqs_queue" "calls" {
  name                       = "calls"
  visibility_timeout_seconds = 60
  delay_seconds              = 5
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
}
resource "aws_sqs_queue" "dead" {
  name                      = "calls-dead"
  message_retention_seconds = 1209600
  max_message_size          = 2048
}
resource "aws_sqs_queue" "ordered" {
  name       = "ordered.fifo"
  fifo_queue = true
}
resource "aws_sqs_queue_redrive_policy" "ordered" {
  queue_url      = aws_sqs_queue.ordered.id
  redrive_policy = "{\\"deadLetterTargetArn\\": \\"arn:aws:sqs:x:1:ordered-dead.fifo\\", \\"maxReceiveCount\\": \\"2\\"}"
}
resource "aws_lambda_event_source_mapping" "calls" {
  event_source_arn                   = aws_sqs_queue.calls.arn
  function_name                      = aws_lambda_function.on_call.arn
  batch_size                         = 20
  maximum_batching_window_in_seconds = 2
  scaling_config { maximum_concurrency = 4 }
  filter_criteria {
    filter { pattern = jsonencode({ body = { kind = ["booked"] } }) }
  }
}
"""
)


def test_queues_of_terraform(terraform):
    imported = terraform(QUEUES)
    assert imported.content["queues"] == {
        "calls": {
            "visibility": "60s",
            "delay": "5s",
            "dead_letter": "calls-dead",
            "max_receives": 3,
            "consumer": {
                "function": "on_call",
                "batch": 20,
                "window": "2s",
                "concurrency": 4,
                "filter": [{"body": {"kind": ["booked"]}}],
            },
        },
        "calls-dead": {"retention": "1209600s"},
        "ordered.fifo": {"fifo": True, "dead_letter": "ordered-dead.fifo", "max_receives": 2},
    }
    assert imported.messages(LEFT) == ["aws_sqs_queue.dead: max_message_size is not carried"]
    assert len(imported.messages("unknown-name")) == 1  # ordered-dead.fifo is not here


TEMPLATE = """
Resources:
  OnCall:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: on_call
      CodeUri: code
      Handler: app.on_call
      Runtime: python3.11
      Events:
        Calls:
          Type: SQS
          Properties: {Queue: !GetAtt Calls.Arn, BatchSize: 5, FilterCriteria: {Filters: [{Pattern: '{"body": {"aB": ["c"]}}'}]}}
  Calls:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead:
    Type: AWS::SQS::Queue
    Properties: {QueueName: calls-dead, MessageRetentionPeriod: 1209600, DelaySeconds: 1}
"""


def test_queues_of_a_template(sam):
    imported = sam(TEMPLATE)
    assert imported.content["queues"] == {
        "Calls": {
            "visibility": "60s",
            "dead_letter": "calls-dead",
            "max_receives": 3,
            "consumer": {
                "function": "on_call",
                "batch": 5,
                "filter": [{"body": {"aB": ["c"]}}],
            },
        },
        "calls-dead": {"delay": "1s", "retention": "1209600s"},
    }
    assert imported.findings == ()
    assert imported.load().queues["Calls"].consumer.batch == 5


SERVICE = """
service: shop
provider: {name: aws, runtime: python3.11}
functions:
  on_call:
    handler: app.on_call
    events:
      - sqs: {arn: !GetAtt [Calls, Arn], batchSize: 1, maximumConcurrency: 3, filterPatterns: [{body: {a: [1]}}]}
  other:
    handler: app.other
    events: [{sqs: "arn:aws:sqs:us-east-1:1:calls"}]
resources:
  Resources:
    Calls: {Type: AWS::SQS::Queue, Properties: {QueueName: calls}}
"""


def test_queues_of_serverless(serverless):
    imported = serverless(SERVICE)
    assert imported.content["queues"] == {
        "calls": {
            "consumer": {
                "function": "on_call",
                "batch": 1,
                "concurrency": 3,
                "filter": [{"body": {"a": [1]}}],
            }
        }
    }
    (message,) = imported.messages(LEFT)
    assert "another function reads this queue, too" in message


@pytest.mark.parametrize(
    ("mapping", "kind", "told"),
    [
        ('event_source_arn = "arn:aws:kinesis:x:1:stream/s"', LEFT, "it reads no queue"),
        (
            'event_source_arn = "arn:aws:sqs:x:1:none"',
            MISSING,
            "nothing here says what its queue is",
        ),
        (
            'enabled = false\n  event_source_arn = "arn:aws:sqs:x:1:calls"',
            LEFT,
            "it is not enabled",
        ),
    ],
)
def test_a_mapping_that_is_not_carried_is_told(terraform, mapping, kind, told):
    queue = 'resource "aws_sqs_queue" "calls" {}\n'
    text = f'resource "aws_lambda_event_source_mapping" "m" {{\n  {mapping}\n  function_name = "f"\n}}\n'
    imported = terraform(queue + text)
    (message,) = imported.messages(kind)
    assert told in message
    assert imported.content["queues"] == {"calls": {}}
