"""Templates of SAM: functions, events, APIs and what they bring, as our keys that load."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.cloudformation.sam import canary_of
from frontdesk.config.imports.resources import LEFT, MISSING


def test_globals_are_merged_with_what_a_function_says(sam):
    imported = sam("""
Globals:
  Function:
    Runtime: python3.11
    Timeout: 10
    MemorySize: 512
    Layers: [!Ref Base]
    Environment: {Variables: {TABLE: visits, LEVEL: info}}
Resources:
  Base:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: code}
  Book:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: book
      CodeUri: code
      Handler: app.book
      Timeout: 5
      ReservedConcurrentExecutions: 3
      Environment: {Variables: {LEVEL: debug, ON: true, NUMBER: 7}}
      Policies: [AmazonS3ReadOnlyAccess]
""")
    assert imported.content["functions"] == {
        "book": {
            "handler": "app.book",
            "code": "code",
            "timeout": "5s",
            "memory": "512MB",
            "environment": {"TABLE": "visits", "LEVEL": "debug", "ON": "true", "NUMBER": "7"},
            "reserved_concurrency": 3,
            "layers": ["code"],
        }
    }
    assert imported.load().functions["book"].timeout == 5


EVENTS = """
Resources:
  Book:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.book
      Runtime: python3.11
      Events:
        A: {Type: HttpApi, Properties: {Path: /a, Method: post, TimeoutInMillis: 5000}}
        B: {Type: HttpApi}
        C: {Type: Api, Properties: {Path: "/c/{id}", Method: GET}}
        D: {Type: Api, Properties: {Path: /c, Method: any}}
        E: {Type: SQS, Properties: {Queue: !GetAtt Later.Arn}}
        F: {Type: HttpApi, Properties: {Path: /f, Method: get, ApiId: !Ref Gone}}
  Later: {Type: AWS::SQS::Queue}
"""


def test_events_without_an_api_share_one_of_each_type(sam):
    imported = sam(EVENTS)
    apis = imported.content["apis"]
    assert apis["ServerlessHttpApi"]["routes"] == {
        "POST /a": {"function": "Book", "payload": "2.0", "timeout": "5s"},
        "$default": {"function": "Book", "payload": "2.0"},
    }
    resources = apis["ServerlessRestApi"]["resources"]
    call = {"integration": {"type": "aws_proxy", "function": "Book"}}
    assert resources == {"/c/{id}": {"GET": call}, "/c": {"ANY": call}}
    assert apis["ServerlessRestApi"]["stages"] == {"Prod": {}}
    assert imported.content["queues"] == {"Later": {"consumer": {"function": "Book"}}}
    assert imported.messages(LEFT) == ["several APIs: each is served below its name"]
    missing = imported.messages(MISSING)
    assert "the event F of Book: nothing here says what ${input:Gone} is" in missing
    assert imported.load().apis.keys() == apis.keys()


HTTP_API = """
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Name: desk
      StageName: v1
      StageVariables: {host: backend}
      CorsConfiguration: {AllowOrigins: ["https://a.example"], MaxAge: 60}
      DefaultRouteSettings: {ThrottlingRateLimit: 100, ThrottlingBurstLimit: 20}
      RouteSettings: {"GET /free": {ThrottlingRateLimit: 2.5}}
      Auth:
        DefaultAuthorizer: tokens
        Authorizers:
          tokens:
            JwtConfiguration: {issuer: "https://id.example", audience: [app]}
            AuthorizationScopes: [read]
          check:
            FunctionArn: !GetAtt Book.Arn
            AuthorizerPayloadFormatVersion: "2.0"
            EnableSimpleResponses: true
            Identity: {Headers: [X-Card], QueryStrings: [card], ReauthorizeEvery: 30}
  Book:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.book
      Runtime: python3.11
      AutoPublishAlias: live
      DeploymentPreference: {Type: Canary10Percent5Minutes}
      FunctionUrlConfig:
        AuthType: NONE
        InvokeMode: RESPONSE_STREAM
        Cors: {AllowOrigins: ["*"]}
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Events:
        A: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /a, Method: get}}
        B:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /b, Method: get, Auth: {Authorizer: check}}
        C:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /free, Method: get, Auth: {Authorizer: NONE}}
        D:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /d, Method: get, Auth: {Authorizer: AWS_IAM}}
