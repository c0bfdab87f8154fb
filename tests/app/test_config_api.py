"""What operators are told of the configuration: as written, without secrets, and what differs from it."""

import asyncio

import orjson
import pytest

from frontdesk.base.errors import StoreError
from tests.live.calls import call
from tests.live.gateways import project, serving

CONFIG = """\
upstreams: {u: {url: "http://127.0.0.1:9", auth: {bearer: {token: literal-secret}}}}
apis:
  a:
    routes:
      GET /x: {mock: {status: 200}, timeout: 3s}
      GET /y: {http: {upstream: u, path: /y}}
"""


@pytest.fixture
async def gateway(tmp_path):
    path = project(tmp_path, CONFIG)
    async with serving(path) as app:

        async def ask(method, target, document=None):
            body = None if document is None else orjson.dumps(document)
            place = str(app.config.admin.listen)
            answer = await asyncio.to_thread(call, place, method, target, body=body)
            return answer.status, answer.json

        yield ask, path


async def test_files_are_told_as_written_with_secrets_masked(gateway):
    ask, path = gateway
    status, told = await ask("GET", "/api/config")
    assert status == 200
    (file,) = told["files"]
    assert file["path"] == str(path)
    assert "GET /x: {mock: {status: 200}, timeout: 3s}" in file["text"]
    assert "literal-secret" not in file["text"]
    assert "token: ***" in file["text"]
    assert (told["differ"], told["restart_to_apply"]) == ([], [])


async def test_what_files_say_otherwise_is_told_before_and_after_a_reload(gateway):
    ask, path = gateway
    path.write_text(path.read_text().replace("3s", "4s") + "workers: 1\nregion: eu-west-1\n")
    assert (await ask("GET", "/api/config"))[1]["differ"] == [str(path)]
    _, told = await ask("GET", "/api/config/changes")
    assert [(each["kind"], each["key"]) for each in told["changes"]] == [
        ("changed", "apis.a.routes.GET /x.timeout"),
        ("added", "workers"),
        ("added", "region"),
    ]
    assert (told["changes"][0]["before"], told["changes"][0]["after"]) == ('"3s"', '"4s"')
    assert (await ask("POST", "/config/reload"))[0] == 200
    assert (await ask("GET", "/api/config"))[1]["differ"] == []
    _, told = await ask("GET", "/api/config/history")
    newest, first = told["versions"]
    assert (newest["by"], newest["changes"], first["by"]) == ("cli", 3, "start")
    _, told = await ask("GET", f"/api/config/changes?version={first['version']}")
    assert told["changes"][0]["after"] == '"3s"'
    assert (await ask("POST", "/config/rollback", {"version": first["version"]}))[0] == 200
    assert (await ask("GET", "/api/config"))[1]["differ"] == [str(path)]


async def test_keys_that_wait_for_a_restart_are_named(gateway):
    ask, path = gateway
    path.write_text(path.read_text().replace("access: off", "access: off, slow: 1s"))
    await ask("POST", "/config/reload")
    assert (await ask("GET", "/api/config"))[1]["restart_to_apply"] == ["logs"]


async def test_findings_are_of_what_runs_or_of_the_files(gateway):
    ask, path = gateway
    _, told = await ask("GET", "/api/check")
    assert (told["of"], told["counts"]["error"]) == ("running", 1)  # a secret is in the file
    path.write_text(path.read_text().replace("timeout: 3s", "timeout: never"))
    _, told = await ask("GET", "/api/check?of=files&severity=error")
    (finding,) = told["findings"]
    assert finding["where"]["path"] == "apis.a.routes.GET /x.timeout"
    assert finding["at"] == f"{path}:{finding['where']['line']}:{finding['where']['column']}"
    assert told["counts"] == {"error": 1, "warning": 0}
    status, told = await ask("GET", "/api/config/changes")
    assert (status, told["message"]) == (422, "the configuration is wrong")


async def test_the_machine_is_looked_at_without_a_second_gateway(gateway):
    ask, _ = gateway
    _, told = await ask("GET", "/api/doctor")
    states = {each["check"]: each["state"] for each in told["checks"]}
    assert states["python"] == "ok"
    assert "gateway" not in states


REFUSED = [
    ("/api/config/changes?version=x", "expected a version such as 7"),
    ("/api/config/changes?version=99", "no such version of the configuration: 99"),
    ("/api/check?of=all", "expected of=running or of=files"),
    ("/api/check?severity=note", "expected severity=error or severity=warning"),
]


async def test_what_cannot_be_told_is_refused(gateway):
    ask, _ = gateway
    for target, message in REFUSED:
        status, told = await ask("GET", target)
        assert (status, told["message"][: len(message)]) == (422, message)
    assert (await ask("POST", "/api/config"))[0] == 405


async def test_a_store_that_cannot_be_read_is_no_fault_of_the_request(gateway, monkeypatch):
    async def unreadable(_self):
        raise StoreError("the disk is gone")

    ask, _ = gateway
    monkeypatch.setattr("frontdesk.app.reloading.Reloads.versions", unreadable)
    status, told = await ask("GET", "/api/config/history")
    assert (status, told["message"]) == (503, "the disk is gone")
