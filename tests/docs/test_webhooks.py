"""docs/webhooks.md: its examples run with the frameworks themselves, its tables are the code's."""

import json
import re
import shlex
from functools import lru_cache
from urllib.request import urlopen

import django
import httpx
import pytest
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.test import RequestFactory
from django.views.decorators.csrf import csrf_exempt
from fastapi import FastAPI, Request
from fastapi import Response as FastapiResponse
from flask import Flask
from flask import Response as FlaskResponse
from flask import request as flask_request

from frontdesk import webhooks
from frontdesk.rules.webhooks.schemes import ALIASES
from tests.docs.pages import ROOT, codes, tables
from tests.rules.webhooks.senders import SENDERS

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
EXAMPLES = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SECRETS = ["whsec_new", "whsec_old"]
BODY = b'{"id": "evt_1", "type": "invoice.paid", "amount": 1.0}'


def run(name, **names):
    """Run an example of the page; return what it leaves."""
    scope = {"webhooks": webhooks, "SECRETS": SECRETS, **names}
    exec(compile(EXAMPLES[name], f"webhooks.md:{name}", "exec"), scope)
    return scope


async def ask_fastapi(name, headers, body):
    app = FastAPI()
    run(name, app=app, Request=Request, Response=FastapiResponse)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
        answer = await client.post("/hooks/stripe", content=body, headers=headers)
    return answer.status_code, answer.json()


async def ask_flask(headers, body):
    app = Flask("hooks")
    run("flask", app=app, request=flask_request, Response=FlaskResponse)
    answer = app.test_client().post("/hooks/stripe", data=body, headers=headers)
    return answer.status_code, answer.get_json()


async def ask_django(headers, body):
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["testserver"], USE_TZ=True)
        django.setup()
    names = {"HttpResponse": HttpResponse, "JsonResponse": JsonResponse}
    view = run("django", csrf_exempt=csrf_exempt, **names)["on_stripe"]
    request = RequestFactory().post(
        "/hooks/stripe", body, content_type="application/json", headers=headers
    )
    answer = view(request)
    return answer.status_code, json.loads(answer.content)


FRAMEWORKS = {
    "fastapi": lambda *given: ask_fastapi("fastapi", *given),
    "fastapi-handler": lambda *given: ask_fastapi("handler", *given),
    "flask": ask_flask,
    "django": ask_django,
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_frameworks_get_what_is_signed(framework):
    signed = webhooks.sign("stripe", BODY, "whsec_old")
    answer = await FRAMEWORKS[framework](signed.headers, BODY)
    assert answer == (200, {"received": "invoice.paid"})


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("body", [BODY + b"\n", json.dumps(json.loads(BODY)).encode()[:-1], b""])
async def test_frameworks_refuse_what_is_not(framework, body):
    signed = webhooks.sign("stripe", BODY, "whsec_old")
    answer = await FRAMEWORKS[framework](signed.headers, body)
    assert answer == (401, {"message": "Invalid webhook signature"})


def test_the_example_of_a_scheme_verifies():
    scheme = {"headers": {}, "body": b'{"event":{"id":"e1"}}'}
    with pytest.raises(webhooks.WebhookError):
        run("custom", **scheme)
    acme = webhooks.custom_scheme(
        signature="X-Acme-Signature", template="{timestamp}:{body}", prefix="sha512=",
        algorithm="sha512", encoding="base64", timestamp="header.X-Acme-Time", unit="ms",
    )  # fmt: skip
    headers = webhooks.sign(acme, scheme["body"], "secret").headers
    assert len(headers["X-Acme-Time"]) == 13
    assert run("custom", **scheme | {"headers": headers})["event"].id == "e1"


def test_the_example_of_certificates_verifies(tmp_path):
    sender = next(one for one in SENDERS if one.scheme == "paypal")
    signed = sender.sign(name="8PT597110X687430LKGECATA")
    (tmp_path / "chain.pem").write_bytes(sender.certificate)
    fetched = []

    def fetch(url, timeout):
        fetched.append(url)
        return urlopen((tmp_path / "chain.pem").as_uri(), timeout=timeout)

    names = {"headers": signed.headers, "body": signed.body, "lru_cache": lru_cache}
    event = run("certificates", urlopen=fetch, **names)["event"]
    assert event.scheme == "paypal"
    assert fetched == [sender.says["certificate_url"]]


def test_the_example_of_a_handshake_answers():
    body = b'{"type":"url_verification","challenge":"c"}'
    headers = webhooks.sign("slack", body, "secret").headers
    left = run("handshake", headers=headers, body=body, url="https://a.example/")
    assert (left["status"], left["body"]) == (200, b"c")


def test_the_example_of_signing_posts():
    posted = {}

    class Client:
        @staticmethod
        def post(url, content, headers):
            posted.update(headers=headers, content=content)

    run("sign", httpx=Client)
    for secret in ("whsec_" + "a" * 32, "whsec_" + "b" * 32):
        event = webhooks.verify("standard-webhooks", posted["headers"], posted["content"], secret)
        assert event.type == "order.paid"


def test_the_command_finds_the_line_end(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from frontdesk.cli.main import cli

    command = re.search(r"^\$ frontdesk (hook verify .*)$", PAGE, re.MULTILINE)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("whsec_x\n")
    (tmp_path / "event.json").write_bytes(BODY + b"\n")
    made = webhooks.sign("stripe", BODY, "whsec_x", now=1_795_000_000).headers["Stripe-Signature"]
    shown = re.search(r"v1=[0-9a-f]{64}", command)[0]
    command = command.replace(shown, made.partition(",")[2])
    result = CliRunner().invoke(cli, shlex.split(command))
    assert result.exit_code == 1
    assert "hint: it fits the body without the line end behind it" in result.stderr


def test_the_table_of_schemes_is_the_codes():
    table = next(one for one in tables(PAGE) if one.head[:2] == ["Scheme", "Reads"])
    assert [row[0] for row in table.rows] == [f"`{name}`" for name in webhooks.SCHEMES]
    for cells, row in zip(table.rows, webhooks.SCHEMES.values(), strict=True):
        assert codes(cells[1]) == list(row.form.reads)
        assert cells[2].replace("&#124;", "|") == row.form.covers
        assert cells[3] == ("none" if row.tolerance is None else f"{row.tolerance:g} s")
        assert codes(cells[4]) == [str(one) for one in ((row.items,) if row.items else row.id)]


def test_other_names_are_told():
    told = next(line for line in PAGE.splitlines() if line.startswith("Other names for rows"))
    assert sorted(codes(told)) == sorted({*ALIASES, *ALIASES.values()})


def test_handshakes_reasons_and_fields_are_the_codes():
    found = {
        one.head[0]: [name for row in one.rows for name in codes(row[0])] for one in tables(PAGE)
    }
    assert sorted(found["Vendor"]) == sorted(webhooks.HANDSHAKES)
    assert found["Reason"] == [reason.value for reason in webhooks.Reason]
    assert sorted(found["Field"]) == sorted(webhooks.Event.__slots__)


def test_names_of_the_module_are_told():
    untold = [name for name in webhooks.__all__ if name not in PAGE]
    assert untold == ["HANDSHAKES", "SCHEMES"]  # told as tables
