"""Schedules of templates, and rules that come at times."""

import pytest

from frontdesk.config.imports.resources import LEFT, MISSING

FUNCTION = """
resource "aws_lambda_function" "tidy" {
  function_name = "tidy"
  filename      = "code"
  handler       = "app.tidy"
  runtime       = "python3.11"
}
"""
SCHEDULE = (
    FUNCTION
    + """
resource "aws_scheduler_schedule" "nightly" {
  name                         = "nightly"
  schedule_expression          = "cron(0 3 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  start_date                   = "2026-01-31T08:00:00.000Z"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }
  target {
    arn      = aws_lambda_function.tidy.arn
    role_arn = "arn:aws:iam::000000000000:role/tidy"
    input    = jsonencode({ all = true })
    retry_policy {
      maximum_retry_attempts       = 2
      maximum_event_age_in_seconds = 120
    }
  }
}
"""
)


def test_a_schedule_of_terraform(terraform):
    imported = terraform(SCHEDULE)
    assert imported.content["schedules"] == {
        "nightly": {
            "at": "cron(0 3 * * ? *)",
            "timezone": "Europe/Berlin",
            "start": "2026-01-31T08:00:00Z",
            "flexible": "15m",
            "function": "tidy",
            "input": {"all": True},
            "retry": {"attempts": 3, "max_age": "120s"},
        }
    }
    assert imported.load().schedules["nightly"].function == "tidy"


RULE = (
    FUNCTION
    + """
resource "aws_cloudwatch_event_rule" "often" {
  name                = "often"
  schedule_expression = "rate(5 minutes)"
  state               = "DISABLED"
}
resource "aws_cloudwatch_event_target" "tidy" {
  rule = aws_cloudwatch_event_rule.often.name
  arn  = aws_lambda_function.tidy.arn
}
"""
)


def test_a_rule_and_its_target_are_one_schedule(terraform):
    imported = terraform(RULE)
    assert imported.content["schedules"] == {
        "often": {"at": "rate(5 minutes)", "enabled": False, "function": "tidy"}
    }
    imported.load()


def test_each_further_target_of_a_rule_is_a_schedule(terraform):
    imported = terraform(
        RULE
        + RULE[RULE.index('resource "aws_cloudwatch_event_target"') :].replace('"tidy"', '"again"')
    )
    assert list(imported.content["schedules"]) == ["often-1", "often-2"]


@pytest.mark.parametrize(
    ("there", "instead", "kind", "message"),
    [
        pytest.param(
            "aws_lambda_function.tidy.arn\n    role",
            '"arn:aws:sqs:us-east-1:000000000000:q"\n    role',
            LEFT,
            "aws_scheduler_schedule.nightly is not carried: schedules start functions and state machines",
            id="a target that is no function",
        ),
        pytest.param(
            "    retry_policy",
            '    dead_letter_config { arn = "arn:aws:sqs:us-east-1:000000000000:q" }\n    retry_policy',
            LEFT,
            "aws_scheduler_schedule.nightly: dead_letter_config is not carried",
            id="a dead-letter queue",
        ),
    ],
)
def test_what_a_schedule_has_and_is_not_carried_is_told(terraform, there, instead, kind, message):
    assert there in SCHEDULE
    assert terraform(SCHEDULE.replace(there, instead)).messages(kind) == [message]


def test_a_rule_of_events_is_told(terraform):
    imported = terraform(
        'resource "aws_cloudwatch_event_rule" "e" { event_pattern = "{}" }\n'
        'resource "aws_cloudwatch_event_target" "t" {\n  rule = "gone"\n  arn = "x"\n}\n'
    )
    assert imported.messages(LEFT) == [
        "aws_cloudwatch_event_rule.e is not carried: it has no pattern that is known here"
    ]
    assert imported.messages(MISSING) == [
        "aws_cloudwatch_event_target.t: nothing here says what its rule is"
    ]


def test_schedules_of_cloudformation(sam):
    imported = sam("""
Resources:
  Tidy:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.tidy
      Runtime: python3.11
      Events:
        Daily:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 day), ScheduleExpressionTimezone: Europe/Rome}
  Weekly:
    Type: AWS::Events::Rule
    Properties:
      Name: weekly
      ScheduleExpression: cron(0 6 ? * MON *)
      Targets: [{Id: one, Arn: !GetAtt Tidy.Arn, Input: '{"a": 1}'}]
  Once:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: once
      ScheduleExpression: at(2030-12-24T18:00:00)
      FlexibleTimeWindow: {Mode: "OFF"}
      Target: {Arn: !GetAtt Tidy.Arn, RoleArn: r}
""")
    assert imported.content["schedules"] == {
        "Tidy-Daily": {"at": "rate(1 day)", "timezone": "Europe/Rome", "function": "Tidy"},
        "weekly": {"at": "cron(0 6 ? * MON *)", "function": "Tidy", "input": {"a": 1}},
        "once": {"at": "at(2030-12-24T18:00:00)", "function": "Tidy"},
    }
    imported.load()