"""


def test_an_http_api_with_authorizers(sam):
    imported = sam(HTTP_API)
    api = imported.content["apis"]["desk"]
    call = {"function": "Book:live", "payload": "2.0"}
    assert api["routes"] == {
        "GET /a": {"authorizer": "tokens", "scopes": ["read"], **call},
        "GET /b": {"authorizer": "check", **call},
        "GET /free": {**call, "throttle": {"rate": "216000/d"}},
        "GET /d": {"authorizer": "iam", **call},
    }
    assert api["cors"] == {"allow_origins": ["https://a.example"], "max_age": 60}
    assert api["stages"] == {
        "v1": {"variables": {"host": "backend"}, "throttle": {"rate": "100/s", "burst": 20}}
    }
    authorizers = imported.content["authorizers"]
    assert authorizers["tokens"]["issuer"] == "https://id.example"
    assert authorizers["check"] == {
        "type": "function",
        "function": "Book",
        "form": "simple",
        "payload": "2.0",
        "identity": ["$request.header.X-Card", "$request.querystring.card"],
        "cache": 30,
    }
    assert authorizers["iam"]["type"] == "iam"
    function = imported.content["functions"]["Book"]
    assert function["aliases"] == {"live": {"version": "$LATEST"}}
    assert function["url"] == {
        "auth": "none",
        "cors": {"allow_origins": ["*"]},
        "invoke_mode": "response_stream",
    }
    assert imported.load()


def test_a_deployment_preference_is_told_with_the_canary_that_it_would_be(sam):
    (finding,) = [
        each for each in sam(HTTP_API).findings if "Canary10Percent5Minutes" in each.message
    ]
    assert "canary: {percent: 10, alias: ALIAS, judge: {window: 5m}}" in finding.hint


@pytest.mark.parametrize(
    ("kind", "canary"),
    [
        ("Canary10Percent30Minutes", (10, 30)),
        ("Linear10PercentEvery1Minute", (10, 10)),
        ("Linear10PercentEvery3Minutes", (10, 30)),
        ("AllAtOnce", None),
        ("", None),
    ],
)
def test_types_of_deployment_preferences(kind, canary):
    assert canary_of(kind) == canary


CORS = """
      Cors:
        AllowOrigin: "'https://a.example'"
        AllowHeaders: "'X-A,X-B'"
        MaxAge: "'600'"
"""
REST_API = f"""
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      Name: partners
      StageName: prod
      Variables: {{region: north}}
      BinaryMediaTypes: [image/png]
{CORS}
      CacheClusterEnabled: true
      MethodSettings:
        - {{ResourcePath: "/*", HttpMethod: "*", ThrottlingRateLimit: 50, ThrottlingBurstLimit: 5}}
        - {{ResourcePath: "/~1plans", HttpMethod: GET, CachingEnabled: true, CacheTtlInSeconds: 60}}
      CanarySetting: {{PercentTraffic: 10, StageVariableOverrides: {{region: south}}}}
      Models: {{Booking: {{type: object, required: [slot]}}}}
      GatewayResponses:
        DEFAULT_4XX:
          StatusCode: 499
          ResponseParameters: {{Headers: {{X-Why: "'you'"}}}}
          ResponseTemplates: {{application/json: '{{"m": $context.error.messageString}}'}}
      Auth:
        DefaultAuthorizer: token
        ApiKeyRequired: true
        UsagePlan:
          CreateUsagePlan: PER_API
          UsagePlanName: small
          Quota: {{Limit: 1000, Period: DAY}}
          Throttle: {{RateLimit: 5, BurstLimit: 2}}
        Authorizers:
          token:
            FunctionArn: !GetAtt Book.Arn
            Identity: {{Header: X-Token, ValidationExpression: "^x", ReauthorizeEvery: 10}}
          request:
            FunctionArn: !GetAtt Book.Arn
            FunctionPayloadType: REQUEST
            Identity: {{Headers: [A], QueryStrings: [b], StageVariables: [region]}}
          pool: {{UserPoolArn: "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x"}}
  Book:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.book
      Runtime: python3.11
      Events:
        Put:
          Type: Api
          Properties:
            RestApiId: !Ref Api
            Path: /bookings
            Method: put
            RequestModel: {{Model: Booking, ValidateBody: true, ValidateParameters: true}}
            RequestParameters:
              - method.request.header.X-Trace
              - method.request.querystring.region: {{Required: true}}
        Open:
          Type: Api
          Properties:
            RestApiId: !Ref Api
            Path: /open
            Method: get
            Auth: {{Authorizer: NONE, ApiKeyRequired: false}}
        Plans:
          Type: Api
          Properties:
            {{RestApiId: !Ref Api, Path: /plans, Method: get, Auth: {{Authorizer: request}}}}
        Pool:
          Type: Api
          Properties:
            {{RestApiId: !Ref Api, Path: /pool, Method: get, Auth: {{Authorizer: pool}}}}
