"""What templates say of asynchronous invocations."""

from frontdesk.config.imports.resources import LEFT

TERRAFORM = """
resource "aws_lambda_function" "send" {
  function_name = "send"
  filename      = "code"
  handler       = "app.send"
  runtime       = "python3.11"
}
resource "aws_lambda_function" "note" {
  function_name = "note"
  filename      = "code"
  handler       = "app.note"
  runtime       = "python3.11"
}
resource "aws_lambda_function_event_invoke_config" "send" {
  function_name                = aws_lambda_function.send.function_name
  qualifier                    = "live"
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
  destination_config {
    on_success {
      destination = aws_lambda_function.note.arn
    }
    on_failure {
      destination = aws_sqs_queue.dead.arn
    }
  }
}
resource "aws_sqs_queue" "dead" { name = "dead" }
"""

CLOUDFORMATION = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Note:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: app.note, Runtime: python3.11}
  Send:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.send
      Runtime: python3.11
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 60
        MaximumRetryAttempts: 0
        DestinationConfig: {OnSuccess: {Type: Lambda, Destination: !GetAtt Note.Arn}}
  Other:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Note, Qualifier: $LATEST, MaximumRetryAttempts: 1}
"""

SERVERLESS = """
service: letters
provider: {name: aws, runtime: python3.11}
functions:
  note: {handler: app.note}
  send:
    handler: app.send
    maximumEventAge: 60
    maximumRetryAttempts: 0
    destinations:
      onSuccess: note
      onFailure: {type: sns, arn: "arn:aws:sns:us-east-1:123456789012:dead"}
"""


def told(function):
    return {
        key: value
        for key, value in function.items()
        if key in ("retries", "max_age", "on_success", "on_failure")
    }


def left(imported):
    return [each.message for each in imported.findings if each.id == LEFT]


def test_of_terraform(terraform):
    imported = terraform(TERRAFORM)
    assert told(imported.content["functions"]["send"]) == {
        "retries": 0,
        "max_age": "60s",
        "on_success": "function:note",
        "on_failure": "queue:dead",
    }
    config = imported.load().functions["send"]
    assert (config.retries, config.max_age, config.on_success) == (0, 60.0, "function:note")
    (qualified,) = left(imported)
    assert "holds for all" in qualified


def test_of_sam_and_cloudformation(sam):
    imported = sam(CLOUDFORMATION)
    assert told(imported.content["functions"]["Send"]) == {
        "retries": 0,
        "max_age": "60s",
        "on_success": "function:Note",
    }
    assert told(imported.content["functions"]["Note"]) == {"retries": 1}
    assert left(imported) == []


def test_of_the_serverless_framework(serverless):
    imported = serverless(SERVERLESS)
    (send,) = [each for name, each in imported.content["functions"].items() if "send" in name]
    assert told(send) == {"retries": 0, "max_age": "60s", "on_success": "function:note"}
    assert any("on_failure is not carried" in each for each in left(imported))
