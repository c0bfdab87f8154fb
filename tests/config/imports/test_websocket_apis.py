"""WebSocket APIs of Terraform, CloudFormation and the Serverless Framework, as our keys that load."""

import pytest

from frontdesk.config.imports.resources import LEFT, MISSING

TERRAFORM = """
resource "aws_lambda_function" "desk" {
  function_name = "desk"
  filename      = "code"
  handler       = "app.handler"
  runtime       = "python3.11"
}
resource "aws_apigatewayv2_api" "live" {
  name                       = "live"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.service"
}
resource "aws_apigatewayv2_integration" "desk" {
  api_id               = aws_apigatewayv2_api.live.id
  integration_type     = "AWS_PROXY"
  integration_uri      = aws_lambda_function.desk.invoke_arn
  timeout_milliseconds = 5000
}
resource "aws_apigatewayv2_integration" "pong" {
  api_id            = aws_apigatewayv2_api.live.id
  integration_type  = "MOCK"
  request_templates = { "$default" = "{\\"statusCode\\": 200}" }
}
resource "aws_apigatewayv2_integration_response" "pong" {
  api_id                   = aws_apigatewayv2_api.live.id
  integration_id           = aws_apigatewayv2_integration.pong.id
  integration_response_key = "$default"
  response_templates       = { "application/json" = "pong" }
}
resource "aws_apigatewayv2_integration" "notes" {
  api_id             = aws_apigatewayv2_api.live.id
  integration_type   = "HTTP"
  integration_method = "POST"
  integration_uri    = "https://notes.example/add"
  request_parameters = { "integration.request.header.connectionId" = "context.connectionId" }
}
resource "aws_apigatewayv2_authorizer" "visitors" {
  api_id           = aws_apigatewayv2_api.live.id
  name             = "visitors"
  authorizer_type  = "REQUEST"
  authorizer_uri   = aws_lambda_function.desk.invoke_arn
  identity_sources = ["route.request.querystring.token"]
}
resource "aws_apigatewayv2_route" "connect" {
  api_id             = aws_apigatewayv2_api.live.id
  route_key          = "$connect"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.visitors.id
  target             = "integrations/${aws_apigatewayv2_integration.desk.id}"
}
resource "aws_apigatewayv2_route" "call" {
  api_id                              = aws_apigatewayv2_api.live.id
  route_key                           = "call"
  route_response_selection_expression = "$default"
  target                              = "integrations/${aws_apigatewayv2_integration.desk.id}"
}
resource "aws_apigatewayv2_route" "ping" {
  api_id    = aws_apigatewayv2_api.live.id
  route_key = "ping"
  target    = "integrations/${aws_apigatewayv2_integration.pong.id}"
}
resource "aws_apigatewayv2_route_response" "ping" {
  api_id             = aws_apigatewayv2_api.live.id
  route_id           = aws_apigatewayv2_route.ping.id
  route_response_key = "$default"
}
resource "aws_apigatewayv2_route" "note" {
  api_id    = aws_apigatewayv2_api.live.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.notes.id}"
}
resource "aws_apigatewayv2_stage" "prod" {
  api_id = aws_apigatewayv2_api.live.id
  name   = "prod"
  default_route_settings { throttling_rate_limit = 100 }
  route_settings {
    route_key             = "call"
    throttling_rate_limit = 5
  }
}
"""

ROUTES = {
    "$connect": {"function": "desk", "timeout": "5s", "authorizer": "visitors"},
    "call": {"function": "desk", "timeout": "5s", "response": True, "throttle": {"rate": "5/s"}},
    "ping": {
        "response": True,
        "integration": {
            "type": "mock",
            "request_templates": {"$default": '{"statusCode": 200}'},
            "responses": {"default": {"templates": {"application/json": "pong"}}},
        },
    },
    "$default": {
        "integration": {
            "type": "http",
            "uri": "https://notes.example/add",
            "method": "POST",
            "request_parameters": {
                "integration.request.header.connectionId": "context.connectionId"
            },
        }
    },
}
VISITORS = {
    "type": "function",
    "function": "desk",
    "form": "iam",
    "payload": "1.0",
    "identity": ["$request.querystring.token"],
}


def test_a_websocket_api_of_terraform(terraform):
    imported = terraform(TERRAFORM)
    assert imported.told == []
    assert imported.content["apis"]["live"] == {
        "type": "websocket",
        "route_selection": "$request.body.service",
        "routes": ROUTES,
        "stages": {"prod": {"throttle": {"rate": "100/s"}}},
    }
    assert imported.content["authorizers"] == {"visitors": VISITORS}
    imported.load()


