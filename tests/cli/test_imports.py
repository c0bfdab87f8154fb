"""`frontdesk import`: what each command prints, where it writes, and how it ends."""

import builtins
import os

import pytest

from frontdesk.cli.main import main
from frontdesk.config.imports.hcl.source import _parser
from frontdesk.config.load import load
from frontdesk.config.yaml_source import read_yaml

TERRAFORM = """
variable "who" {}
resource "aws_lambda_function" "f" {
  function_name = "book-${var.who}"
  filename      = "code"
  handler       = "app.run"
  runtime       = "python3.11"
}
resource "aws_sqs_queue" "q" { name = "q" }
"""
SAM = """
Parameters: {Who: {Type: String}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: !Sub "book-${Who}", CodeUri: code, Handler: app.run, Runtime: python3.11}
  Q: {Type: AWS::SQS::Queue}
"""
SERVERLESS = """
service: shop
provider: {runtime: python3.11}
functions: {f: {name: "book-${opt:who}", handler: app.run}}
resources: {Resources: {Q: {Type: AWS::SQS::Queue}}}
"""
OPENAPI = """
openapi: 3.0.1
info: {title: x, version: "1"}
paths:
  /x: {get: {x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: "{statusCode: 200}"}}}}
"""
KINDS = {
    "terraform": ("main.tf", TERRAFORM, "var.who"),
    "sam": ("template.yaml", SAM, "Who"),
    "serverless": ("serverless.yml", SERVERLESS, "opt:who"),
}


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    """A folder with a file of each kind: the command, and what it has to be given."""
    name, text, address = KINDS[request.param]
    (tmp_path / "code").mkdir()
    (tmp_path / name).write_text(text)
    return request.param, address


def test_it_finds_its_file_here_and_prints_the_result(run, kind):
    command, address = kind
    result = run("import", command, "--set", f"{address}=now", "--name", "mine")
    assert result.exit_code == 0
    content = read_yaml(result.stdout.encode(), "x")[0].value
    assert content["name"] == "mine"
    assert list(content["functions"]) == ["book-now"]
    assert len(content["queues"]) == 1
    assert "import-missing" not in result.stderr


def test_what_is_open_is_told_and_refused_when_it_is_read(run, kind, tmp_path):
    command, address = kind
    result = run("import", command, "-o", "frontdesk.yaml")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert f"nothing here says what {address} is [import-missing]" in result.stderr
    assert f"hint: give it with --set {address}=VALUE" in result.stderr
    assert "wrote frontdesk.yaml" in result.stderr
    assert load([tmp_path / "frontdesk.yaml"], {}).config.functions


def test_an_open_value_is_an_error_of_check(run, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "main.tf").write_text(TERRAFORM.replace('"app.run"', "var.handler"))
    run("import", "terraform", "-o", "frontdesk.yaml")
    result = run("check")
    assert result.exit_code == 1
    assert "an import left this open: var.handler [reference]" in result.stderr
    assert (
        "hint: import again with --set var.handler=VALUE, or write the value here" in result.stderr
    )


@pytest.mark.parametrize("command", ["openapi", "sam", "serverless", "terraform"])
def test_help_tells_what_it_takes_with_an_example(run, command):
    result = run("import", command, "--help")
    assert result.exit_code == 0
    assert f"Example: frontdesk import {command}" in result.stdout
    assert "--output FILE" in result.stdout
    assert ("--set ADDRESS=VALUE" in result.stdout) is (command != "openapi")


@pytest.mark.parametrize("given", ["nothing", "=value", ""])
def test_what_is_no_pair_is_refused(run, kind, given):
    result = run("import", kind[0], "--set", given)
    assert result.exit_code == 2
    assert "expected ADDRESS=VALUE" in result.stderr


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("sam", "."),
        ("serverless", "."),
        ("sam", "gone.yaml"),
        ("terraform", "gone"),
        ("openapi", "."),
    ],
)
def test_a_path_of_the_wrong_kind_is_refused(run, command, argument):
    assert run("import", command, argument).exit_code == 2


