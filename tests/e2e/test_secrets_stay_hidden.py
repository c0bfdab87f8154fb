"""A secret in every place that a file has for one, and everything that a run writes searched for it."""

import base64
import os
import sqlite3
from contextlib import closing
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from click.testing import CliRunner

from frontdesk.base.errors import FrontdeskError
from frontdesk.cli.main import cli
from tests.live.calls import free_port
from tests.live.gateways import gateway, project
from tests.live.processes import until

VALUE = "hunter2:hunter2/hunter2+hunter2"
NEXT = "correct-horse-battery-staple"

FILE = """
admin: {listen: "127.0.0.1:%d", token: "${secret:admin}"}
logs: {access: {path: access.log, format: json}, level: debug}
functions:
  f: {handler: code.f, environment: {KEY: "${secret:vendor}", MIXED: "key=${ssm:/vendor};"}}
  away: {url: "https://127.0.0.1:1/2015-03-31/functions/x/invocations", auth: {sigv4: {access_key_id: AKIDEXAMPLE, secret_access_key: "${secret:vendor}", region: us-east-1}}}
upstreams:
  vendor: {url: "http://127.0.0.1:1", auth: {bearer: {token: "${secretsmanager:vendor}"}}}
authorizers:
  partner: {type: api_key, keys: {one: "${secret:vendor}"}}
apis:
  a:
    stage: {variables: {KEY: "${secret:plain}"}}
    routes:
      GET /f: {function: f}
      GET /away: {function: away}
      GET /vendor: {http: {upstream: vendor, path: /x}}
      GET /key: {mock: {body: ok}, authorizer: partner}
"""
CODE = """
import os
def f(event, context):
    if "fail" in event["rawQueryString"]:
        raise RuntimeError("no luck")
    return os.environ["KEY"] == event["headers"].get("x-expected")
"""


def shapes(value):
    """Every way in which a text may have been written down."""
    data = value.encode()
    yield from (data, base64.b64encode(data), data.hex().encode(), quote(value, safe="").encode())
    yield base64.b64encode(f"{value}\n".encode())[:-4]


def written(folder):
    """Read all files of a folder, and what SQLite has in its pages."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    with closing(sqlite3.connect(folder / ".frontdesk" / "frontdesk.db")) as database:
        yield "dump", "\n".join(database.iterdump()).encode()


@pytest.mark.slow
def test_no_value_is_written_anywhere(tmp_path):
    admin = free_port()
    path = project(tmp_path, FILE % admin, code=CODE)
    said = []

    def command(*arguments, **keywords):
        done = CliRunner().invoke(cli, [str(each) for each in arguments], **keywords)
        said.append((" ".join(map(str, arguments)), (done.output + repr(done.exception)).encode()))
        assert done.exception is None or isinstance(done.exception, SystemExit | FrontdeskError)
        return done

    def put(name, value):
        assert command("secrets", "set", "-c", path, name, input=value).exit_code == 0

    put("admin", "t0ken")
    for name in ("vendor", "plain", "/vendor"):
        put(name, VALUE)
    with gateway(path) as running:
        expected = {"X-Expected": VALUE}
        assert running.call("GET", "/f", headers=expected).json is True
        targets = ("/f?fail", "/away", "/vendor", "/key")
        for target in targets:
            running.call("GET", target)
        assert running.call("GET", "/key", headers={"X-Api-Key": VALUE}).status == 200
        put("vendor", NEXT)
        put("/vendor", NEXT)
        until(lambda: running.call("GET", "/f", headers={"X-Expected": NEXT}).json is True)
        for arguments in (
            ("check",),
            ("routes",),
            ("explain", "GET", f"http://{running.address}/key"),
            ("explain", "GET", f"http://{running.address}/vendor"),
            ("history",),
            ("history", "1"),
            ("diff",),
            ("doctor",),
            ("secrets", "list"),
            ("secrets", "show", "vendor"),
            ("secrets", "versions", "vendor"),
            ("export", "openapi", "a"),
            ("logs", "f"),
        ):
            command(*arguments, "-c", path)
        path.write_text(
            path.read_text().replace("/vendor};", "/vendor}; changed").replace("no luck", "x")
        )
        command("diff", "-c", path)
        command("reload", "-c", path)
        path.write_text(path.read_text().replace("GET /f:", "GET /f: {functon: f}\n      GET /g:"))
        command("reload", "-c", path)
        command("check", "-c", path)
        client = boto3.client(
            "secretsmanager",
            endpoint_url=f"http://127.0.0.1:{admin}",
            region_name="us-east-1",
            aws_access_key_id="frontdesk",
            aws_secret_access_key="t0ken",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        with closing(client):
            for members in ({"Name": "vendor"}, {"Name": "a b"}, {"Name": "x", "KmsKeyId": 1}):
                with pytest.raises(ClientError) as caught:
                    client.create_secret(**members, SecretString=VALUE)
                said.append(("wire", str(caught.value).encode()))
        command("secrets", "rotate-key", "-c", path)
        running.process.signal(15)
        running.process.wait()
        said += [
            ("stdout", running.process.stdout.encode()),
            ("stderr", running.process.stderr.encode()),
        ]
    found = [*said, *written(tmp_path)]
    for value in (VALUE, NEXT):
        for shape in shapes(value):
            assert [name for name, data in found if shape in data] == []
    assert any(name == "access.log" for name, _ in found)
    assert any(b"reloaded" in data for _, data in found)
    assert (tmp_path / ".frontdesk" / "secret.key").stat().st_uid == os.getuid()