"""


def test_a_rest_api_with_all_that_it_brings(sam):
    imported = sam(REST_API)
    api = imported.content["apis"]["partners"]
    call = {"type": "aws_proxy", "function": "Book"}
    assert api["resources"]["/bookings"]["PUT"] == {
        "authorizer": "token",
        "api_key": True,
        "validate": {
            "headers": {"X-Trace": "optional"},
            "query": {"region": "required"},
            "body": {"application/json": "Booking"},
        },
        "integration": call,
    }
    assert api["resources"]["/open"]["GET"] == {"integration": call}
    plans = api["resources"]["/plans"]["GET"]
    assert plans["cache"] == {"ttl": "60s", "key": ["path"], "shared": True}
    assert api["stages"] == {
        "prod": {
            "variables": {"region": "north"},
            "throttle": {"rate": "50/s", "burst": 5},
            "canary": {"percent": 10, "judge": "off", "variables": {"region": "south"}},
        }
    }
    assert api["cors"] == {
        "allow_headers": ["X-A", "X-B"],
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "allow_origins": ["https://a.example"],
        "max_age": "600s",
    }
    assert api["gateway_responses"]["DEFAULT_4XX"]["headers"] == {"X-Why": "'you'"}
    assert imported.content["plans"]["small"] == {
        "apis": ["partners/prod"],
        "throttle": {"rate": "5/s", "burst": 2},
        "quota": {"limit": 1000, "period": "day"},
    }
    assert imported.content["keys"] == {"small-key": {"plan": "small", "value": "${env:SMALL_KEY}"}}
    forms = {
        name: (each["type"], each.get("form"), each["identity"])
        for name, each in imported.content["authorizers"].items()
    }
    assert forms == {
        "token": ("function", "token", ["$request.header.X-Token"]),
        "request": (
            "function",
            "iam",
            ["$request.header.A", "$request.querystring.b", "$stageVariables.region"],
        ),
        "pool": ("jwt", None, ["$request.header.Authorization"]),
    }
    assert imported.load()


def test_cors_in_one_word(sam):
    imported = sam(REST_API.replace(CORS, """      Cors: "'*'"\n"""))
    assert imported.content["apis"]["partners"]["cors"] == {
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "allow_origins": ["*"],
    }


DOCUMENT = """
        openapi: 3.0.1
        info: {title: x, version: "1"}
        paths:
          /mock:
            get:
              parameters: [{$ref: "parts.yaml#/region"}]
              x-amazon-apigateway-integration:
                type: mock
                requestTemplates: {application/json: "{statusCode: 204}"}
          /call:
            get:
              x-amazon-apigateway-integration:
                type: aws_proxy
                httpMethod: POST
                uri: !Sub "arn:aws:apigateway:x:lambda:path/x/functions/${Book.Arn}/invocations"
"""


@pytest.mark.parametrize(
    "definition", [f"DefinitionBody:\n{DOCUMENT}", "DefinitionUri: api.yaml"], ids=["body", "file"]
)
def test_an_api_that_brings_its_document(sam, tmp_path, definition):
    (tmp_path / "api.yaml").write_text(DOCUMENT.replace("!Sub ", ""))
    (tmp_path / "parts.yaml").write_text("region: {name: region, in: query}\n")
    imported = sam(f"""
Resources:
  Book:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: code, Handler: app.book, Runtime: python3.11}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      {definition}
