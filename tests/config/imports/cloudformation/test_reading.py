"""Plain templates of CloudFormation: resources in Terraform's words, what is nested taken apart."""

import pytest

from frontdesk.config.imports.cloudformation.reading import merged, snake
from frontdesk.config.imports.resources import LEFT, MISSING

FUNCTION = """
  Book:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: book, Code: code, Handler: app.run, Runtime: python3.11}
"""


REST_API = f"""
Conditions: {{Never: !Equals [a, b]}}
Resources: {FUNCTION}
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: partners}}}}
  Pets:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: pets}}
  Pet:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !Ref Pets, PathPart: "{{id}}"}}
  Model:
    Type: AWS::ApiGateway::Model
    Properties: {{RestApiId: !Ref Api, Name: Pet, Schema: {{type: object}}}}
  Check:
    Type: AWS::ApiGateway::RequestValidator
    Properties: {{RestApiId: !Ref Api, ValidateRequestBody: true}}
  Pool:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: pool
      Type: COGNITO_USER_POOLS
      ProviderARNs: ["arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x"]
      IdentitySource: method.request.header.Authorization
  Put:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Pet
      HttpMethod: PUT
      AuthorizationType: COGNITO_USER_POOLS
      AuthorizerId: !Ref Pool
      AuthorizationScopes: [write]
      ApiKeyRequired: true
      RequestValidatorId: !Ref Check
      RequestModels: {{application/json: !Ref Model}}
      Integration:
        Type: AWS
        IntegrationHttpMethod: POST
        Uri: !Sub "arn:aws:apigateway:x:lambda:path/x/functions/${{Book.Arn}}/invocations"
        TimeoutInMillis: 2000
        PassthroughBehavior: NEVER
        RequestTemplates: {{application/json: "{{}}"}}
        IntegrationResponses:
          - {{StatusCode: 200}}
          - {{StatusCode: 404, SelectionPattern: ".*unknown.*", ResponseTemplates: {{application/json: "no"}}}}
      MethodResponses:
        - {{StatusCode: 200, ResponseModels: {{application/json: Pet}}}}
        - {{StatusCode: 404, ResponseParameters: {{method.response.header.X-Why: true}}}}
  Root:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {{Type: MOCK, RequestTemplates: {{application/json: "{{statusCode: 200}}"}}}}
  Absent:
    Type: AWS::ApiGateway::Method
    Condition: Never
    Properties: {{RestApiId: !Ref Api, HttpMethod: DELETE}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Api, StageName: prod, Variables: {{a: b}}}}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: small
      ApiStages:
        - ApiId: !Ref Api
          Stage: !Ref Stage
          Throttle: {{"/pets/{{id}}/PUT": {{RateLimit: 2, BurstLimit: 1}}}}
      Quota: {{Limit: 10, Period: WEEK, Offset: 1}}
  Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Name: partner, Enabled: false}}}}
  PlanKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {{KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties: {{DomainName: api.example.com, RegionalCertificateArn: x}}
  Mapping:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {{DomainName: !Ref Domain, RestApiId: !Ref Api, BasePath: v1, Stage: !Ref Stage}}
  Deployment: {{Type: AWS::ApiGateway::Deployment, Properties: {{RestApiId: !Ref Api}}}}
"""


def test_a_rest_api_with_nested_methods(sam):
    imported = sam(REST_API)
    api = imported.content["apis"]["partners"]
    method = api["resources"]["/pets/{id}"]["PUT"]
    assert method["authorizer"] == "pool"
    assert (method["scopes"], method["api_key"]) == (["write"], True)
    assert method["validate"] == {"body": {"application/json": "Pet"}}
    assert method["timeout"] == "2s"
    integration = method["integration"]
    assert (integration["type"], integration["function"]) == ("aws", "book")
    assert list(integration["responses"]) == ["default", ".*unknown.*"]
    assert method["responses"] == {
        "200": {"models": {"application/json": "Pet"}},
        "404": {"headers": ["X-Why"]},
    }
    assert list(api["resources"]) == ["/pets/{id}", "/"]
    assert "DELETE" not in str(api)
    assert imported.content["plans"]["small"] == {
        "apis": ["partners/prod"],
        "quota": {"limit": 10, "period": "week", "offset": 1},
        "methods": {"PUT /pets/{id}": {"throttle": {"rate": "2/s", "burst": 1}}},
    }
    assert imported.content["keys"]["partner"]["enabled"] is False
    assert imported.content["domains"] == {"api.example.com": {"mappings": {"v1": "partners:prod"}}}
    assert imported.messages(MISSING) == [
        "api.example.com: its certificate is at AWS",
        "partner-key: values of secrets are not copied",
    ]
    assert imported.messages(LEFT) == [
        "Deployment is not carried: the whole file is what is deployed"
    ]
    assert imported.load()


