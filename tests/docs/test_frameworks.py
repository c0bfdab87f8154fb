"""Pages that say what to write in FastAPI, Django and Flask: the frameworks themselves run it."""

import asyncio
import json
import re

import django
import httpx
import pytest
from django.conf import settings
from django.http import JsonResponse
from django.test import RequestFactory
from fastapi import FastAPI
from flask import Flask, request

from frontdesk import records
from frontdesk.client import Client, SyncClient
from tests.docs.pages import ROOT
from tests.live.vendors import vendor


def examples(page):
    """Find the examples of a page by the framework that they are for."""
    text = (ROOT / "docs" / page).read_text()
    return dict(
        re.findall(r"^```python (fastapi|django|flask)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )


def run(page, framework, place, **names):
    """Run an example with an API of ours, or with a store in a folder of ours; return what it leaves."""
    code = examples(page)[framework].replace("https://api.example.com", place)
    code = code.replace("sqlite:///tmp", f"sqlite://{place}")
    exec(compile(code, f"{page}:{framework}", "exec"), names)
    return names


# -- the plain client: a GET of /rates ------------------------------------------------------------------


async def by_fastapi(url):
    app = FastAPI()
    names = run("client.md", "fastapi", url, app=app, Client=Client)
    transport = httpx.ASGITransport(app)
    async with names["rates"], httpx.AsyncClient(transport=transport, base_url="http://a") as asker:
        answer = await asker.get("/rates")
    return answer.status_code, answer.json()


def _set_up_django():
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["testserver"], USE_TZ=True)
        django.setup()


def _ask_django(url):
    _set_up_django()
    names = run("client.md", "django", url, SyncClient=SyncClient, JsonResponse=JsonResponse)
    with names["rates"]:
        answer = names["show"](RequestFactory().get("/rates"))
    return answer.status_code, json.loads(answer.content)


def _ask_flask(url):
    app = Flask("rates")
    names = run("client.md", "flask", url, app=app, SyncClient=SyncClient)
    with names["rates"]:
        answer = app.test_client().get("/rates")
    return answer.status_code, answer.get_json()


CLIENTS = {
    "fastapi": by_fastapi,
    "django": lambda url: asyncio.to_thread(_ask_django, url),
    "flask": lambda url: asyncio.to_thread(_ask_flask, url),
}


@pytest.mark.parametrize("framework", CLIENTS)
async def test_frameworks_call_others(framework):
    async with vendor(lambda _: {"rates": [1]}) as api:
        assert await CLIENTS[framework](api.url) == (200, {"rates": [1]})


@pytest.mark.parametrize("framework", CLIENTS)
async def test_frameworks_answer_with_the_fallback(framework):
    async with vendor(lambda _: (501, {}, b"")) as api:
        assert await CLIENTS[framework](api.url) == (200, {"rates": []})


# -- records: results of two payments of order 7 --------------------------------------------------------

RESULTS = [{"status": "failed"}, {"status": "failed"}, {"status": "succeeded"}]


async def record_by_fastapi(folder):
    app = FastAPI()
    run("records.md", "fastapi", folder, app=app, records=records)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as asker:
        return [(await asker.put("/payments/7", json=one)).json() for one in RESULTS]


def _record_by_django(folder):
    _set_up_django()
    known = {"records": records, "json": json, "JsonResponse": JsonResponse}
    view = run("records.md", "django", folder, **known)["record"]
    asked = [
        RequestFactory().put("/payments/7", json.dumps(one), content_type="application/json")
        for one in RESULTS
    ]
    return [json.loads(view(one, "7").content) for one in asked]


def _record_by_flask(folder):
    app = Flask("payments")
    run("records.md", "flask", folder, app=app, records=records, request=request)
    asker = app.test_client()
    return [asker.put("/payments/7", json=one).get_json() for one in RESULTS]


RECORDERS = {
    "fastapi": record_by_fastapi,
    "django": lambda folder: asyncio.to_thread(_record_by_django, folder),
    "flask": lambda folder: asyncio.to_thread(_record_by_flask, folder),
}


@pytest.mark.parametrize("framework", RECORDERS)
async def test_frameworks_record_results(framework, tmp_path):
    told = await RECORDERS[framework](str(tmp_path))
    assert told == [{"version": 1}, {"version": None}, {"version": 2}]
