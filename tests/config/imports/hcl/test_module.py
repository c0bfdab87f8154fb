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
