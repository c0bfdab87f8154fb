"""The operator's requests about kept answers."""

import orjson
import pytest

from frontdesk.app.cache_api import CacheApi
from frontdesk.base.errors import StoreError
from frontdesk.config.models.root import Config
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.ports.cache import Stats

CONFIG = Config.model_validate(
    {
        "name": "clinic",
        "apis": {
            "a": {"routes": {"GET /": {"mock": {}}}},
            "b": {"stages": {"prod": {}, "beta": {}}, "routes": {"GET /x": {"mock": {}}}},
        },
    }
)


class Caches:
    def __init__(self, error=None):
        self.flushed = []
        self.error = error

    async def cache_stats(self):
        return Stats(3, 2000, 64000, 1)

    async def flush_cache(self, prefix):
        self.flushed.append(prefix)
        if self.error is not None:
            raise self.error
        return 2


async def ask(caches, path, method="POST", body=b""):
    ex = Exchange()
    ex.path, ex.method, ex.body = path, method, body
    face = CacheApi(caches, lambda: CONFIG)
    assert face.serves(ex)
    reply = face.answer(ex)
    reply = await reply if hasattr(reply, "__await__") else reply
    return reply.status, orjson.loads(reply.body)


async def test_what_is_kept():
    told = {"entries": 3, "bytes": 2000, "max_bytes": 64000, "evictions": 1}
    assert await ask(Caches(), "/cache", "GET") == (200, told)


@pytest.mark.parametrize(
    ("body", "prefix"),
    [
        (b"", ""),
        (b"{}", ""),
        (b'{"api": "a"}', "a\0"),
        (b'{"api": "a", "stage": "$default"}', "a\0$default\0"),
        (b'{"api": "b", "stage": "beta", "route": "GET /x"}', "b\0beta\0GET /x\0"),
        (b'{"api": "a", "route": "GET /"}', "a\0$default\0GET /\0"),
    ],
)
async def test_a_flush_names_how_keys_begin(body, prefix):
    caches = Caches()
    assert await ask(caches, "/cache/flush", body=body) == (200, {"flushed": 2})
    assert caches.flushed == [prefix]


@pytest.mark.parametrize(
    "body",
    [
        b"[",
        b"[]",
        b'{"stage": "b"}',
        b'{"api": 1}',
        b'{"apis": "a"}',
    ],
)
async def test_a_flush_that_cannot_be_understood_drops_nothing(body):
    caches = Caches()
    status, told = await ask(caches, "/cache/flush", body=body)
    assert (status, caches.flushed) == (422, [])
    assert told["message"] == "expected what to flush"


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        (b'{"api": ""}', "there is no such API: ", "there is a, b"),
        (b'{"api": "c"}', "there is no such API: c", "there is a, b"),
        (b'{"api": "b", "stage": "prd"}', "there is no such stage: prd", "did you mean prod?"),
        (
            b'{"api": "a", "route": "GET /y"}',
            "there is no such route: GET /y",
            "did you mean GET /?",
        ),
        (
            b'{"api": "b", "route": "GET /x"}',
            "several stages have this route: prod, beta",
            "say one",
        ),
    ],
)
async def test_a_name_that_the_file_does_not_have_drops_nothing(body, message, hint):
    caches = Caches()
    status, told = await ask(caches, "/cache/flush", body=body)
    assert (status, caches.flushed) == (422, [])
    assert (told["message"], told["hint"]) == (message, hint)


async def test_others_that_cannot_be_told_are_told_of():
    status, told = await ask(Caches(StoreError("Redis is lost")), "/cache/flush")
    assert (status, told["message"]) == (503, "Redis is lost")


@pytest.mark.parametrize(("path", "method"), [("/cache", "POST"), ("/cache/flush", "GET")])
async def test_other_methods_are_refused(path, method):
    assert (await ask(Caches(), path, method))[0] == 405
