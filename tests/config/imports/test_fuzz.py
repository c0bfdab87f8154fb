"""Whatever stands in a file: an import gives a result or a ConfigError, soon."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports import importing
from frontdesk.config.imports.cloudformation.intrinsics import FUNCTIONS, TAGS
from frontdesk.config.imports.cloudformation.reading import TYPES as TEMPLATE_TYPES
from frontdesk.config.imports.cloudformation.sam import read_sam_tree
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.functions import FUNCTIONS as HCL_FUNCTIONS
from frontdesk.config.imports.resources import Declared
from frontdesk.config.imports.serverless.service import read_service
from frontdesk.config.placed import Placed, planted
from frontdesk.config.yaml_source import read_yaml
from frontdesk.config.yaml_text import write_yaml
from tests.config.imports.cloudformation import test_reading, test_sam
from tests.config.imports.serverless import test_service
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
    """Run an import: what it makes can be written, and what is wrong has a place."""
    try:
        imported = run()
    except ConfigError as error:
        findings = error.findings
    else:
        findings = imported.findings
        assert write_yaml(imported.content)
    assert all(finding.message and finding.where.line >= 1 for finding in findings)


GOOD = {
    "a REST API": (test_reading.REST_API, read_sam_tree),
    "an HTTP API": (test_reading.HTTP_API, read_sam_tree),
    "a REST API of SAM": (test_sam.REST_API, read_sam_tree),
    "an HTTP API of SAM": (test_sam.HTTP_API, read_sam_tree),
    "a REST API of Serverless": (test_service.REST, read_service),
    "an HTTP API of Serverless": (test_service.HTTP, read_service),
}


def changes(value):
    """Go through a value with each of its parts, in turn, replaced by some of another form."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from ({**value, key: other} for other in changes(each))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in changes(each))
    yield from ("x", 5, [5], {"a": 5}, None, {"a": {"b": [5]}})


@pytest.mark.parametrize("name", GOOD)
def test_each_value_of_a_good_template_may_have_any_form(tmp_path, name):
    text, read = GOOD[name]
    path = tmp_path / "template.yaml"
    tree, findings = read_yaml(text.encode(), str(path), TAGS)
    assert not findings

    def run(value):
        declared = Declared(Project(tmp_path))
        read(Placed(*planted(value, tree.node)), {}, declared)
        return importing.import_resources(declared, "x", path, {})

    assert run(tree.value).content["apis"]
    for value in changes(tree.value):
        if isinstance(value, dict):  # the top of a file is a mapping
            survives(lambda value=value: run(value))


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
