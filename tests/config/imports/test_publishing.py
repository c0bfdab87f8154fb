"""Topics, subscriptions and rules of templates."""

from frontdesk.config.imports.resources import LEFT

TERRAFORM = """
resource "aws_sqs_queue" "letters" { name = "letters" }
resource "aws_lambda_function" "greet" {
  function_name = "greet"
  filename      = "code"
  handler       = "app.greet"
  runtime       = "python3.11"
}
resource "aws_sns_topic" "news" { name = "news" }
resource "aws_sns_topic_subscription" "letters" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.letters.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ kind = ["booked"] })
  filter_policy_scope  = "MessageBody"
}
resource "aws_sns_topic_subscription" "greet" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.greet.arn
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.letters.arn })
}
resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "email"
  endpoint  = "a@b.example"
}
resource "aws_cloudwatch_event_bus" "side" { name = "side" }
resource "aws_cloudwatch_event_rule" "booked" {
  name           = "booked"
  event_bus_name = aws_cloudwatch_event_bus.side.name
  event_pattern  = jsonencode({ source = ["desk"], "detail-type" = ["Booked"] })
}
resource "aws_cloudwatch_event_target" "letters" {
  rule           = aws_cloudwatch_event_rule.booked.name
  event_bus_name = aws_cloudwatch_event_bus.side.name
  arn            = aws_sqs_queue.letters.arn
  input_transformer {
    input_paths    = { who = "$.detail.who" }
    input_template = "{\\"who\\": <who>}"
  }
}
resource "aws_cloudwatch_event_target" "greet" {
  rule       = aws_cloudwatch_event_rule.booked.name
  arn        = aws_lambda_function.greet.arn
  input_path = "$.detail"
}
"""


def test_topics_and_buses_of_terraform(terraform):
    imported = terraform(TERRAFORM)
    assert imported.content["topics"] == {
        "news": {
            "subscriptions": [
                {
                    "queue": "letters",
                    "filter": {"kind": ["booked"]},
                    "filter_on": "body",
                    "raw": True,
                },
                {"function": "greet", "dead_letter": "letters"},
            ]
        }
    }
    assert imported.content["event_buses"] == {
        "side": {
            "rules": {
                "booked": {
                    "pattern": {"source": ["desk"], "detail-type": ["Booked"]},
                    "targets": [
                        {
                            "queue": "letters",
                            "input_transformer": {
                                "paths": {"who": "$.detail.who"},
                                "template": '{"who": <who>}',
                            },
                        },
                        {"function": "greet", "input_path": "$.detail"},
                    ],
                }
            }
        }
    }
    (message,) = imported.messages(LEFT)
    assert "topics reach queues and functions, not email" in message
    assert imported.load().topics["news"].subscriptions[0].raw


TEMPLATE = """
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: greet
      CodeUri: code
      Handler: app.greet
      Runtime: python3.11
      Events:
        News: {Type: SNS, Properties: {Topic: !Ref News, FilterPolicy: {kindOf: [booked]}}}
        Booked:
          Type: EventBridgeRule
          Properties: {Pattern: {source: [desk], detail: {kindOf: [{prefix: b}]}}, InputPath: $.detail}
  Letters: {Type: AWS::SQS::Queue}
  News:
    Type: AWS::SNS::Topic
    Properties: {TopicName: news, Subscription: [{Protocol: sqs, Endpoint: !GetAtt Letters.Arn}]}
  Side: {Type: AWS::Events::EventBus, Properties: {Name: side}}
  Moved:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Side
      State: DISABLED
      EventPattern: {source: [desk], detail: {fromRoom: [1]}}
      Targets:
        - Id: a
          Arn: !GetAtt Letters.Arn
          InputTransformer: {InputPathsMap: {fromRoom: $.detail.fromRoom}, InputTemplate: "<fromRoom>"}
"""


def test_topics_and_buses_of_a_template(sam):
    imported = sam(TEMPLATE)
    assert imported.content["topics"] == {
        "news": {
            "subscriptions": [
                {"queue": "Letters"},
                {"function": "greet", "filter": {"kindOf": ["booked"]}},
            ]
        }
    }
    moved = {
        "pattern": {"source": ["desk"], "detail": {"fromRoom": [1]}},
        "enabled": False,
        "targets": [
            {
                "queue": "Letters",
                "input_transformer": {
                    "paths": {"fromRoom": "$.detail.fromRoom"},
                    "template": "<fromRoom>",
                },
            }
        ],
    }
    booked = {
        "pattern": {"source": ["desk"], "detail": {"kindOf": [{"prefix": "b"}]}},
        "targets": [{"function": "greet", "input_path": "$.detail"}],
    }
    assert imported.content["event_buses"] == {
        "side": {"rules": {"Moved": moved}},
        "default": {"rules": {"Greet-Booked": booked}},
    }
    assert imported.findings == ()
    assert (
        imported.load().event_buses["default"].rules["Greet-Booked"].targets[0].function == "greet"
    )


SERVICE = """
service: shop
provider: {name: aws, runtime: python3.11}
functions:
  greet:
    handler: app.greet
    events:
      - sns: news
      - sns: {arn: "arn:aws:sns:us-east-1:1:rumours", filterPolicy: {kind: [a]}}
      - eventBridge: {pattern: {source: [desk]}, eventBus: side, input: {a: 1}, enabled: false}
      - eventBridge: {schedule: rate(5 minutes)}
"""


def test_topics_and_buses_of_serverless(serverless):
    imported = serverless(SERVICE)
    assert imported.content["topics"] == {
        "news": {"subscriptions": [{"function": "greet"}]},
        "rumours": {"subscriptions": [{"function": "greet", "filter": {"kind": ["a"]}}]},
    }
    (rule,) = imported.content["event_buses"]["side"]["rules"].values()
    assert rule == {
        "pattern": {"source": ["desk"]},
        "enabled": False,
        "targets": [{"function": "greet", "input": {"a": 1}}],
    }
    (schedule,) = imported.content["schedules"].values()
    assert schedule["at"] == "rate(5 minutes)"
    imported.load()


def test_a_target_that_gets_nothing_here_is_told(terraform):
    imported = terraform(
        'resource "aws_cloudwatch_event_rule" "r" { event_pattern = "{\\"source\\": [\\"a\\"]}" }\n'
        'resource "aws_cloudwatch_event_target" "t" {\n'
        "  rule = aws_cloudwatch_event_rule.r.name\n"
        '  arn = "arn:aws:kinesis:x:1:stream/s"\n}\n'
    )
    (message,) = imported.messages(LEFT)
    assert "rules reach queues, functions and state machines" in message
