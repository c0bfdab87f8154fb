"""What becomes of Terraform's resources: our keys, and a list of what could not be carried."""

import json
import sys

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.importing import import_terraform
from frontdesk.config.imports.resources import LEFT, MISSING
from frontdesk.config.load import load
from frontdesk.config.yaml_text import write_yaml


@pytest.fixture
def imported(tmp_path):
    def of(text, **given):
        (tmp_path / "main.tf").write_text(text)
        result = import_terraform(tmp_path, "shop", given, {})
        file = tmp_path / "frontdesk.yaml"
        file.write_text(write_yaml(result.content))
        (tmp_path / "code").mkdir(exist_ok=True)
        load([file], {"PARTNER_KEY": "0123456789abcdef0123456789"})
        return result

    return of


def told(result, kind):
    return [
        (finding.where.line, finding.message) for finding in result.findings if finding.id == kind
    ]


FUNCTION = """
resource "aws_lambda_function" "book" {
  function_name = "book"
  filename      = "code"
  handler       = "app/handlers.book"
  runtime       = "python3.11"
}
"""


def test_an_http_api(imported):
    result = imported(
        FUNCTION
        + """
resource "aws_apigatewayv2_api" "a" {
  name          = "desk"
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_stage" "prod" {
  api_id          = aws_apigatewayv2_api.a.id
  name            = "prod"
  stage_variables = { host = "10.0.0.5" }
  default_route_settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 20
  }
  route_settings {
    route_key             = "GET /b/{proxy+}"
    throttling_rate_limit = 5
  }
}
resource "aws_apigatewayv2_authorizer" "check" {
  api_id                            = aws_apigatewayv2_api.a.id
  name                              = "check"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.book.invoke_arn
  identity_sources                  = ["$request.header.X-Token"]
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
  authorizer_result_ttl_in_seconds  = 60
}
resource "aws_apigatewayv2_integration" "f" {
  api_id                 = aws_apigatewayv2_api.a.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.book.arn
  payload_format_version = "2.0"
}
resource "aws_apigatewayv2_integration" "h" {
  api_id             = aws_apigatewayv2_api.a.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = "http://${"$"}{stageVariables.host}/{proxy}"
  request_parameters = { "overwrite:header.X-A" = "$request.header.b" }
}
resource "aws_apigatewayv2_integration" "q" {
  api_id              = aws_apigatewayv2_api.a.id
  integration_type    = "AWS_PROXY"
  integration_subtype = "SQS-SendMessage"
}
resource "aws_apigatewayv2_route" "f" {
  api_id             = aws_apigatewayv2_api.a.id
  route_key          = "POST /book"
  target             = "integrations/${aws_apigatewayv2_integration.f.id}"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.check.id
}
resource "aws_apigatewayv2_route" "h" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "GET /b/{proxy+}"
  target    = "integrations/${aws_apigatewayv2_integration.h.id}"
}
resource "aws_apigatewayv2_route" "default" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.f.id}"
}
resource "aws_apigatewayv2_route" "q" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "POST /later"
  target    = "integrations/${aws_apigatewayv2_integration.q.id}"
}
"""
    )
    content = result.content
    assert content["functions"]["book"] == {"handler": "app.handlers.book", "code": "code"}
    assert content["authorizers"]["check"] == {
        "type": "function",
        "function": "book",
        "form": "simple",
        "payload": "2.0",
        "identity": ["$request.header.X-Token"],
        "cache": 60,
    }
    api = content["apis"]["desk"]
    assert api["stages"] == {
        "prod": {
            "variables": {"host": "10.0.0.5"},
            "throttle": {"rate": "100/s", "burst": 20},
        }
    }
    assert api["routes"] == {
        "POST /book": {"authorizer": "check", "function": "book", "payload": "2.0"},
        "GET /b/{proxy+}": {
            "http": {"url": "http://${stage.host}/{proxy}"},
            "request": {"headers": {"set": {"X-A": "$request.header.b"}}},
            "throttle": {"rate": "5/s"},
        },
        "$default": {"function": "book", "payload": "2.0"},
    }
    (left,) = told(result, LEFT)
    assert left[1] == "route POST /later: integrations with SQS-SendMessage are not carried yet"


