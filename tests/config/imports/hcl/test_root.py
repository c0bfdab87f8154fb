"""The root module: where variables come from, how their texts are read, and which files are theirs."""

import pytest

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.root import read_terraform
from frontdesk.config.imports.resources import Declared

MAIN = """
variable "v" {
  type    = string
  default = "default"
}
resource "x" "y" { v = var.v }
"""


def values(folder, given=(), environ=(), var_files=()):
    declared = Declared(Project(folder))
    read_terraform(folder, declared, dict(given), dict(environ), var_files)
    return declared.resources[0].values


def test_later_sources_of_a_variable_win(tmp_path):
    (tmp_path / "main.tf").write_text(MAIN)
    assert values(tmp_path)["v"] == "default"
    assert values(tmp_path, environ={"TF_VAR_v": "environment"})["v"] == "environment"
    for name, text in (
        ("terraform.tfvars", 'v = "tfvars"'),
        ("terraform.tfvars.json", '{"v": "json"}'),
        ("a.auto.tfvars", 'v = "auto"'),
        ("b.auto.tfvars.json", '{"v": "auto json"}'),
    ):
        (tmp_path / name).write_text(f"{text}\n")
        assert values(tmp_path, environ={"TF_VAR_v": "environment"})["v"] in text
    (tmp_path / "prod.tfvars").write_text('v = "prod"\n')
    var_files = [tmp_path / "prod.tfvars"]
    assert values(tmp_path, var_files=var_files)["v"] == "prod"
    assert values(tmp_path, {"var.v": "given"}, var_files=var_files)["v"] == "given"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "5", "5"),
        ("any", "[1]", "[1]"),
        ("number", "5", 5),
        ("bool", "true", True),
        ("list(string)", '["a", "b"]', ["a", "b"]),
        ("map(number)", "{a = 1}", {"a": 1}),
    ],
)
def test_texts_of_variables_are_read_as_their_type_says(tmp_path, kind, text, value):
    (tmp_path / "main.tf").write_text(MAIN.replace("string", kind))
    assert values(tmp_path, {"var.v": text})["v"] == value
    assert values(tmp_path, environ={"TF_VAR_v": text})["v"] == value


def test_values_with_names_in_them_are_refused(tmp_path):
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "terraform.tfvars").write_text("v = var.other\n")
    with pytest.raises(ConfigError, match="expected a value, got the name var"):
        values(tmp_path)


def test_a_folder_of_a_module_has_no_files_of_values(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "main.tf").write_text('module "m" {\n  source = "./inner"\n  v = "given"\n}\n')
    (tmp_path / "inner" / "main.tf").write_text(MAIN)
    (tmp_path / "inner" / "terraform.tfvars").write_text('v = "wrong"\n')
    assert values(tmp_path)["v"] == "given"


def test_one_file_is_read_alone(tmp_path):
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "other.tf").write_text('resource "x" "other" {}\n')
    declared = Declared(Project(tmp_path))
    read_terraform(tmp_path / "main.tf", declared, {}, {})
    assert [each.address for each in declared.resources] == ["x.y"]


def test_a_folder_without_terraform_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"expected \.tf files in this folder"):
        read_terraform(tmp_path, Declared(Project(tmp_path)), {}, {})


def test_the_json_form_of_the_language_is_told_of(tmp_path):
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "more.tf.json").write_text("{}")
    declared = Declared(Project(tmp_path))
    read_terraform(tmp_path, declared, {"var.v": "a"}, {})
    (finding,) = declared.findings
    assert finding.message == "the JSON form of Terraform's language is not read"
    assert finding.where.file == str(tmp_path / "more.tf.json")