HTTP_API = f"""
Resources: {FUNCTION}
  Live: {{Type: AWS::Lambda::Alias, Properties: {{Name: live, FunctionName: !Ref Book, FunctionVersion: !GetAtt One.Version, ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 2}}}}}}
  One: {{Type: AWS::Lambda::Version, Properties: {{FunctionName: !Ref Book}}}}
  Link:
    Type: AWS::Lambda::Url
    Properties: {{AuthType: NONE, TargetFunctionArn: !GetAtt Book.Arn, Cors: {{AllowOrigins: ["*"]}}}}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: desk, ProtocolType: HTTP, CorsConfiguration: {{AllowMethods: [GET], AllowOrigins: ["*"]}}}}
  Tokens:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: tokens
      AuthorizerType: JWT
      IdentitySource: ["$request.header.Authorization"]
      JwtConfiguration: {{Audience: [app], Issuer: "https://id.example"}}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Ref Live
      PayloadFormatVersion: "2.0"
      TimeoutInMillis: 1500
  Pass:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: HTTP_PROXY
      IntegrationMethod: GET
      IntegrationUri: http://backend.example/x
      RequestParameters: {{"overwrite:header.A": "$request.header.b"}}
      ResponseParameters:
        "500": {{ResponseParameters: [{{Destination: "overwrite:statuscode", Source: "502"}}]}}
  One1:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /a
      Target: !Sub "integrations/${{Call}}"
      AuthorizationType: JWT
      AuthorizerId: !Ref Tokens
  Two2:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: GET /b, Target: !Join [/, [integrations, !Ref Pass]]}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: $default
      AccessLogSettings: {{DestinationArn: x, Format: '{{"id": "$context.requestId"}}'}}
      RouteSettings: {{"GET /a": {{ThrottlingRateLimit: 3}}}}
  Lost:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Other, RouteKey: GET /lost}}
"""


def test_an_http_api_of_plain_resources(sam):
    imported = sam(HTTP_API)
    api = imported.content["apis"]["desk"]
    assert api["routes"] == {
        "GET /a": {
            "authorizer": "tokens",
            "function": "book:live",
            "payload": "2.0",
            "timeout": "1500ms",
            "throttle": {"rate": "3/s"},
        },
        "GET /b": {
            "http": {"url": "http://backend.example/x", "method": "GET"},
            "request": {"headers": {"set": {"A": "$request.header.b"}}},
            "response": {"status": {"500": {"status": "502"}}},
        },
    }
    assert "stages" not in api
    assert imported.content["logs"]["access"]["format"] == {"id": "$context.requestId"}
    function = imported.content["functions"]["book"]
    assert function["aliases"] == {"live": {"version": "$LATEST"}}
    assert function["provisioned_concurrency"] == {"live": 2}
    assert function["url"]["auth"] == "none"
    assert "Lost: nothing here says what its API is" in imported.messages(MISSING)
    assert imported.load()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("AWS::SQS::QueuePolicy", "whoever may ask this gateway may use its queues"),
        (
            "AWS::StepFunctions::Activity",
            "make it with CreateActivity of the Step Functions API",
        ),
        ("AWS::SecretsManager::Secret", "secrets are read from the environment or from files"),
        ("AWS::Serverless::Connector", "functions run as the gateway's user"),
        ("AWS::Serverless::SimpleTable", "there is nothing here that it could become"),
    ],
)
def test_what_is_not_carried_is_told_with_its_reason(sam, kind, reason):
    imported = sam(f"Resources:\n  It: {{Type: {kind}}}\n")
    assert imported.told == [(LEFT, 2, f"It is not carried: {reason}")]


def test_words_are_spelt_as_terraform_does():
    said = {"RestApiId": 1, "ResponseParameters": {"A.B": 1}, "Nested": [{"HttpMethod": 2}]}
    assert snake(said) == {
        "rest_api_id": 1,
        "response_parameters": {"A.B": 1},
        "nested": [{"http_method": 2}],
    }


def test_what_all_have_is_merged_with_what_one_says():
    common = {"a": {"b": 1, "c": 1}, "list": [1], "other": 1}
    own = {"a": {"c": 2}, "list": [2], "other": 2}
    assert merged(common, own) == {"a": {"b": 1, "c": 2}, "list": [1, 2], "other": 2}