def test_a_rest_api_with_plans(imported):
    result = imported(
        FUNCTION
        + """
resource "aws_api_gateway_rest_api" "a" {
  name               = "partners"
  binary_media_types = ["image/png"]
}
resource "aws_api_gateway_resource" "bookings" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = "bookings"
}
resource "aws_api_gateway_resource" "one" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_resource.bookings.id
  path_part   = "{id}"
}
resource "aws_api_gateway_request_validator" "all" {
  rest_api_id                 = aws_api_gateway_rest_api.a.id
  name                        = "all"
  validate_request_body       = true
  validate_request_parameters = true
}
resource "aws_api_gateway_model" "booking" {
  rest_api_id  = aws_api_gateway_rest_api.a.id
  name         = "Booking"
  content_type = "application/json"
  schema       = jsonencode({ type = "object", required = ["slot"] })
}
resource "aws_api_gateway_method" "put" {
  rest_api_id          = aws_api_gateway_rest_api.a.id
  resource_id          = aws_api_gateway_resource.one.id
  http_method          = "PUT"
  authorization        = "NONE"
  api_key_required     = true
  request_parameters   = { "method.request.querystring.region" = true }
  request_models       = { "application/json" = aws_api_gateway_model.booking.name }
  request_validator_id = aws_api_gateway_request_validator.all.id
}
resource "aws_api_gateway_integration" "put" {
  rest_api_id             = aws_api_gateway_rest_api.a.id
  resource_id             = aws_api_gateway_resource.one.id
  http_method             = aws_api_gateway_method.put.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.book.invoke_arn
  passthrough_behavior    = "NEVER"
  request_templates       = { "application/json" = "{\\"id\\": \\"$input.params('id')\\"}" }
}
resource "aws_api_gateway_integration_response" "ok" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  resource_id = aws_api_gateway_resource.one.id
  http_method = "PUT"
  status_code = "200"
}
resource "aws_api_gateway_integration_response" "bad" {
  rest_api_id       = aws_api_gateway_rest_api.a.id
  resource_id       = aws_api_gateway_resource.one.id
  http_method       = "PUT"
  status_code       = "404"
  selection_pattern = ".*unknown.*"
}
resource "aws_api_gateway_stage" "prod" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  stage_name  = "prod"
  variables   = { region = "x" }
}
resource "aws_api_gateway_usage_plan" "small" {
  name = "small"
  api_stages {
    api_id = aws_api_gateway_rest_api.a.id
    stage  = aws_api_gateway_stage.prod.stage_name
    throttle {
      path        = "/bookings/{id}/PUT"
      rate_limit  = 5
      burst_limit = 2
    }
  }
  quota_settings {
    limit  = 1000
    period = "DAY"
  }
  throttle_settings {
    rate_limit  = 50
    burst_limit = 50
  }
}
resource "aws_api_gateway_api_key" "partner" { name = "partner" }
resource "aws_api_gateway_usage_plan_key" "partner" {
  key_id        = aws_api_gateway_api_key.partner.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.small.id
}
resource "aws_api_gateway_deployment" "d" { rest_api_id = aws_api_gateway_rest_api.a.id }
"""
    )
    api = result.content["apis"]["partners"]
    assert api["binary_media_types"] == ["image/png"]
    assert api["models"]["Booking"]["schema"] == {"type": "object", "required": ["slot"]}
    method = api["resources"]["/bookings/{id}"]["PUT"]
    assert method["api_key"] is True
    assert method["validate"] == {
        "query": {"region": "required"},
        "body": {"application/json": "Booking"},
    }
    integration = method["integration"]
    assert integration["function"] == "book"
    assert (integration["type"], integration["passthrough"]) == ("aws", "never")
    template = '{"id": "$input.params(\'id\')"}'
    assert integration["request_templates"] == {"application/json": template}
    answers = {key: int(each["status"]) for key, each in integration["responses"].items()}
    assert answers == {"default": 200, ".*unknown.*": 404}
    assert api["stages"] == {"prod": {"variables": {"region": "x"}}}
    assert result.content["plans"]["small"] == {
        "apis": ["partners/prod"],
        "throttle": {"rate": "50/s", "burst": 50},
        "quota": {"limit": 1000, "period": "day"},
        "methods": {"PUT /bookings/{id}": {"throttle": {"rate": "5/s", "burst": 2}}},
    }
    assert result.content["keys"]["partner"] == {"plan": "small", "value": "${env:PARTNER_KEY}"}
    assert [message for _, message in told(result, LEFT)] == [
        "aws_api_gateway_deployment.d is not carried: the whole file is what is deployed"
    ]
    assert any(
        "values of secrets are not copied" in message for _, message in told(result, MISSING)
    )


