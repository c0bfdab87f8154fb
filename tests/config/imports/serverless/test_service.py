"""Services of the Serverless Framework: functions, events, authorizers and resources, as our keys."""

import textwrap

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.resources import LEFT, MISSING
from frontdesk.config.imports.serverless.service import logical_id

HEADERS = [
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key"),
    *("X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"),
]
"""What pages may send at Serverless where a service does not say."""


def test_functions_with_what_the_provider_says(serverless):
    imported = serverless("""
service: clinic
provider:
  name: aws
  runtime: python3.11
  timeout: 20
  environment: {TABLE: visits, STAGE: "${sls:stage}"}
functions:
  book-now:
    handler: app/book.run
    memorySize: 256
    environment: {TABLE: "${env:TABLE}", SECRET: "${ssm:/clinic/secret}"}
    reservedConcurrency: 2
    url: {authorizer: aws_iam}
  plain: {handler: app.plain, name: renamed}
""", {"stage": "prod"}, {"TABLE": "mine"})  # fmt: skip
    assert imported.content["functions"] == {
        "book-now": {
            "handler": "app.book.run",
            "code": ".",
            "timeout": "20s",
            "memory": "256MB",
            "environment": {
                "TABLE": "mine",
                "STAGE": "prod",
                "SECRET": "${env:CLINIC_SECRET}",
            },
            "reserved_concurrency": 2,
            "url": {"auth": "iam"},
        },
        "renamed": {
            "handler": "app.plain",
            "code": ".",
            "timeout": "20s",
            "memory": "1024MB",
            "environment": {"TABLE": "visits", "STAGE": "prod"},
        },
    }


HTTP = """
service: clinic
provider:
  name: aws
  runtime: python3.11
  stage: prod
  httpApi:
    cors: {allowedOrigins: ["https://a.example"], maxAge: 60}
    authorizers:
      tokens: {type: jwt, issuerUrl: "https://id.example", audience: app}
      check:
        type: request
        functionName: check
        enableSimpleResponses: true
        resultTtlInSeconds: 30
        identitySource: [$request.header.X-Card]
functions:
  check: {handler: app.check}
  book:
    handler: app.book
    events:
      - httpApi: POST /book
      - httpApi: {method: GET, path: "/book/{id}", authorizer: {name: tokens, scopes: [read]}}
      - httpApi: {method: "*", path: /card, authorizer: check}
      - httpApi: "*"
      - sqs: {arn: !GetAtt Queue.Arn}
      - schedule: rate(1 hour)
resources:
  Resources:
    Queue: {Type: AWS::SQS::Queue}
"""


def test_events_of_an_http_api(serverless):
    imported = serverless(HTTP)
    api = imported.content["apis"]["prod-clinic"]
    call = {"function": "book", "payload": "2.0"}
    assert api["routes"] == {
        "POST /book": call,
        "GET /book/{id}": {"authorizer": "tokens", "scopes": ["read"], **call},
        "ANY /card": {"authorizer": "check", **call},
        "$default": call,
    }
    assert api["cors"] == {
        "allow_headers": HEADERS,
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "allow_origins": ["https://a.example"],
        "max_age": 60,
    }
    assert imported.content["authorizers"]["tokens"] == {
        "type": "jwt",
        "issuer": "https://id.example",
        "audience": ["app"],
        "identity": ["$request.header.Authorization"],
    }
    check = imported.content["authorizers"]["check"]
    assert (check["function"], check["form"], check["cache"]) == ("check", "simple", 30)
    assert check["identity"] == ["$request.header.X-Card"]
    assert imported.content["queues"] == {"Queue": {"consumer": {"function": "book"}}}
    assert imported.messages(LEFT) == []
    assert imported.load()


def test_cors_of_an_http_api_in_one_word(serverless):
    imported = serverless("""
service: s
provider: {runtime: python3.11, httpApi: {cors: true}}
functions: {f: {handler: a.b, events: [{httpApi: GET /x}]}}
""")
    assert imported.content["apis"]["dev-s"]["cors"] == {
        "allow_headers": HEADERS,
        "allow_methods": ["GET", "OPTIONS"],
        "allow_origins": ["*"],
    }


def test_cors_of_events_of_a_rest_api(serverless):
    imported = serverless("""
service: s
provider: {runtime: python3.11}
functions:
  f:
    handler: a.b
    events:
      - http: {path: x, method: get, cors: {origin: "https://a.example", headers: [X-A], maxAge: 60}}
      - http: {path: y, method: put, cors: {origins: ["https://b.example"], headers: "X-A, X-B", allowCredentials: true}}
      - http: {path: z, method: put}
""")
    assert imported.content["apis"]["dev-s"]["cors"] == {
        "allow_origins": ["https://a.example", "https://b.example"],
        "allow_headers": ["X-A", "X-B"],
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "allow_credentials": True,
        "max_age": "60s",
    }
    assert imported.load()


REST = """
service: clinic
provider:
  runtime: python3.11
  apiGateway:
    apiKeys: [partner]
    usagePlan: {quota: {limit: 100, period: DAY}, throttle: {rateLimit: 5, burstLimit: 2}}
functions:
  check: {handler: app.check}
  book:
    handler: app.book
    events:
      - http: GET open
      - http:
          path: /book/{id}
          method: put
          private: true
          cors: true
          authorizer: {name: check, identitySource: method.request.header.X-Token, resultTtlInSeconds: 0}
          request: {parameters: {querystrings: {region: true}, headers: {X-A: false}}}
      - http: {path: pool, method: get, authorizer: {name: pool, arn: "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x"}}
      - http: {path: signed, method: get, authorizer: aws_iam}
"""


