"""State machines of templates: their definitions, their logs, and the routes that start them."""

import json

import pytest

from frontdesk.config.imports.resources import LEFT, MISSING
from frontdesk.config.yaml_text import write_yaml

DEFINITION = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:charge",
            "End": True,
        }
    },
}
FUNCTION = """
resource "aws_lambda_function" "charge" {
  function_name = "charge"
  filename      = "code"
  handler       = "app.charge"
  runtime       = "python3.11"
}
"""
MACHINE = (
    FUNCTION
    + """
resource "aws_sfn_state_machine" "pay" {
  name     = "pay"
  role_arn = "arn:aws:iam::000000000000:role/pay"
  type     = "EXPRESS"
  logging_configuration { level = "ERROR" }
  definition = jsonencode({
    StartAt = "Charge"
    States  = { Charge = { Type = "Task", Resource = aws_lambda_function.charge.arn, End = true } }
  })
}
"""
)


def test_a_machine_of_terraform_has_its_definition_in_the_file(terraform):
    imported = terraform(MACHINE)
    assert imported.content["state_machines"] == {
        "pay": {"definition": DEFINITION, "type": "express", "log": "error"}
    }
    assert imported.load().state_machines["pay"].type == "express"


def test_a_definition_may_be_made_of_a_file(terraform, tmp_path):
    (tmp_path / "pay.json.tftpl").write_text(json.dumps(DEFINITION).replace("charge", "${name}"))
    imported = terraform("""
resource "aws_sfn_state_machine" "pay" {
  name       = "pay"
  definition = templatefile("${path.module}/pay.json.tftpl", { name = "charge" })
}
""")
    assert imported.content["state_machines"]["pay"] == {"definition": DEFINITION}


def test_a_definition_that_is_not_here_is_asked_for(terraform):
    text = 'resource "aws_sfn_state_machine" "pay" { name = "pay" }\n'
    imported = terraform(text)
    assert imported.messages(MISSING) == [
        "aws_sfn_state_machine.pay: its definition is not here, or is no JSON object"
    ]
    given = terraform(text, {"aws_sfn_state_machine.pay.definition": "pay.json"})
    assert given.content["state_machines"] == {"pay": {"definition": "pay.json"}}
    assert given.told == []


HTTP = (
    MACHINE
    + """
resource "aws_apigatewayv2_api" "a" {
  name          = "desk"
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_route" "pay" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "POST /pay"
  target    = "integrations/${aws_apigatewayv2_integration.pay.id}"
}
resource "aws_apigatewayv2_integration" "pay" {
  api_id              = aws_apigatewayv2_api.a.id
  integration_type    = "AWS_PROXY"
  integration_subtype = "StepFunctions-SUBTYPE"
  request_parameters = {
    StateMachineArn = aws_sfn_state_machine.pay.arn
    Input           = "$request.body"
    Name            = "$request.header.Idempotency-Key"
  }
}
"""
)


@pytest.mark.parametrize(
    ("subtype", "mode"), [("StartExecution", "async"), ("StartSyncExecution", "sync")]
)
def test_a_route_of_an_http_api_starts_a_machine(terraform, subtype, mode):
    imported = terraform(HTTP.replace("SUBTYPE", subtype))
    (api,) = imported.content["apis"].values()
    assert api["routes"]["POST /pay"] == {
        "state_machine": "pay",
        "mode": mode,
        "name": "$request.header.Idempotency-Key",
    }
    told = [message for message in imported.messages(LEFT) if "202" in message]
    assert bool(told) == (mode == "async")
    imported.load()


def test_the_input_of_a_route_is_carried_as_json(terraform):
    text = HTTP.replace("SUBTYPE", "StartExecution")
    imported = terraform(text.replace('"$request.body"', '"{\\"id\\": 7}"'))
    (api,) = imported.content["apis"].values()
    assert api["routes"]["POST /pay"]["input"] == {"id": 7}
    imported.load()


SAM = """
Resources:
  Charge:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: charge, CodeUri: code, Handler: app.charge, Runtime: python3.11}
  Pay:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: pay
      DefinitionUri: pay.asl.json
      DefinitionSubstitutions: {Charge: !GetAtt Charge.Arn}
      Logging: {Level: ALL}
      Events:
        Call: {Type: Api, Properties: {Path: /pay, Method: post}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}
"""


def test_a_machine_of_sam_with_its_events(sam, tmp_path):
    arn = DEFINITION["States"]["Charge"]["Resource"]
    (tmp_path / "pay.asl.json").write_text(json.dumps(DEFINITION).replace(arn, "${Charge}"))
    imported = sam(SAM)
    assert imported.content["state_machines"] == {"pay": {"definition": DEFINITION, "log": "all"}}
    assert imported.content["schedules"] == {
        "Pay-Nightly": {"at": "rate(1 day)", "enabled": False, "state_machine": "pay"}
    }
    (api,) = imported.content["apis"].values()
    integration = api["resources"]["/pay"]["POST"]["integration"]
    assert (integration["type"], integration["state_machine"]) == ("aws", "pay")
    assert integration["action"] == "StartExecution"
    assert {each["status"] for each in integration["responses"].values()} == {"200", "400"}
    imported.load()


def test_a_file_that_can_be_used_as_it_is_is_named(sam, tmp_path):
    (tmp_path / "pay.asl.json").write_text(json.dumps(DEFINITION))
    text = SAM.replace("      DefinitionSubstitutions: {Charge: !GetAtt Charge.Arn}\n", "")
    assert sam(text).content["state_machines"]["pay"]["definition"] == "pay.asl.json"


def test_a_machine_of_cloudformation(sam):
    definition = json.dumps(DEFINITION).replace(":charge", ":${Function}")
    imported = sam(f"""
Resources:
  Pay:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineType: EXPRESS
      DefinitionString: '{definition}'
      DefinitionSubstitutions: {{Function: charge}}
""")
    assert imported.content["state_machines"] == {
        "Pay": {"definition": DEFINITION, "type": "express"}
    }


def test_a_machine_of_serverless(serverless):
    imported = serverless("""
service: shop
provider: {name: aws, runtime: python3.11}
functions: {charge: {handler: app.charge}}
stepFunctions:
  validate: true
  stateMachines:
    pay:
      name: pay
      type: EXPRESS
      events:
        - http: {path: pay, method: POST}
        - schedule: {rate: rate(1 day), input: {all: true}}
      definition:
        StartAt: Charge
        States:
          Charge: {Type: Task, Resource: !GetAtt ChargeLambdaFunction.Arn, End: true}
""")
    assert imported.content["state_machines"]["pay"] == {
        "definition": DEFINITION,
        "type": "express",
    }
    (schedule,) = imported.content["schedules"].values()
    assert schedule == {"at": "rate(1 day)", "state_machine": "pay", "input": {"all": True}}
    (api,) = imported.content["apis"].values()
    assert api["resources"]["/pay"]["POST"]["integration"]["state_machine"] == "pay"
    assert "stepFunctions" not in write_yaml(imported.content)