def test_functions_with_aliases_and_urls(imported):
    result = imported(
        FUNCTION
        + """
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.book.arn
  function_version = "$LATEST"
}
resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.book.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 2
}
resource "aws_lambda_function_url" "u" {
  function_name      = aws_lambda_function.book.function_name
  authorization_type = "NONE"
  cors { allow_origins = ["https://a.example"] }
}
"""
    )
    assert result.content["functions"]["book"] == {
        "handler": "app.handlers.book",
        "code": "code",
        "aliases": {"live": {"version": "$LATEST"}},
        "provisioned_concurrency": {"live": 2},
        "url": {"auth": "none", "cors": {"allow_origins": ["https://a.example"]}},
    }


def test_a_plan_or_state_as_terraform_shows_it(tmp_path):
    file = tmp_path / "state.json"
    resources = [
        {
            "address": "aws_lambda_function.f",
            "mode": "managed",
            "type": "aws_lambda_function",
            "name": "f",
            "values": {"id": "book", "function_name": "book", "filename": "code", "handler": "a.b"},
        }
    ]
    file.write_text(json.dumps({"values": {"root_module": {"resources": resources}}}))
    content = import_terraform(file, "shop", {}, {}).content
    assert content["functions"] == {"book": {"handler": "a.b", "code": "code"}}


HTTP_API = """
resource "aws_apigatewayv2_api" "a" {
  name          = "desk"
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_integration" "f" {
  api_id           = aws_apigatewayv2_api.a.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.book.invoke_arn
}
resource "aws_apigatewayv2_route" "f" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "GET /f"
  target    = "integrations/${aws_apigatewayv2_integration.f.id}"
}
"""


def test_domains_lead_to_stages(terraform):
    imported = terraform(
        FUNCTION
        + HTTP_API
        + """
resource "aws_apigatewayv2_domain_name" "d" {
  domain_name = "API.example.com"
  domain_name_configuration { certificate_arn = "arn:x" }
  mutual_tls_authentication { truststore_uri = "s3://x" }
}
resource "aws_apigatewayv2_stage" "v1" {
  api_id = aws_apigatewayv2_api.a.id
  name   = "v1"
}
resource "aws_apigatewayv2_api_mapping" "m" {
  api_id          = aws_apigatewayv2_api.a.id
  domain_name     = aws_apigatewayv2_domain_name.d.id
  stage           = aws_apigatewayv2_stage.v1.id
  api_mapping_key = "orders/v1"
}
resource "aws_apigatewayv2_domain_name" "unused" { domain_name = "other.example.com" }
resource "aws_apigatewayv2_api_mapping" "lost" {
  api_id      = "gone"
  domain_name = "x.example.com"
  stage       = "v1"
}
resource "aws_api_gateway_rest_api" "other" { name = "other" }
"""
    )
    assert imported.content["domains"] == {
        "api.example.com": {"mappings": {"orders/v1": "desk:v1"}}
    }
    assert imported.messages(MISSING) == [
        "aws_apigatewayv2_api_mapping.lost: nothing here says what its API is",
        "API.example.com: its certificate is at AWS",
        "API.example.com: its truststore is at AWS",
    ]
    unused = "aws_apigatewayv2_domain_name.unused is not carried"
    assert f"{unused}: no mapping leads from it to an API" in imported.messages(LEFT)
    assert "base_path" not in imported.content["apis"]["other"]
    assert imported.load()


