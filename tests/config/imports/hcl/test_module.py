"""Folders of Terraform files: instances, modules, variables, and what has to be asked for."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.root import read_terraform
from frontdesk.config.imports.resources import MISSING, Declared


@pytest.fixture
def read(tmp_path):
    def read_files(files, given=(), environ=()):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        declared = Declared(Project(tmp_path))
        read_terraform(tmp_path, declared, dict(given), dict(environ))
        return declared

    return read_files


def test_variables_come_from_the_command_line_files_environment_and_defaults(read):
    files = {
        "main.tf": """
          variable "a" { default = "default" }
          variable "b" { default = "default" }
          variable "c" { default = "default" }
          variable "d" { default = "default" }
          resource "x" "y" { all = "${var.a} ${var.b} ${var.c} ${var.d}" }
        """,
        "terraform.tfvars": 'b = "file"\n',
    }
    declared = read(files, {"var.d": "given"}, {"TF_VAR_b": "hidden", "TF_VAR_c": "environment"})
    assert declared.resources[0].values["all"] == "default file environment given"


def test_count_and_for_each_make_instances(read):
    declared = read(
        {
            "main.tf": """
              locals { sizes = { big = 10, small = 1 } }
              resource "x" "many" {
                for_each = local.sizes
                name     = "${each.key}-${each.value}"
              }
              resource "x" "two" {
                count = 2
                name  = "n${count.index}"
              }
              resource "x" "sum" {
                names = [for k, v in x.many : v.name]
                first = x.two[0].id
              }
            """
        }
    )
    values = {each.address: each.values for each in declared.resources}
    assert values['x.many["big"]'] == {"name": "big-10"}
    assert values["x.two[1]"] == {"name": "n1"}
    assert values["x.sum"] == {"names": ["big-10", "small-1"], "first": "x.two[0]"}


def test_blocks_are_lists_and_may_be_dynamic(read):
    declared = read(
        {
            "main.tf": """
              resource "x" "y" {
                set { a = 1 }
                dynamic "set" {
                  for_each = ["p", "q"]
                  content { a = set.value }
                }
                lifecycle { ignore_changes = [name] }
              }
            """
        }
    )
    assert declared.resources[0].values == {"set": [{"a": 1}, {"a": "p"}, {"a": "q"}]}


def test_modules_get_inputs_and_give_outputs(read):
    declared = read(
        {
            "main.tf": """
              module "m" {
                source   = "./inner"
                for_each = toset(["a", "b"])
                name     = each.value
              }
              resource "x" "outer" { said = module.m["a"].told }
            """,
            "inner/main.tf": """
              variable "name" {}
              resource "x" "in" {
                name = "${var.name} in ${path.module}"
              }
              output "told" { value = "${x.in.id} ${x.in.name}" }
            """,
        }
    )
    values = {each.address: each.values for each in declared.resources}
    assert values["x.outer"]["said"] == 'module.m["a"].x.in a in inner'
    assert values['module.m["b"].x.in']["name"] == "b in inner"


def test_what_a_provider_would_tell_is_made_up_or_asked_for(read):
    declared = read(
        {
            "main.tf": """
              data "aws_region" "here" {}
              resource "aws_lambda_function" "f" { function_name = "book" }
              resource "x" "y" {
                region = data.aws_region.here.name
                call   = aws_lambda_function.f.invoke_arn
                pool   = aws_cognito_user_pool.main.id
              }
            """
        },
        {},
    )
    values = declared.resources[1].values
    assert values["region"] == "us-east-1"
    assert values["call"].endswith("function:book/invocations")
    assert values["pool"] == "${input:aws_cognito_user_pool.main.id}"
    (finding,) = declared.findings
    assert (finding.id, finding.where.line) == (MISSING, 7)
    assert finding.hint == "give it with --set aws_cognito_user_pool.main.id=VALUE"


def test_a_module_that_is_not_there_is_told_once_at_its_line(read):
    declared = read({"main.tf": 'module "m" {\n  source = "./gone"\n}\n'})
    (finding,) = declared.findings
    assert finding.message == "module m: there is no folder ./gone"
    assert finding.where.line == 1


@pytest.mark.parametrize(
    "text",
    [
        "locals {\n a = local.b\n b = local.a\n}\nresource x y {\n v = local.a\n}\n",
        'resource "x" "y" {\n a = x.y.b\n b = x.y.a\n}\n',
    ],
    ids=["locals", "attributes"],
)
def test_what_needs_itself_is_an_error(read, text):
    with pytest.raises(ConfigError, match="needs itself"):
        read({"main.tf": text})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("for_each = [1, 2]", "for_each: expected a set of texts, or an object"),
        ('for_each = "abc"', "for_each: expected a list or object to go through"),
        ('count = "many"', "count: expected a whole number"),
        ("count = -1", "count: expected a whole number"),
        ("count = true", "count: expected a whole number"),
        ("count = 100000000", "count: this import takes too much work"),
        ('dynamic "set" {}', "expected for_each in a dynamic block"),
        ('dynamic "set" {\n for_each = 5\n content {}\n }', "for_each: expected a list or object"),
    ],
)  # fmt: skip
def test_instances_that_cannot_be_made_are_told(read, body, message):
    with pytest.raises(ConfigError, match=message):
        read({"main.tf": f'resource "x" "y" {{\n{body}\n}}\n'})


@pytest.mark.parametrize("word", ["for_each", "count"])
def test_nothing_is_made_of_what_is_not_known_yet(read, word):
    text = f"""
      resource "x" "y" {{ {word} = var.open }}
      resource "x" "z" {{ refers = x.y["a"].name }}
    """
    declared = read({"main.tf": text})
    assert [(each.address, each.values) for each in declared.resources] == [
        ("x.z", {"refers": "${input:x.y.a.name}"})
    ]
    assert f"x.y: without its {word} none is made" in [each.message for each in declared.findings]


def test_blocks_of_an_iterator_have_its_name(read):
    declared = read(
        {
            "main.tf": """
              resource "x" "y" {
                dynamic "set" {
                  for_each = {a = 1}
                  iterator = each_one
                  content { pair = "${each_one.key}${each_one.value}" }
                }
                dynamic "none" {
                  for_each = null
                  content {}
                }
              }
            """
        }
    )
    assert declared.resources[0].values == {"set": [{"pair": "a1"}], "none": []}


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": 'module "m" {\n source = "./."\n}\n'},
        {
            "main.tf": 'module "m" {\n source = "./a"\n}\n',
            "a/main.tf": 'module "m" {\n source = "../b"\n}\n',
            "b/main.tf": 'module "m" {\n source = "../a"\n}\n',
        },
    ],
    ids=["itself", "circle"],
)
def test_a_module_that_calls_itself_is_told(read, files):
    with pytest.raises(ConfigError, match="this module calls itself"):
        read(files)


def test_modules_that_multiply_end(read):
    files = {
        f"m{at}/main.tf": "".join(
            f'module "{name}" {{\n source = "../m{at + 1}"\n}}\n' for name in "ab"
        )
        for at in range(20)
    }
    files |= {"main.tf": 'module "m" {\n source = "./m0"\n}\n', "m20/main.tf": ""}
    with pytest.raises(ConfigError, match="takes too much work"):
        read(files)


def test_a_module_outside_of_the_project_is_refused(read, tmp_path):
    with pytest.raises(ConfigError, match=r"is outside of .* --root"):
        read({"main.tf": 'module "m" {\n source = "../"\n}\n'})


@pytest.mark.parametrize(
    "text",
    ["resource {}\n", 'resource "x" {}\n', "variable {}\n", 'module "a" "b" {}\n', "output {}\n"],
)
def test_blocks_without_their_labels_are_told(read, text):
    with pytest.raises(ConfigError, match=r"expected .* with . labels"):
        read({"main.tf": text})


@pytest.mark.parametrize("word", ['"${local.%s}${local.%s}"', "[local.%s, local.%s]"])
def test_values_that_double_themselves_end(read, word):
    steps = "".join(f"  s{at} = {word % ((f's{at + 1}',) * 2)}\n" for at in range(40))
    text = f'locals {{\n{steps}  s40 = "xxxxxxxx"\n}}\nresource "x" "y" {{\n v = local.s0\n}}\n'
    with pytest.raises(ConfigError, match=r"too long|too much work"):
        read({"main.tf": text})


def test_what_is_nested_too_deep_is_told(read):
    steps = "".join(f"  s{at} = local.s{at + 1}\n" for at in range(2000))
    text = f'locals {{\n{steps}  s2000 = 1\n}}\nresource "x" "y" {{\n v = local.s0\n}}\n'
    with pytest.raises(ConfigError, match="nested too deep"):
        read({"main.tf": text})


def test_secrets_are_not_copied(read):
    declared = read(
        {
            "main.tf": """
              resource "aws_ssm_parameter" "p" {
                name  = "/clinic/pass"
                value = "hunter2"
              }
              data "aws_secretsmanager_secret_version" "s" { secret_id = "clinic/db" }
              resource "x" "y" {
                pass = aws_ssm_parameter.p.value
                user = jsondecode(data.aws_secretsmanager_secret_version.s.secret_string)["user"]
              }
            """
        }
    )
    assert declared.resources[1].values == {
        "pass": "${env:CLINIC_PASS}",
        "user": "${env:CLINIC_DB_USER}",
    }
    assert "hunter2" not in str(declared)
    assert [each.hint for each in declared.findings] == [
        "set CLINIC_PASS to it when you start",
        "set CLINIC_DB to it when you start",
    ]


def test_a_whole_resource_as_a_value_is_its_address(read):
    declared = read({"main.tf": 'resource "x" "a" {}\nresource "x" "b" {\n of = [x.a]\n}\n'})
    assert declared.resources[1].values == {"of": ["x.a"]}
