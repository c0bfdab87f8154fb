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
from flask import Flask

from frontdesk.client import Client, SyncClient
from tests.docs.pages import ROOT
from tests.live.vendors import vendor


def examples(page):
    """Find the examples of a page by the framework that they are for."""
    text = (ROOT / "docs" / page).read_text()
    return dict(
        re.findall(r"^```python (fastapi|django|flask)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )


def run(page, framework, url, **names):
    """Run an example; return what it leaves."""
    code = examples(page)[framework].replace("https://api.example.com", url)
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


def _ask_django(url):
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["testserver"], USE_TZ=True)
        django.setup()
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