CLOUDFORMATION = """
Resources:
  Desk:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: desk, CodeUri: code, Handler: app.handler, Runtime: python3.11}
  Live:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: live
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.service
  DeskIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Live
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Desk.Arn}/invocations
      TimeoutInMillis: 5000
  Pong:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Live
      IntegrationType: MOCK
      TemplateSelectionExpression: "200"
      RequestTemplates: {"200": '{"statusCode": 200}', "500": '{"statusCode": 500}'}
  PongAnswer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Live
      IntegrationId: !Ref Pong
      IntegrationResponseKey: $default
      TemplateSelectionExpression: \\$default
      ResponseTemplates: {$default: pong, other: nothing}
  Notes:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Live
      IntegrationType: HTTP
      IntegrationMethod: POST
      IntegrationUri: https://notes.example/add
      RequestParameters: {integration.request.header.connectionId: context.connectionId}
  Visitors:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Live
      Name: visitors
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Desk.Arn}/invocations
      IdentitySource: [route.request.querystring.token]
  ConnectRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Live
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Visitors
      Target: !Join [/, [integrations, !Ref DeskIntegration]]
  CallRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Live
      RouteKey: call
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${DeskIntegration}
  PingRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Live, RouteKey: ping, Target: !Sub "integrations/${Pong}"}
  PingAnswer:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Live, RouteId: !Ref PingRoute, RouteResponseKey: $default}
  DefaultRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Live, RouteKey: $default, Target: !Sub "integrations/${Notes}"}
  Prod:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Live
      StageName: prod
      DefaultRouteSettings: {ThrottlingRateLimit: 100}
      RouteSettings: {call: {ThrottlingRateLimit: 5}}
"""


def test_a_websocket_api_of_cloudformation_is_that_of_terraform(sam, terraform):
    imported = sam(CLOUDFORMATION)
    assert imported.told == []
    assert imported.content == terraform(TERRAFORM).content
    imported.load()


SERVERLESS = """
service: clinic
provider:
  name: aws
  runtime: python3.11
  websocketsApiName: live
  websocketsApiRouteSelectionExpression: $request.body.service
functions:
  desk:
    name: front
    handler: app.handler
    events:
      - websocket: {route: $connect, authorizer: AUTHORIZER}
      - websocket: $disconnect
      - websocket: {route: call, routeResponseSelectionExpression: $default}
  guard: {handler: app.guard, name: keeper}
"""


@pytest.mark.parametrize(
    ("told", "connect", "identity"),
    [
        ("guard", {"authorizer": "keeper"}, "$request.header.Auth"),
        (
            "{name: guard, identitySource: [route.request.querystring.token]}",
            {"authorizer": "guard"},
            "$request.querystring.token",
        ),
        (
            "{name: door, arn: 'arn:aws:lambda:eu-west-1:1:function:keeper'}",
            {"authorizer": "door"},
            "$request.header.Auth",
        ),
    ],
    ids=["by name", "with its identity", "by ARN"],
)
def test_websocket_events_of_serverless(serverless, told, connect, identity):
    imported = serverless(SERVERLESS.replace("AUTHORIZER", told))
    assert imported.told == []
    assert imported.content["apis"]["live"] == {
        "type": "websocket",
        "route_selection": "$request.body.service",
        "routes": {
            "$connect": {"function": "front", **connect},
            "$disconnect": {"function": "front"},
            "call": {"function": "front", "response": True},
        },
    }
    (authorizer,) = imported.content["authorizers"].values()
    assert (authorizer["function"], authorizer["identity"]) == ("keeper", [identity])
    imported.load()


def test_signed_handshakes_of_serverless(serverless):
    imported = serverless(SERVERLESS.replace("AUTHORIZER", "aws_iam"))
    assert imported.content["apis"]["live"]["routes"]["$connect"]["authorizer"] == "iam"
    imported.load()


def test_what_a_websocket_api_names_and_has_not_is_told(terraform):
    imported = terraform(
        """
resource "aws_apigatewayv2_api" "live" {
  name                       = "live"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}
resource "aws_apigatewayv2_route" "lost" {
  api_id    = aws_apigatewayv2_api.live.id
  route_key = "lost"
  target    = "integrations/gone"
}
resource "aws_apigatewayv2_integration" "pong" {
  api_id            = aws_apigatewayv2_api.live.id
  integration_type  = "MOCK"
  request_templates = { "$default" = "{\\"statusCode\\": 200}" }
}
resource "aws_apigatewayv2_route" "connect" {
  api_id             = aws_apigatewayv2_api.live.id
  route_key          = "$connect"
  authorization_type = "CUSTOM"
  authorizer_id      = "gone"
  request_models     = { "$default" = "Call" }
  target             = "integrations/${aws_apigatewayv2_integration.pong.id}"
}
"""
    )
    assert imported.messages(MISSING) == [
        "route lost: nothing here says what its integration gone is",
        "route $connect: nothing here says what its authorizer is",
    ]
    assert imported.messages(LEFT) == ["route $connect: its models are not carried"]
    assert list(imported.content["apis"]["live"]["routes"]) == ["$connect"]
