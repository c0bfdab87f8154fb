"""Access tokens: what an endpoint's answer says, and who fetches when."""

import asyncio

import pytest

from frontdesk.client.tokens import Token, TokenError, Tokens, read_token


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"access_token":"a","expires_in":60}', Token("a", 60)),
        (b'{"access_token":"a"}', Token("a", 3600.0)),
        (b'{"access_token":"a","expires_in":"60"}', Token("a", 3600.0)),
        (b'{"access_token":"a","expires_in":-1}', Token("a", 3600.0)),
    ],
)
def test_tokens(body, token):
    assert read_token(200, body) == token


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"access_token":7}'),
        (200, '{"access_token":"é"}'.encode()),
        (200, b'{"access_token":"a\\r\\nX: y"}'),
        (401, b'{"access_token":"s3cret"}'),
        (400, b'{"error":"invalid_client"}'),
    ],
)
def test_no_tokens(status, body):
    with pytest.raises(TokenError, match=f"answered {status}") as caught:
        read_token(status, body)
    assert caught.value.status == status
    assert "s3cret" not in str(caught.value)


class Endpoint:
    def __init__(self):
        self.asked = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error = None

    async def fetch(self):
        self.asked += 1
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return Token(f"token-{self.asked}", 100.0)


@pytest.fixture
def endpoint():
    return Endpoint()


@pytest.fixture
def tokens(endpoint, clock):
    return Tokens(endpoint.fetch, clock.monotonic)


async def test_all_who_wait_get_one_token(tokens, endpoint):
    endpoint.go.clear()
    waiting = [asyncio.create_task(tokens.get()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    endpoint.go.set()
    assert await asyncio.gather(*waiting[1:]) == ["token-1"] * 2
    assert (tokens.held, endpoint.asked) == ("token-1", 1)


async def test_a_token_is_used_until_shortly_before_its_end(tokens, clock):
    await tokens.get()
    clock.pass_time(89)
    assert tokens.held == "token-1"
    clock.pass_time(2)
    assert tokens.held == ""
    assert await tokens.get() == "token-2"


async def test_a_refused_token_is_used_no_more(tokens):
    await tokens.get()
    tokens.refuse("an older one")
    assert tokens.held == "token-1"
    tokens.refuse("token-1")
    assert await tokens.get() == "token-2"


async def test_a_failure_is_told_to_all_and_forgotten(tokens, endpoint):
    endpoint.error = TokenError(500, "no")
    results = await asyncio.gather(tokens.get(), tokens.get(), return_exceptions=True)
    assert results == [endpoint.error] * 2
    endpoint.error = None
    assert await tokens.get() == "token-2"


async def test_closing_stops_a_fetch(tokens, endpoint):
    endpoint.go.clear()
    waiting = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    tokens.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
