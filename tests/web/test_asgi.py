"""The bridge to ASGI: whole answers, answers that come bit by bit, applications that fail or are left alone."""

import asyncio

import pytest

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.web.asgi import respond


def exchange(method="GET", path="/console/x", query="a=b", body=b"", **headers):
    ex = Exchange(method=method, path=path, raw_path=path, query=query, body=body)
    ex.headers = {name.encode(): value.encode() for name, value in headers.items()}
    ex.client_ip = "192.0.2.1"
    return ex


class Taker:
    def __init__(self):
        self.data, self.ended, self.aborted = b"", asyncio.Event(), asyncio.Event()

    def write(self, data):
        self.data += data

    def end(self, trailers=None):
        self.ended.set()

    def abort(self, reason):
        self.aborted.set()


def start(status=200, *headers):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data, *, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


async def test_an_application_sees_the_request_and_answers_whole():
    async def application(scope, receive, send):
        asked = await receive()
        told = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} ".encode()
        await send(start(201, (b"x-a", b"1"), (b"content-length", b"9")))
        await send(body(told + asked["body"] + scope["headers"][0][1]))

    reply = await respond(application, exchange("POST", body=b"given ", host="h"))
    assert (reply.status, reply.fields) == (201, [(b"x-a", b"1")])
    assert reply.body == b"POST /console/x?a=b given h"


async def test_an_application_sees_the_path_as_it_was_meant():
    async def application(scope, _receive, send):
        await send(start(200))
        await send(body(scope["path"].encode() + b" " + scope["raw_path"]))

    reply = await respond(application, exchange(path="/console/a%20b%3D"))
    assert reply.body == b"/console/a b= /console/a%20b%3D"


async def test_an_answer_that_comes_bit_by_bit_waits_for_its_reader():
    let = asyncio.Event()

    async def application(_scope, _receive, send):
        await send(start())
        await send(body(b"one ", more=True))
        await let.wait()
        await send(body(b"two ", more=True))
        await send(body(b"three"))

    reply = await respond(application, exchange())
    taker = Taker()
    reply.body.attach(taker)
    assert taker.data == b"one "
    reply.body.pause()
    let.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert taker.data == b"one "
    reply.body.resume()
    await taker.ended.wait()
    assert taker.data == b"one two three"


async def test_a_reader_who_leaves_ends_the_application():
    over = asyncio.Event()

    async def application(_scope, _receive, send):
        await send(start())
        try:
            await send(body(b"one", more=True))
            await asyncio.Event().wait()
        finally:
            over.set()

    reply = await respond(application, exchange())
    reply.body.attach(Taker())
    reply.body.cancel()
    await over.wait()


@pytest.mark.parametrize("after_head", [False, True])
async def test_an_application_that_fails_is_a_500(after_head, caplog):
    async def application(_scope, _receive, send):
        if after_head:
            await send(start())
        raise ValueError("a page's own fault")

    assert (await respond(application, exchange())).status == 500
    assert "a page failed" in caplog.text


async def test_an_application_that_fails_on_the_way_breaks_its_answer_off(caplog):
    async def application(_scope, _receive, send):
        await send(start())
        await send(body(b"one", more=True))
        await asyncio.sleep(0)
        raise ValueError("a page's own fault")

    reply = await respond(application, exchange())
    taker = Taker()
    reply.body.attach(taker)
    await taker.aborted.wait()
    assert not taker.ended.is_set()