""")
    resources = imported.content["apis"]["Api"]["resources"]
    assert list(resources) == ["/mock", "/call"]
    assert resources["/call"]["GET"]["integration"]["function"] == "Book"
    assert imported.load()


def test_a_document_in_s3_is_asked_for(sam):
    properties = "{StageName: prod, DefinitionUri: {Bucket: b, Key: k}}"
    imported = sam(f"Resources: {{A: {{Type: AWS::Serverless::Api, Properties: {properties}}}}}")
    assert imported.messages(MISSING) == ["A: its definition is in S3"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("InlineCode: 'def run(): pass'", "F: its code is not in a folder or zip here"),
        ("PackageType: Image", "F: its code is not in a folder or zip here"),
        ("CodeUri: {Bucket: b, Key: k}", "F: its code is not in a folder or zip here"),
        ("CodeUri: s3://b/k", "F: its code is not in a folder or zip here"),
    ],
)
def test_code_that_is_elsewhere_is_asked_for(sam, properties, message):
    text = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}}}"
    assert message in sam(text).messages(MISSING)
    assert sam(text, {"F.filename": "code"}).content["functions"]["F"]["code"] == "code"


def test_a_runtime_that_is_not_ours_is_told(sam):
    properties = "{Runtime: nodejs22.x, CodeUri: code}"
    imported = sam(
        f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {properties}}}}}"
    )
    message = "F: the runtime nodejs22.x runs by a bootstrap of its own"
    assert imported.messages(MISSING) == [message]
    assert imported.content["functions"]["F"]["handler"] == {"command": ["./bootstrap"]}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Events: [a]", "F: expected a mapping: Events"),
        ("Events: {A: 5}", "F.Events: expected a mapping: A"),
        ("Events: {A: {Type: Api, Properties: x}}", "F.Events.A: expected a mapping: Properties"),
        ("Environment: text", "F: expected a mapping: Environment"),
        ("Environment: {Variables: [a]}", "F.Environment: expected a mapping: Variables"),
        ("Timeout: soon", "F: expected a number: timeout"),
        ("FunctionUrlConfig: {Cors: 5}", "F.FunctionUrlConfig: expected a mapping: Cors"),
        ("Layers: {a: b}", "F: expected a list of texts: layers"),
    ],
)
def test_properties_of_a_wrong_form_are_told_at_their_resource(sam, properties, message):
    with pytest.raises(ConfigError) as caught:
        sam(f"Resources:\n  F: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}\n")
    (finding,) = caught.value.findings
    assert finding.message == message
    assert finding.where.line == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a template with Resources"),
        ("Resources: {}", "expected a template with Resources"),
        ("Resources: [a]", "expected a template with Resources"),
        ("a: [", "while parsing"),
        ("[]", "expected a mapping at the top of the file"),
        ("a: !Wrong b", "tags are not supported: !Wrong"),
        ("Resources: {F: {Type: X, Properties: [a]}}", "F: expected a mapping as Properties"),
    ],
)
def test_what_is_no_template_is_told(sam, text, message):
    with pytest.raises(ConfigError, match=message):
        sam(text)


POOL = """
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth: {DefaultAuthorizer: users, Authorizers: {users: {UserPoolArn: !GetAtt Pool.Arn}}}
  Get:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.get
      Environment: {Variables: {POOL: !Ref Pool}}
      Events: {A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /a, Method: get}}}
"""


def test_a_user_pool_of_the_template_is_asked_for_and_never_made_up(sam):
    imported = sam(POOL)
    assert imported.content["authorizers"]["users"]["issuer"] == "${input:Pool.Arn}"
    assert imported.content["apis"]["Api"]["resources"]["/a"]["GET"]["authorizer"] == "users"
    assert imported.content["functions"]["Get"]["environment"] == {"POOL": "${input:Pool}"}
    assert set(imported.messages(MISSING)) == {
        "nothing here says what Pool is",
        "nothing here says what Pool.Arn is",
    }


def test_a_user_pool_that_is_given_is_the_issuer(sam):
    arn = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_x"
    imported = sam(POOL, given={"Pool": "eu-central-1_x", "Pool.Arn": arn})
    issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x"
    assert imported.content["authorizers"]["users"]["issuer"] == issuer
    assert imported.messages(MISSING) == []
    assert imported.load()
