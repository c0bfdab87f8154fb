"""docs/openapi.md: its document is served, its tables are true, its commands run."""

import asyncio
import json
import re

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from frontdesk.config.check import check
from frontdesk.config.load import load
from tests.docs.pages import ROOT, codes, documents, examples, spliced, tables
from tests.live.calls import call
from tests.live.gateways import project, serving

FILE = ROOT / "docs" / "openapi.md"
PAGE = FILE.read_text()
WHOLE, BESIDE = examples(FILE)
((NAME, DOCUMENT),) = documents(FILE).items()
BASE_PATHS, READ = tables(PAGE)

MODULES = {
    "books": """
        def listed(event, context):
            return {"statusCode": 200, "body": event["queryStringParameters"]["shelf"]}
    """,
    "cards": """
        def check(event, context):
            if event["authorizationToken"] != "mine":
                raise Exception("Unauthorized")
            statement = {"Action": "*", "Effect": "Allow", "Resource": "*"}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            return {"principalId": "me", "policyDocument": document}
    """,
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """The page's file with its document beside it."""
    (tmp_path / NAME).write_text(DOCUMENT)
    monkeypatch.chdir(tmp_path)
    content = "\n".join(f"{key}: {json.dumps(item)}" for key, item in WHOLE.content.items())
    return project(tmp_path, content, **MODULES)


async def test_the_document_is_served(library):
    async with serving(library) as app:

        def ask(target, **headers):
            return asyncio.to_thread(call, app.addresses[0], "GET", target, headers=headers)

        hours = await ask("/hours")
        books = await ask("/books?shelf=poems", **{"X-Card": "mine"})
        stranger = await ask("/books?shelf=poems", **{"X-Card": "yours"})
        lost = await ask("/books", **{"X-Card": "mine"})
    assert (hours.status, hours.json) == (200, {"open": "9-18"})
    assert (books.status, books.body) == (200, b"poems")
    assert stranger.status == 401
    assert (lost.status, lost.json) == (
        400,
        {"message": "Missing required request parameters: [shelf]"},
    )


def test_nothing_of_it_is_left_out(library):
    loaded = load([library], {})
    assert not [finding for finding in check(loaded) if finding.id.startswith("openapi")]
    assert str(loaded.config.apis["library"].resources["/books"]["GET"].throttle[0].rate) == "50/s"


def test_the_file_wins(library):
    library.write_text(json.dumps(spliced(WHOLE.content, BESIDE)))
    loaded = load([library], {})
    (hours,) = loaded.config.apis["library"].resources["/hours"].values()
    assert hours.integration.request_templates == {"application/json": "{statusCode: 204}"}
    assert [finding.id for finding in check(loaded) if finding.id.startswith("openapi")] == [
        "openapi-overridden"
    ]


@pytest.mark.parametrize(("mode", "path"), BASE_PATHS.rows)
def test_the_table_of_base_paths(library, mode, path):
    operation = {"responses": {}, "x-amazon-apigateway-integration": {"type": "mock"}}
    document = {
        "openapi": "3.0.1",
        "servers": [{"url": "/a/b"}],
        "paths": {"/e": {"get": operation}},
    }
    (library.parent / NAME).write_text(json.dumps(document))
    setting = {"file": NAME, "base_path": codes(mode)[0]}
    library.write_text(json.dumps({"name": "x", "apis": {"a": {"openapi": setting}}}))
    assert list(load([library], {}).config.apis["a"].resources) == codes(path)


def test_its_commands_run(library):
    commands = re.findall(r"^frontdesk (.+)$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        result = CliRunner().invoke(cli, command.split())
        assert result.exit_code == 0, result.output
    assert "apis:" in (library.parent / "keys.yaml").read_text()
