"""REST APIs over the wire: events, answers, refusals in AWS's words or the file's, policies, authorizers."""

import asyncio
import json

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

OK = """{type: mock, request_templates: {application/json: "{statusCode: 200}"}, responses: {default: {}}}"""


async def asked(folder, config, *requests, **modules):
    """Run a project and call it with each (method, target[, headers[, body]]); returns the answers."""
    answers = []
    async with serving(project(folder, config, **modules)) as app:
        for request in requests:
            method, target, headers, body = (*request, None, None)[:4]
            answers.append(
                await asyncio.to_thread(
                    call, app.addresses[0], method, target, headers=headers, body=body
                )
            )
    return answers


def shown(answer):
    return answer.status, json.loads(answer.body)


# -- answers of the gateway ---------------------------------------------------------------------


async def test_a_miss_is_403_in_words_of_rest_apis(tmp_path):
    config = f"apis: {{pets: {{type: rest, resources: {{/a: {{GET: {{integration: {OK}}}}}}}}}}}"
    path, method, found = await asked(
        tmp_path, config, ("GET", "/b"), ("POST", "/a"), ("GET", "/a/")
    )
    for answer in (path, method):
        assert shown(answer) == (403, {"message": "Missing Authentication Token"})
        assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
        assert answer.headers["x-amzn-RequestId"] != answer.headers["x-amz-apigw-id"]
        assert "apigw-requestid" not in answer.headers
    assert found.status == 200


OVERRIDES = f"""
    apis:
      pets:
        type: rest
        stage: {{name: dev, variables: {{colour: green}}}}
        gateway_responses:
          MISSING_AUTHENTICATION_TOKEN:
            status: 404
            headers:
              X-Type: context.error.responseType
              X-Colour: stageVariables.colour
              X-Agent: method.request.header.User-Agent
              X-None: method.request.header.Nothing
              X-Said: "'as it is'"
            templates:
              application/json: '{{"said":"$context.error.message","by":"$method.request.header.X-By"}}'
              text/html: <p>$method.request.header.X-By</p>
          DEFAULT_4XX: {{status: 499, templates: {{application/json: '[$context.error.messageString]'}}}}
        resources:
          /a: {{GET: {{integration: {OK}, max_body: 1}}}}
"""


async def test_the_file_may_say_it_otherwise(tmp_path):
    by = {"X-By": '"<a>', "User-Agent": "test"}
    html = by | {"Accept": "text/html;q=0.1, application/json"}
    as_json, as_html, large, nowhere = await asked(
        tmp_path,
        OVERRIDES,
        ("GET", "/dev/b", by),
        ("GET", "/dev/b", html),
        ("GET", "/dev/a", {}, b"12"),
        ("GET", "/other"),
    )
    assert shown(as_json) == (404, {"said": "Missing Authentication Token", "by": '"<a>'})
    assert as_json.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    fields = ["X-Type", "X-Colour", "X-Agent", "X-None", "X-Said"]
    assert [as_json.headers[name] for name in fields] == [
        "MISSING_AUTHENTICATION_TOKEN",
        "green",
        "test",
        None,
        "as it is",
    ]
    assert as_html.body == b"<p>&quot;&lt;a&gt;</p>"
    assert as_html.headers["Content-Type"] == "text/html"
    assert shown(large) == (499, ["Request Too Long"])
    assert nowhere.status == 404


# -- functions ----------------------------------------------------------------------------------

ANSWERS = """
    functions:
      answer: {handler: f.answer}
    apis:
      pets:
        type: rest
        binary_media_types: [image/png]
        resources:
          /{answer}: {ANY: {integration: {type: aws_proxy, function: answer}}}
          /slow: {ANY: {timeout: 50ms, integration: {type: aws_proxy, function: answer}}}
          /illegal:
            GET:
              integration:
                type: aws_proxy
                function: answer
                request_parameters: {integration.request.header.Authorization: "'x'"}
"""

