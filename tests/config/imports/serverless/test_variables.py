"""Variables of serverless.yml: every source, defaults within defaults, and what never ends."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.cloudformation.intrinsics import TAGS
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.resources import Declared
from frontdesk.config.imports.serverless.variables import Variables
from frontdesk.config.placed import Placed
from frontdesk.config.yaml_source import read_yaml

SERVICE = """
service: clinic
provider: {stage: "${opt:stage, 'dev'}", region: eu-west-1}
custom:
  sizes: {prod: 512, dev: 128}
  list: [a, b]
  names: {table: "${sls:stage}-visits"}
  twice: ${self:custom.names.table}
"""


@pytest.fixture
def resolve(tmp_path):
    def run(text, given=(), environ=()):
        data = f"{SERVICE}it: {text}\n".encode()
        path = tmp_path / "serverless.yml"
        tree, findings = read_yaml(data, str(path), TAGS)
        assert not findings
        service = Placed(tree.value, tree.node)
        declared = Declared(Project(tmp_path))
        variables = Variables(service, dict(given), dict(environ), declared)
        return variables.resolve(service.get("it")), declared.findings

    return run


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${self:service}", "clinic"),
        ("${self:custom.sizes.dev}", 128),
        ("${self:custom.sizes}", {"prod": 512, "dev": 128}),
        ("${self:custom.list.1}", "b"),
        ("${self:custom.names}", {"table": "dev-visits"}),
        ("x-${self:custom.twice}-y", "x-dev-visits-y"),
        ("${self:custom.sizes.${sls:stage}}", 128),
        ("${sls:stage}", "dev"),
        ("${opt:nothing, 'default'}", "default"),
        ('${opt:nothing, "default"}', "default"),
        ("${opt:nothing, self:service}", "clinic"),
        ("${opt:nothing, ${env:NOTHING, 'deep'}}", "deep"),
        ("${opt:nothing, 7}", 7),
        ("${opt:nothing, true}", True),
        ("${opt:nothing, ''}", ""),
        ("${env:HOME_OF}", "here"),
        ("${param:color}", "blue"),
        ("${aws:region}", "eu-west-1"),
        ("${aws:accountId}", "000000000000"),
        ("${ssm:/db/pass}", "${env:DB_PASS}"),
        ("${cf:other.Url}", "given"),
        ("${file(extra.yml):a.b}", 5),
        ("${file(extra.yml)}", {"a": {"b": 5}, "c": "dev"}),
        ("${file(${self:custom.none, 'extra'}.yml):c}", "dev"),
        ("[!Sub 'arn:${AWS::Region}:${Table}:${Table.Arn}:${!x}']", None),
    ],
)
def test_what_a_variable_gives(resolve, tmp_path, text, value):
    (tmp_path / "extra.yml").write_text("a: {b: 5}\nc: ${sls:stage}\n")
    given = {"color": "blue", "cf:other.Url": "given"}
    found, _ = resolve(text, given, {"HOME_OF": "here"})
    if value is None:
        value = [{"Fn::Sub": "arn:${AWS::Region}:${Table}:${Table.Arn}:${!x}"}]
    assert found.value == value


def test_an_option_chooses_the_stage(resolve):
    found, _ = resolve("${self:custom.sizes.${self:provider.stage}}", {"stage": "prod"})
    assert found.value == 512


def test_values_of_another_place_keep_it(resolve, tmp_path):
    (tmp_path / "extra.yml").write_text("a:\n  b: 5\n")
    found, _ = resolve("${file(extra.yml):a}")
    position = found.get("b").position()
    assert (position.file, position.line) == (str(tmp_path / "extra.yml"), 2)


@pytest.mark.parametrize("text", ["${opt:nothing}", "${env:NOTHING}", "${cf:s.X}", "${s3:b/k}"])
def test_what_nobody_can_know_is_asked_for(resolve, text):
    found, (finding,) = resolve(text)
    address = text.strip("${}")
    assert found.value == f"${{input:{address}}}"
    assert finding.hint == f"give it with --set {address}=VALUE"
    assert resolve(text, {address: "given"})[0].value == "given"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${git:sha}", r"this variable is not supported: \$\{git:sha\}"),
        ("x${self:custom.sizes}", "expected a text or number inside this text"),
        ("${self:it}", r"this variable needs itself: \$\{self:it\}"),
        ("{a: '${self:it}'}", r"this variable needs itself: \$\{self:it\}"),
        ("${file(gone.yml)}", "there is no file"),
        ("${file(../outside.yml)}", "is outside of"),
        ("${file(/etc/passwd)}", "is outside of"),
        ('"${file(a\\0b)}"', "null"),
    ],
)
def test_what_cannot_be_known_is_told_at_its_place(resolve, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        resolve(text)
    assert caught.value.findings[0].where.line == SERVICE.count("\n") + 1


@pytest.mark.parametrize("form", ["['{0}', '{0}']", "'{0}{0}'"], ids=["lists", "texts"])
def test_values_that_double_themselves_end(resolve, form):
    steps = {
        f"s{at}": form.format(f"${{self:it.s{at + 1}}}") if at < 30 else "'xxxxxxxx'"
        for at in range(31)
    }
    text = ", ".join(f"{name}: {each}" for name, each in steps.items())
    with pytest.raises(ConfigError, match=r"more than|too long"):
        resolve(f"{{{text}}}")
