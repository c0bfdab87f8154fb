"""Whatever stands in a file: an import gives a result or a ConfigError, soon."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.base.errors import ConfigError, Position
from frontdesk.config.imports import importing
from frontdesk.config.imports.cloudformation.intrinsics import FUNCTIONS
from frontdesk.config.imports.cloudformation.reading import TYPES as TEMPLATE_TYPES
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.functions import FUNCTIONS as HCL_FUNCTIONS
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.yaml_text import write_yaml
from tests.config.imports.test_importing import FUNCTION, HTTP_API, REST_API

FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

WORDS = st.sampled_from(
    [
        *("", "A", "B", "GET /a", "$default", "GET", "/a/{id}", "prod", "AWS_IAM", "JWT", "CUSTOM"),
        *("integrations/A", "arn:aws:lambda:x:1:function:A:live", "http://a.example", "DAY", "5"),
        *("${env:A}", "${input:A}", "{}", '{"statusCode": 200}', "method.request.header.X", "a.b"),
    ]
)
LEAVES = st.one_of(WORDS, st.none(), st.booleans(), st.integers(-1, 5), st.floats(-1, 5), st.text())


def tree_of(keys, leaves=LEAVES):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


def survives(run):
    """Run an import; what it makes can be written."""
    try:
        write_yaml(run().content)
    except ConfigError as error:
        assert error.findings
        assert all(finding.where.line >= 1 for finding in error.findings)


ATTRIBUTES = st.sampled_from(
    sorted(set(re.findall(r"^\s*(\w+)\s+=", FUNCTION + HTTP_API + REST_API, re.MULTILINE)))
    + [
        *("cors_configuration", "route_settings", "default_route_settings", "access_log_settings"),
        *("identity_sources", "jwt_configuration", "routing_config", "environment", "layers"),
        *("request_models", "request_parameters", "api_stages", "throttle", "quota_settings"),
        *("response_parameters", "canary_settings", "settings", "body", "name", "id", "policy"),
        *("schema", "domain_name", "integration_type", "request_templates", "body_file"),
    ]
)
RESOURCES = st.lists(
    st.tuples(
        st.sampled_from(sorted(importing._READ)),
        st.dictionaries(ATTRIBUTES, tree_of(ATTRIBUTES), max_size=6),
    ),
    max_size=6,
)


@given(RESOURCES)
@FEW
def test_resources_with_any_values(tmp_path, resources):
    declared = Declared(Project(tmp_path))
    api = {"aws_apigatewayv2_api": {"name": "A"}, "aws_api_gateway_rest_api": {"name": "B"}}
    at = Position(str(tmp_path / "main.tf"), 1, 1, "")
    for number, (kind, said) in enumerate([*api.items(), *resources]):
        of_api = {"api_id": "A0", "rest_api_id": "A1", "function_name": "A"}
        values = said if kind in api else of_api | said
        address = f"A{number}"
        declared.resources.append(Resource(values, address, at, kind, address, address))
    survives(lambda: importing.import_resources(declared, "x", tmp_path / "main.tf", {}))


PROPERTIES = st.sampled_from(
    [
        *("Api", "ApiId", "Auth", "Authorizer", "Authorizers", "CodeUri", "Cors", "Events"),
        *("CorsConfiguration", "Environment", "FunctionUrlConfig", "GatewayResponses", "Handler"),
        *("Integration", "IntegrationResponses", "MethodResponses", "MethodSettings", "Method"),
        *("Models", "Path", "Properties", "ResponseParameters", "RestApiId", "RouteSettings"),
        *("RoutingConfig", "AdditionalVersionWeights", "Type", "UsagePlan", "Variables", "X"),
        *("ApiStages", "Throttle", "CanarySetting", "DefinitionBody", "Identity", "openapi"),
        *("paths", "Timeout", "JwtConfiguration", "AutoPublishAlias", "DeploymentPreference"),
    ]
)
KINDS = st.sampled_from(
    [
        *("AWS::Serverless::Api", "AWS::Serverless::Function", "AWS::Serverless::HttpApi"),
        *TEMPLATE_TYPES,
    ]
)


@given(st.data())
@FEW
def test_templates_with_any_properties(sam, data):
    keys = PROPERTIES | st.sampled_from([*FUNCTIONS, "Fn::Other"])
    resource = st.fixed_dictionaries(
        {"Type": KINDS, "Properties": st.dictionaries(PROPERTIES, tree_of(keys), max_size=5)}
    )
    sections = st.fixed_dictionaries(
        {"Resources": st.dictionaries(st.sampled_from("ABC"), resource, min_size=1, max_size=3)},
        optional={
            name: st.dictionaries(st.sampled_from(["A", "Function", "Api"]), tree_of(keys))
            for name in ("Conditions", "Globals", "Mappings", "Parameters")
        },
    )
    text = json.dumps(data.draw(sections), ensure_ascii=True)
    survives(lambda: sam(text.replace("\\ud", "x")))


SERVERLESS_KEYS = st.sampled_from(
    [
        *("apiGateway", "apiKeys", "authorizer", "authorizers", "cors", "custom", "environment"),
        *("events", "functions", "handler", "http", "httpApi", "identitySource", "layers", "path"),
        *("method", "name", "parameters", "private", "provider", "request", "resources", "service"),
        *("Resources", "runtime", "scopes", "stage", "timeout", "type", "url", "usagePlan", "x"),
    ]
)
VARIABLE = st.builds(
    "{}${{{}:{}, {}}}{}".format,
    st.sampled_from(["", "x"]),
    st.sampled_from(["self", "opt", "env", "param", "sls", "ssm", "cf", "file(a.yml)", "git", ""]),
    st.sampled_from(["provider", "stage", "functions", "custom.x", "", "${self:custom.x}", "A"]),
    st.sampled_from(["", "'a'", "5", "${opt:x}", "${self:provider}"]),
    st.sampled_from(["", "}", "${", "y"]),
)


@given(st.data())
@FEW
def test_services_with_any_values(serverless, data):
    values = tree_of(SERVERLESS_KEYS, LEAVES | VARIABLE)
    event = st.fixed_dictionaries({"http": values}) | st.fixed_dictionaries({"httpApi": values})
    function = st.dictionaries(SERVERLESS_KEYS, values, max_size=4) | st.fixed_dictionaries(
        {"events": st.lists(event, max_size=3)}
    )
    service = st.fixed_dictionaries(
        {"functions": st.dictionaries(st.sampled_from("ab"), function, max_size=2)},
        optional={"provider": values, "custom": values, "resources": values, "service": values},
    )
    text = json.dumps(data.draw(service), ensure_ascii=True)
    survives(lambda: serverless(text.replace("\\ud", "x")))


@pytest.mark.parametrize("kind", ["terraform", "sam", "serverless"])
@given(text=st.text(max_size=200))
@FEW
def test_any_text(request, kind, text):
    survives(lambda: request.getfixturevalue(kind)(text.encode(errors="replace").decode()))


EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            *("1", '"a"', "true", "null", "[]", "{}", "local.a", "var.b", "x.y.z", "each.key"),
            *("path.module", "local.self", "data.aws_region.r.name", "module.m.o", '"${local.a}"'),
        ]
    ),
    lambda inner: st.one_of(
        st.builds("{}.a".format, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[*].a".format, inner),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["+", "/", "%", "==", "&&", "<"]), inner
        ),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("[for k, v in {} : {}]".format, inner, inner),
        st.builds("{{for v in {} : {} => {}...}}".format, inner, inner, inner),
        st.builds("-({})".format, inner),
        st.builds("!({})".format, inner),
        st.builds('"%{{if {}}}a%{{endif}}"'.format, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(sorted([*HCL_FUNCTIONS, "try", "can", "other"])),
            st.lists(inner, max_size=3).map(", ".join),
        ),
    ),
    max_leaves=10,
)


@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
@FEW
def test_any_expressions(terraform, first, second, third):
    text = f"""
locals {{
  a    = {first}
  self = [{second}]
}}
resource "aws_lambda_function" "f" {{
  for_each = {third}
  filename = {second}
  timeout  = {first}
}}
output "o" {{ value = {third} }}
"""
    survives(lambda: terraform(text))


MODULE = FUNCTION + HTTP_API + REST_API


@given(st.data())
@FEW
def test_a_file_with_anything_changed(terraform, data):
    start = data.draw(st.integers(0, len(MODULE)))
    end = data.draw(st.integers(start, min(len(MODULE), start + 60)))
    new = data.draw(
        st.sampled_from(["", '"', "{", "}", "[", "${", "%{", "<<EOT\n", "=", "5", "/*"])
    )
    survives(lambda: terraform(MODULE[:start] + new + MODULE[end:]))