FUNCTION = """
    import time

    def answer(event, context):
        what = event["pathParameters"]
        if what is None:
            time.sleep(5)
        what = what["answer"]
        return {
            "empty": {},
            "text": {"statusCode": "201", "body": "ok", "headers": {"X-A": True}},
            "both": {"headers": {"x-a": "1"}, "multiValueHeaders": {"X-A": ["2", "3"]}},
            "base64": {"isBase64Encoded": True, "body": "b2s="},
            "undecodable": {"isBase64Encoded": True, "body": "!"},
            "unknown": {"statusCode": 200, "cookies": []},
            "number": 5,
            "forged": {"headers": {"x-amzn-RequestId": "x"}},
        }[what]
"""

BROKEN = (502, {"message": "Internal server error"})


async def test_what_a_function_returns(tmp_path):
    png = {"Accept": "image/png;q=1, */*"}
    found = await asked(
        tmp_path,
        ANSWERS,
        ("GET", "/empty"),
        ("GET", "/text"),
        ("GET", "/both"),
        ("GET", "/base64"),
        ("GET", "/base64", png),
        ("GET", "/forged"),
        f=FUNCTION,
    )
    empty, text, both, base64, binary, forged = found
    assert (empty.status, empty.body) == (200, b"")
    assert (text.status, text.body, text.headers["X-A"]) == (201, b"ok", "true")
    assert [field for field in both.headers.items() if field[0].lower() == "x-a"] == [
        ("X-A", "2"),
        ("X-A", "3"),
        ("X-A", "1"),
    ]
    assert (base64.body, binary.body) == (b"b2s=", b"ok")
    assert forged.headers.get_all("x-amzn-requestid") != ["x"]
    assert all("X-Amzn-Trace-Id" in answer.headers for answer in found)


async def test_what_is_no_answer(tmp_path):
    png = {"Accept": "image/png"}
    unknown, number, error, undecodable, slow, illegal = await asked(
        tmp_path,
        ANSWERS,
        ("GET", "/unknown"),
        ("GET", "/number"),
        ("GET", "/raises"),
        ("GET", "/undecodable", png),
        ("GET", "/slow"),
        ("GET", "/illegal"),
        f=FUNCTION,
    )
    assert [shown(each) for each in (unknown, number, error)] == [BROKEN] * 3
    assert shown(undecodable) == (500, {"message": "Internal server error"})
    assert shown(slow) == (504, {"message": "Endpoint request timed out"})
    assert shown(illegal) == (500, {"message": "Internal server error"})
    assert illegal.headers["x-amzn-ErrorType"] == "InternalServerErrorException"
    assert "X-Amzn-Trace-Id" not in slow.headers


# -- policies -----------------------------------------------------------------------------------

POLICY = f"""
    apis:
      pets:
        type: rest
        stage: {{name: dev}}
        policy:
          Version: "2012-10-17"
          Statement:
            - {{Effect: Allow, Principal: "*", Action: execute-api:Invoke, Resource: execute-api:/dev/GET/*}}
            - Effect: Deny
              Principal: "*"
              Action: execute-api:Invoke
              Resource: execute-api:/dev/*/admin
              Condition: {{NotIpAddress: {{aws:SourceIp: 192.0.2.0/24}}}}
        resources:
          /{{any+}}: {{ANY: {{integration: {OK}}}}}
"""


async def test_a_policy_alone_must_allow(tmp_path):
    allowed, silent, denied, slashed = await asked(
        tmp_path,
        POLICY,
        ("GET", "/dev/a"),
        ("POST", "/dev/a"),
        ("GET", "/dev/admin"),
        ("GET", "/dev//admin/"),
    )
    assert allowed.status == 200
    arn = "arn:aws:execute-api:us-east-1:********0000:"
    refused = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}"
    assert shown(silent)[0] == 403
    assert shown(silent)[1]["Message"].startswith(refused)
    assert silent.headers["x-amzn-ErrorType"] == "AccessDeniedException"
    for answer in (denied, slashed):
        assert shown(answer)[1]["Message"].endswith("/dev/GET/admin with an explicit deny")