def of_main(monkeypatch, capsys, *arguments):
    """Run the whole command line: exit status, and what is told."""
    monkeypatch.setattr("sys.argv", ["frontdesk", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "name", "text", "message"),
    [
        (
            "terraform",
            "main.tf",
            "a = = 1\n",
            "main.tf:1:5: error: cannot read this as Terraform's",
        ),
        ("terraform", "plan.json", "{}", "expected what `terraform show -json` prints"),
        ("terraform", "plan.json", "[", "error: while parsing"),
        ("sam", "t.yaml", "a: b\n", "expected a template with Resources"),
        ("sam", "t.yaml", "a: [\n", "error: while parsing"),
        ("serverless", "s.yml", "a: b\n", "expected a serverless.yml with functions or resources"),
        ("openapi", "api.yaml", "a: [\n", "error: while parsing"),
        ("openapi", "api.yaml", "", "expected an OpenAPI document, with the key openapi"),
    ],
)
def test_what_cannot_be_read_ends_with_its_place(
    monkeypatch, capsys, tmp_path, command, name, text, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    status, told = of_main(monkeypatch, capsys, "import", command, name)
    assert status == 1
    assert message in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "what", "command"),
    [
        (SAM, "a template of SAM or CloudFormation", "sam"),
        (SERVERLESS, "a service of the Serverless Framework", "serverless"),
        ('{"terraform_version": "1.9.0"}', "what Terraform prints", "terraform"),
    ],
    ids=["sam", "serverless", "terraform"],
)
def test_what_is_no_openapi_document_is_told_with_the_import_that_reads_it(
    monkeypatch, capsys, tmp_path, text, what, command
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.yaml").write_text(text.lstrip())
    status, told = of_main(monkeypatch, capsys, "import", "openapi", "file.yaml", "-o", "out")
    assert status == 1
    assert told == (
        f"file.yaml:1:1: error: expected an OpenAPI document, not {what}: file.yaml [openapi]\n"
        f"  hint: `frontdesk import {command} file.yaml` reads it\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(monkeypatch, capsys, tmp_path):
    (tmp_path / "main.tf").write_text(TERRAFORM)
    (tmp_path / "main.tf").chmod(0)
    status, told = of_main(monkeypatch, capsys, "import", "terraform", tmp_path)
    assert (status, "Permission denied" in told) == (1, True)


def test_reading_terraform_without_its_library_says_what_to_install(monkeypatch, capsys, tmp_path):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name.partition(".")[0] == "hcl2":
            raise ModuleNotFoundError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    _parser.cache_clear()
    (tmp_path / "main.tf").write_text(TERRAFORM)
    status, told = of_main(monkeypatch, capsys, "import", "terraform", tmp_path)
    _parser.cache_clear()
    assert status == 1
    assert "pip install 'frontdesk[terraform]'" in told


def test_an_error_in_the_result_is_the_exit_status(run, tmp_path):
    alias = """
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.f.function_name
  function_version = "5"
}
"""
    (tmp_path / "main.tf").write_text(TERRAFORM.replace("${var.who}", "now") + alias)
    result = run("import", "terraform")
    assert result.exit_code == 1
    assert 'error: expected a version of book-now, got "5" [unknown-name]' in result.stderr
    assert "book-now:" in result.stdout


def test_files_of_values_are_given_by_name(run, tmp_path):
    (tmp_path / "main.tf").write_text(TERRAFORM)
    (tmp_path / "prod.values").write_text('who = "prod"\n')
    result = run("import", "terraform", "--var-file", "prod.values")
    assert "book-prod:" in result.stdout


def test_files_outside_are_read_where_the_operator_says_so(run, monkeypatch, capsys, tmp_path):
    folder = tmp_path / "infra"
    folder.mkdir()
    (tmp_path / "who.txt").write_text("beside")
    text = TERRAFORM.replace("${var.who}", '${file("../who.txt")}')
    (folder / "main.tf").write_text(text)
    status, told = of_main(monkeypatch, capsys, "import", "terraform", folder)
    assert status == 1
    assert "who.txt is outside of" in told
    result = run("import", "terraform", folder, "--root", tmp_path)
    assert "book-beside:" in result.stdout


def test_an_openapi_document_is_imported(run, tmp_path):
    (tmp_path / "api.yaml").write_text(OPENAPI)
    result = run("import", "openapi", "api.yaml")
    assert result.exit_code == 0
    assert list(read_yaml(result.stdout.encode(), "x")[0].value["apis"]) == ["api"]