REST_API = """
resource "aws_api_gateway_rest_api" "a" { name = "partners" }
resource "aws_api_gateway_resource" "plans" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = "plans"
}
resource "aws_api_gateway_method" "m" {
  for_each      = toset(["GET", "POST"])
  rest_api_id   = aws_api_gateway_rest_api.a.id
  resource_id   = aws_api_gateway_resource.plans.id
  http_method   = each.key
  authorization = "NONE"
}
resource "aws_api_gateway_integration" "m" {
  for_each             = aws_api_gateway_method.m
  rest_api_id          = aws_api_gateway_rest_api.a.id
  resource_id          = aws_api_gateway_resource.plans.id
  http_method          = each.value.http_method
  type                 = "AWS_PROXY"
  uri                  = aws_lambda_function.book.invoke_arn
  cache_key_parameters = ["method.request.querystring.region", "method.request.header.X-A"]
}
resource "aws_api_gateway_stage" "prod" {
  rest_api_id           = aws_api_gateway_rest_api.a.id
  stage_name            = "prod"
  cache_cluster_enabled = true
  canary_settings {
    percent_traffic          = 12.5
    stage_variable_overrides = { region = "south" }
  }
}
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
  method_path = "*/*"
  settings {
    caching_enabled        = true
    cache_ttl_in_seconds   = 60
    throttling_rate_limit  = 100
    throttling_burst_limit = -1
    logging_level          = "INFO"
  }
}
resource "aws_api_gateway_method_settings" "post" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
  method_path = "plans/POST"
  settings {
    caching_enabled        = false
    throttling_rate_limit  = 5
    throttling_burst_limit = 2
  }
}
"""


def test_settings_of_methods_are_limits_and_caches(terraform):
    imported = terraform(FUNCTION + REST_API)
    api = imported.content["apis"]["partners"]
    assert api["stages"] == {
        "prod": {
            "throttle": {"rate": "100/s"},
            "canary": {"percent": 12.5, "judge": "off", "variables": {"region": "south"}},
        }
    }
    methods = api["resources"]["/plans"]
    assert methods["GET"]["cache"] == {
        "ttl": "60s",
        "key": ["path", "query.region", "header.X-A"],
        "shared": True,
    }
    assert "cache" not in methods["POST"]
    assert methods["POST"]["throttle"] == {"rate": "5/s", "burst": 2}
    assert imported.load()


def test_stages_that_say_different_things_of_a_route_are_told(terraform):
    stages = "".join(
        f"""
resource "aws_apigatewayv2_stage" "{name}" {{
  api_id = aws_apigatewayv2_api.a.id
  name   = "{name}"
  route_settings {{
    route_key             = "GET /f"
    throttling_rate_limit = {rate}
  }}
  access_log_settings {{
    destination_arn = "x"
    format          = "{name}"
  }}
}}
"""
        for name, rate in (("one", 1), ("two", 2))
    )
    imported = terraform(FUNCTION + HTTP_API + stages)
    assert imported.content["apis"]["desk"]["routes"]["GET /f"]["throttle"] == {"rate": "1/s"}
    assert imported.messages(LEFT) == [
        "aws_apigatewayv2_stage.two: another stage has set GET /f, for all stages",
        "aws_apigatewayv2_stage.two: another stage has given the format of the log",
    ]


def test_parts_of_an_api_that_is_not_here_are_told(terraform):
    imported = terraform(
        """
resource "aws_apigatewayv2_route" "of_nothing" {
  api_id    = "gone"
  route_key = "GET /x"
}
resource "aws_sqs_queue" "q" { name = "q" }
resource "aws_sfn_activity" "a" { name = "a" }
resource "aws_dynamodb_table" "t" { name = "t" }
"""
    )
    assert imported.messages(MISSING) == [
        "aws_apigatewayv2_route.of_nothing: nothing here says what its API is"
    ]
    assert imported.messages(LEFT) == [
        "aws_sfn_activity.a is not carried: make it with CreateActivity of the Step Functions API",
        "aws_dynamodb_table.t is not carried: there is nothing here that it could become",
    ]