async def test_the_policy_may_be_a_file(tmp_path):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    (tmp_path / "policy.json").write_text(json.dumps({"Statement": [statement]}))
    config = (
        f"apis: {{pets: {{type: rest, policy: policy.json, "
        f"resources: {{/a: {{GET: {{integration: {OK}}}}}}}}}}}"
    )
    (answer,) = await asked(tmp_path, config, ("GET", "/a"))
    assert answer.status == 200


# -- authorizers --------------------------------------------------------------------------------

AUTHORIZERS = f"""
    functions:
      token: {{handler: g.token}}
      request: {{handler: g.request}}
    authorizers:
      token: {{type: function, function: token, form: token, pattern: "tok-[a-z]+", cache: 0}}
      request: {{type: function, function: request, form: iam, cache: 0, identity: $request.header.X-Who}}
      keys: {{type: iam, credentials: {{AKID: {{secret: s3cr3t, principal: ana}}}}}}
    apis:
      pets:
        type: rest
        authorizer: token
        policy: {{Statement: [{{Effect: Allow, Principal: "*", Action: "*", Resource: execute-api:/*/GET/shared}}]}}
        resources:
          /{{any+}}: {{ANY: {{integration: {OK}}}}}
          /request: {{GET: {{authorizer: request, integration: {OK}}}}}
          /signed: {{GET: {{authorizer: keys, integration: {OK}}}}}
"""

ASKED = """
    import json, pathlib

    def token(event, context):
        assert sorted(event) == ["authorizationToken", "methodArn", "type"]
        said = event["authorizationToken"]
        if said == "tok-unauthorized":
            raise Exception("Unauthorized")
        if said == "tok-raises":
            raise Exception("oh")
        if said == "tok-broken":
            return {"principalId": "u"}
        effect = "Deny" if said == "tok-deny" else "Allow"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
        if said == "tok-silent":
            statement["Resource"] = "nothing"
        return {"principalId": "u", "policyDocument": {"Statement": [statement]}}

    def request(event, context):
        pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(event))
        statement = {"Action": "*", "Effect": "Allow", "Resource": event["methodArn"]}
        return {"principalId": "u", "policyDocument": {"Statement": [statement]}}
"""


@pytest.mark.parametrize(
    ("token", "path", "expected"),
    [
        (None, "/a", (401, {"message": "Unauthorized"})),
        ("tok-1", "/a", (401, {"message": "Unauthorized"})),
        ("tok-unauthorized", "/a", (401, {"message": "Unauthorized"})),
        ("tok-raises", "/a", (500, {"message": None})),
        ("tok-broken", "/a", (500, {"message": None})),
        (
            "tok-silent",
            "/a",
            (403, {"Message": "User is not authorized to access this resource"}),
        ),
        (
            "tok-deny",
            "/shared",
            (
                403,
                {"Message": "User is not authorized to access this resource with an explicit deny"},
            ),
        ),
    ],
)
async def test_refusals_of_an_authorizer(tmp_path, token, path, expected):
    headers = {"Authorization": token} if token else {}
    (answer,) = await asked(tmp_path, AUTHORIZERS, ("GET", path, headers), g=ASKED)
    assert shown(answer) == expected


async def test_who_may_pass(tmp_path):
    by_token, by_policy, by_request, unsigned = await asked(
        tmp_path,
        AUTHORIZERS,
        ("GET", "/a", {"Authorization": "tok-a"}),
        ("GET", "/shared", {"Authorization": "tok-silent"}),
        ("GET", "/request?a=1"),
        ("GET", "/signed"),
        g=ASKED,
    )
    assert [by_token.status, by_policy.status, by_request.status] == [200, 200, 200]
    assert shown(unsigned) == (403, {"message": "Missing Authentication Token"})
    event = json.loads((tmp_path / "g.json").read_text())
    assert sorted(event) == [
        "headers",
        "httpMethod",
        "methodArn",
        "multiValueHeaders",
        "multiValueQueryStringParameters",
        "path",
        "pathParameters",
        "queryStringParameters",
        "requestContext",
        "resource",
        "stageVariables",
        "type",
    ]
    assert event["type"] == "REQUEST"
    assert event["methodArn"].endswith("/$default/GET/request")
