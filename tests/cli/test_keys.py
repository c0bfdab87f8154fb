"""`frontdesk keys` beside a running gateway: what it prints, and how it says no."""

import csv
import io
import json

import pytest

from frontdesk.config.load import load
from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project

CONFIG = """
admin: {listen: "127.0.0.1:%d", token: "${env:ADMIN}"}
plans:
  small: {apis: partners, quota: 5/d}
  large: {apis: partners}
keys:
  desk: {plan: large, value: "${env:DESK}"}
apis:
  partners:
    type: rest
    resources:
      /slots: {GET: {api_key: true, integration: {type: mock, request_templates: {application/json: '{"statusCode": 200}'}, responses: {default: {status: 200}}}}}
"""
SECRETS = {"ADMIN": "t0ken-of-the-operator", "DESK": "desk-key-0123456789abcdef"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    path = project(tmp_path_factory.mktemp("keys"), CONFIG % free_port())
    with gateway(path, env=SECRETS) as running:
        yield running


@pytest.fixture
def keys(run, running, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def keys(*arguments):
        return run("keys", *arguments[:1], "-c", running.folder / "frontdesk.yaml", *arguments[1:])

    return keys


def status(running, value):
    return running.call("GET", "/slots", headers={"X-Api-Key": value}).status


def test_the_key_alone_is_on_standard_output(keys, running):
    made = keys("create", "alone", "--plan", "small", "--description", "a desk")
    assert made.exit_code == 0, made.stderr
    (value,) = made.stdout.split()
    assert status(running, value) == 200
    shown = keys("show", "alone")
    assert "a desk" in shown.stdout
    assert value not in shown.stdout + keys("list", "--format", "json").stdout


def test_a_rest_api_answers_in_its_own_words(running):
    refused = running.call("GET", "/slots")
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})
    assert refused.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_a_quota_that_is_used_up_is_told_by_a_rest_api_and_in_the_report(keys, running):
    value = keys("create", "busy", "--plan", "small").stdout.strip()
    answers = [running.call("GET", "/slots", headers={"X-Api-Key": value}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json == {"message": "Limit Exceeded"}
    assert answers[-1].headers["x-amzn-ErrorType"] == "LimitExceededException"
    (row,) = json.loads(keys("usage", "busy", "--format", "json").stdout)
    assert (row["requests"], row["remaining"], row["plan"]) == (5, 0, "small")
    (told,) = csv.DictReader(io.StringIO(keys("usage", "busy", "--format", "csv").stdout))
    assert (told["requests"], told["remaining"], told["name"]) == ("5", "0", "busy")
    assert json.loads(keys("usage", "busy", "--plan", "large", "--format", "json").stdout) == []


def test_a_key_is_revoked_and_enabled(keys, running):
    value = keys("create", "a b", "--plan", "large").stdout.strip()
    assert keys("revoke", "a b").exit_code == 0
    assert status(running, value) == 403
    assert keys("enable", "a b").exit_code == 0
    assert status(running, value) == 200


def test_keys_are_imported_from_a_file(keys, running, tmp_path):
    file = tmp_path / "keys.csv"
    file.write_text(
        "name,key,description,enabled,usageplanIds\n"
        "old_a,old-key-a-0123456789,first,true,p1\n"
        "old_b,old-key-b-0123456789,second,false,large\n"
    )
    done = keys("import", str(file), "--plan", "p1=small")
    assert (done.exit_code, done.stderr) == (0, "keys imported: 2\n")
    assert [status(running, f"old-key-{each}-0123456789") for each in "ab"] == [200, 403]
    again = keys("import", str(file), "--plan", "p1=small")
    assert (again.exit_code, again.stderr.splitlines()[0]) == (
        1,
        "refused: there is a key of this name: old_a",
    )


def test_a_wrong_file_is_told_by_its_lines_and_imports_nothing(keys, tmp_path):
    file = tmp_path / "keys.csv"
    file.write_text("name,key,usageplanIds\ngood,good-key-0123456789abc,large\nbad,,large\n")
    done = keys("import", str(file))
    assert (done.exit_code, done.stderr) == (1, f"{file}:3: no key\n")
    assert keys("show", "good").exit_code == 1
    file.write_bytes(b"name,key\n\xff\xfe,x\n")
    assert "expected a text in UTF-8" in keys("import", str(file)).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x", "--plan", "smal"), "refused: there is no such plan: smal"),
        (("revoke", "nobody"), "refused: there is no such key: nobody"),
        (("revoke", "desk"), "refused: this key is in the file: desk"),
        (("usage", "--from", "soon"), "refused: expected a day such as 2026-11-21: soon"),
    ],
)
def test_a_refusal_is_one_line_and_an_exit_code(keys, arguments, said):
    done = keys(*arguments)
    assert (done.exit_code, done.stderr.splitlines()[0]) == (1, said)


def test_the_api_needs_the_operators_token(running):
    admin = load([running.folder / "frontdesk.yaml"], SECRETS).config.admin
    for target in ("/api/keys", "/api/keys/desk", "/api/usage"):
        assert call(admin.listen, "GET", target).status == 401