def test_events_of_a_rest_api(serverless):
    imported = serverless(REST)
    api = imported.content["apis"]["dev-clinic"]
    call = {"integration": {"type": "aws_proxy", "function": "book"}}
    assert api["resources"]["/open"] == {"GET": call}
    assert api["resources"]["/book/{id}"]["PUT"] == {"authorizer": "check", "api_key": True, **call}
    assert api["resources"]["/pool"]["GET"]["authorizer"] == "pool"
    assert api["resources"]["/signed"]["GET"]["authorizer"] == "iam"
    assert api["cors"] == {
        "allow_headers": HEADERS,
        "allow_methods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "allow_origins": ["*"],
    }
    assert api["stages"] == {"dev": {}}
    check = imported.content["authorizers"]["check"]
    assert (check["form"], check["cache"]) == ("token", 0)
    assert check["identity"] == ["$request.header.X-Token"]
    (plan,) = imported.content["plans"].values()
    assert plan["apis"] == ["dev-clinic/dev"]
    assert plan["quota"] == {"limit": 100, "period": "day"}
    assert imported.load()


QUEUES = """
# serverless.yml
resources:
  Resources:
    ExternalApiQueue:
      Type: AWS::SQS::Queue
      Properties:
        QueueName: external-api-requests
        VisibilityTimeout: 60
        RedrivePolicy:
          deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn
          maxReceiveCount: 3 # Retry 3 times before moving to DLQ

    DeadLetterQueue:
      Type: AWS::SQS::Queue
      Properties:
        QueueName: external-api-dlq
"""


def test_a_fragment_with_queues_only_is_read(serverless):
    imported = serverless(QUEUES)
    assert imported.told == []
    assert imported.load().queues["external-api-requests"].dead_letter == "external-api-dlq"


def test_functions_and_resources_may_be_lists_of_files(serverless, tmp_path):
    (tmp_path / "functions.yml").write_text("f:\n  handler: a.b\n")
    (tmp_path / "more.yml").write_text("Resources:\n  Q:\n    Type: AWS::DynamoDB::Table\n")
    imported = serverless("""
service: s
provider: {runtime: python3.11}
functions: ["${file(functions.yml)}", {g: {handler: c.d}}]
resources: ["${file(more.yml)}"]
""")
    assert list(imported.content["functions"]) == ["f", "g"]
    (left,) = [each for each in imported.findings if each.id == LEFT]
    assert (left.where.file, left.where.line) == (str(tmp_path / "more.yml"), 2)


def test_sections_that_are_not_carried_are_told(serverless):
    imported = serverless("functions: {}\nstepFunctions: {activities: [a]}\nresources: {}\nlayers: {l: {}}\n"
                          "service: s\nprovider: {}\n".replace("resources: {}", QUEUE))  # fmt: skip
    assert [message for message in imported.messages(LEFT) if "carried" in message] == [
        "layers is not carried yet",
        "stepFunctions.activities is not carried yet",
    ]


QUEUE = "resources: {Resources: {Q: {Type: AWS::SQS::Queue}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a serverless.yml with functions or resources"),
        ("service: x", "expected a serverless.yml with functions or resources"),
        ("functions: {f: [a]}", "f: expected a mapping"),
        ("functions: {f: {events: [{http: [a]}]}}", "expected a mapping"),
        ("functions: {f: {timeout: soon}}", "expected a number: timeout"),
        ("functions: {f: {}}\nprovider: [a]", "provider: expected a mapping"),
    ],
)
def test_what_is_no_service_is_told(serverless, text, message):
    with pytest.raises(ConfigError, match=message):
        serverless(textwrap.dedent(text))


@pytest.mark.parametrize(
    ("name", "logical"),
    [
        ("book", "BookLambdaFunction"),
        ("book-now", "BookDashnowLambdaFunction"),
        ("book_now", "BookUnderscorenowLambdaFunction"),
    ],
)
def test_logical_ids_are_those_of_serverless(name, logical):
    assert logical_id(name) == logical


def test_what_is_open_is_told_at_its_line(serverless):
    imported = serverless("functions:\n  f:\n    handler: a.b\n    name: f-${opt:who}\n")
    assert (MISSING, 4, "nothing here says what opt:who is") in imported.told


@pytest.mark.parametrize(
    "plugins",
    [
        "[serverless-step-functions, serverless-python-requirements, a-plugin]",
        "{modules: [serverless-offline, serverless-python-requirements, a-plugin]}",
    ],
    ids=["list", "mapping"],
)
def test_plugins_whose_work_nobody_does_are_told(serverless, plugins):
    imported = serverless(
        f"service: s\nplugins: {plugins}\nfunctions: {{f: {{handler: a.b, events: [{{httpApi: GET /x}}]}}}}\n"
    )
    told = [each for each in imported.findings if each.id == LEFT]
    assert [each.message for each in told] == [
        "the plugin serverless-python-requirements is not carried",
        "the plugin a-plugin is not carried",
    ]
    assert [bool(each.hint) for each in told] == [True, False]