def test_apis_of_one_name_are_told_apart(terraform):
    text = 'resource "aws_api_gateway_rest_api" "{0}" {{ name = "same" }}\n'
    imported = terraform(text.format("a") + text.format("b"))
    assert {name: api["base_path"] for name, api in imported.content["apis"].items()} == {
        "same": "/same",
        "same-2": "/same-2",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("route_key = [1]", "expected text: route_key"),
        ("target = {a = 1}", "expected text: target"),
        ("authorization_scopes = {a = 1}", "expected a list of texts: authorization_scopes"),
    ],
)
def test_values_of_a_wrong_form_are_told_at_their_resource(terraform, text, message):
    route = HTTP_API.replace(
        'route_key = "GET /f"',
        'route_key = "GET /f"\n  authorization_type = "JWT"\n  authorizer_id = aws_apigatewayv2_authorizer.t.id',
    )
    name = text.split()[0]
    lines = [line for line in route.splitlines() if not line.strip().startswith(f"{name} ")]
    at = lines.index('resource "aws_apigatewayv2_route" "f" {')
    lines.insert(at + 1, f"  {text}")
    tokens = """
resource "aws_apigatewayv2_authorizer" "t" {
  api_id          = aws_apigatewayv2_api.a.id
  name            = "t"
  authorizer_type = "JWT"
}
"""
    with pytest.raises(ConfigError) as caught:
        terraform(FUNCTION + tokens + "\n".join(lines) + "\n")
    (finding,) = caught.value.findings
    assert finding.message == f"aws_apigatewayv2_route.f: {message}"
    assert finding.where.line == (FUNCTION + tokens).count("\n") + at + 1


def test_another_python_is_told_once(sam):
    function = "{Type: AWS::Serverless::Function, Properties: {CodeUri: code, Handler: a.b, Runtime: python2.7}}"
    imported = sam(f"Resources:\n  A: {function}\n  B: {function}\n")
    ((_, line, message),) = [each for each in imported.told if each[0] == MISSING]
    ours = f"python3.{sys.version_info.minor}"
    assert (line, message) == (2, f"functions of the runtime python2.7 run on {ours} here")


USERS = """
resource "aws_cognito_user_pool" "main" { name = "users" }
resource "aws_cognito_user_pool_client" "app" {
  name         = "app"
  user_pool_id = aws_cognito_user_pool.main.id
}
resource "aws_apigatewayv2_api" "visits" {
  name          = "visits"
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_authorizer" "users" {
  name             = "users"
  api_id           = aws_apigatewayv2_api.visits.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = "https://cognito-idp.eu-central-1.amazonaws.com/${aws_cognito_user_pool.main.id}"
    audience = [aws_cognito_user_pool_client.app.id]
  }
}
resource "aws_apigatewayv2_route" "list" {
  api_id             = aws_apigatewayv2_api.visits.id
  route_key          = "GET /visits"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.users.id
  target             = "integrations/${aws_apigatewayv2_integration.list.id}"
}
resource "aws_apigatewayv2_integration" "list" {
  api_id             = aws_apigatewayv2_api.visits.id
  integration_type   = "HTTP_PROXY"
  integration_method = "GET"
  integration_uri    = "https://backend.example"
}
"""


def test_whose_tokens_are_trusted_is_never_made_up(terraform):
    users = terraform(USERS).content["authorizers"]["users"]
    pool = "${input:aws_cognito_user_pool.main.id}"
    assert users["issuer"] == f"https://cognito-idp.eu-central-1.amazonaws.com/{pool}"
    assert users["audience"] == ["${input:aws_cognito_user_pool_client.app.id}"]


def test_pools_that_nothing_asks_about_are_not_asked_for(terraform):
    imported = terraform('resource "aws_cognito_user_pool" "main" { name = "users" }\n')
    assert imported.messages(MISSING) == []
