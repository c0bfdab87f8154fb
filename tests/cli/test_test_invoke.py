"""`frontdesk test-invoke`: in a gateway that runs, or alone; what is printed, and the exit status."""

import json
import re

import pytest

from tests.live.calls import free_port
from tests.live.gateways import gateway, project

CONFIG = """
apis:
  pets:
    type: rest
    resources:
      /pets/{id}:
        ANY:
          integration:
            type: mock
            request_templates: {$default: "{statusCode: 200}"}
            responses:
              default:
                templates: {application/json: "$context.httpMethod $input.params('id') $input.params('q') $stageVariables.v"}
      /broken: {GET: {integration: {type: mock}}}
"""


@pytest.fixture
def path(tmp_path):
    return project(tmp_path, CONFIG)


def test_alone_it_prints_each_stage_and_the_answer(run, path):
    done = run("test-invoke", "-c", path, "put", "/pets/7?q=1", "--stage-variable", "v=2")
    assert done.exit_code == 0
    assert " : HTTP Method: PUT, Resource Path: /pets/{id}\n" in done.stdout
    assert " : Successfully completed execution\n" in done.stdout
    assert re.search(r"\n200  \d+ ms\nContent-Type: application/json\n\nPUT 7 1 2\n$", done.stdout)
    assert "the method runs alone" in done.stderr


def test_a_resource_stands_for_itself_and_parameters_may_be_options(run, path):
    done = run("test-invoke", "-c", path, "GET", "/pets/{id}", "--query", "q=a&b", "--json")
    assert json.loads(done.stdout)["body"] == "GET {id} a&b "


@pytest.mark.parametrize("body", [("--body", '{"a": 1}'), ("--body-file", "-")])
def test_a_body_is_text_or_a_file(run, path, body):
    done = run("test-invoke", "-c", path, "POST", "/pets/7", *body, input='{"a": 1}')
    assert 'Method request body before transformations: {"a": 1}\n' in done.stdout


def test_a_failure_of_the_gateway_is_the_commands(run, path):
    done = run("test-invoke", "-c", path, "GET", "/broken")
    assert done.exit_code == 1
    assert "Execution failed due to configuration error: Unable to parse statusCode" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["GET", "/pets/7", "-H", "nothing"], "expected NAME:VALUE, got 'nothing'"),
        (["GET", "/pets/7", "--query", "=x"], "expected NAME=VALUE"),
        (["GET", "/pets/7", "--body-file", "none"], "does not exist"),
    ],
)
def test_bad_arguments_are_told(run, path, arguments, told):
    done = run("test-invoke", "-c", path, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_with_several_rest_apis_one_must_be_said(run, tmp_path):
    path = project(tmp_path, CONFIG + "  dogs: {type: rest, base_path: /dogs}\n")
    done = run("test-invoke", "-c", path, "GET", "/pets/7")
    assert done.exit_code == 2
    assert "say which REST API with --api; this file has: pets, dogs" in done.stderr
    assert run("test-invoke", "-c", path, "GET", "/pets/7", "--api", "pets").exit_code == 0


def test_the_gateway_that_runs_is_asked(run, tmp_path):
    path = project(
        tmp_path, f'admin: {{listen: 127.0.0.1:{free_port()}, token: "${{env:T}}"}}\n{CONFIG}'
    )
    with gateway(path, env={"T": "the-token"}):
        done = run("test-invoke", "-c", path, "GET", "/pets/7", env={"T": "the-token"})
        assert done.exit_code == 0
        assert done.stderr == ""
        done = run("test-invoke", "-c", path, "GET", "/cats", env={"T": "the-token"})
        assert done.exit_code == 1
        assert "refused: no method for this request: GET /cats" in done.stderr
