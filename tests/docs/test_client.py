"""docs/client.md: its examples run, against an API on loopback; its tables are what the code says."""

import ast
import asyncio
import inspect
import re

import pytest

from frontdesk.client import CallError, Client, Timeout
from frontdesk.client.session import names
from frontdesk.client.session.client import Options
from tests.docs.pages import ROOT, codes, tables
from tests.live.vendors import vendor

PAGE = (ROOT / "docs" / "client.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OPTIONS, DEFAULTS, AUTHS, ERRORS = tables(PAGE)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_the_examples_run(example, monkeypatch, capsys):
    monkeypatch.setenv("API_KEY", "s3cret")
    async with vendor(lambda _: {"rates": [1]}) as api:
        code = example.replace("https://api.example.com", api.url)
        compiled = compile(code, "client.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        scope = {}

        def run():
            return eval(compiled, scope)

        if inspect.CO_COROUTINE & compiled.co_flags:
            await run()
        else:
            await asyncio.to_thread(run)
        if "handler" in scope:
            assert (await scope["handler"]({}, 10)).status == 200
            assert scope["calls"] == {("GET", "ok"): 1}
        if "settled" in scope:
            assert len(scope["found"]) == 5
    if "BlockedError" in example:
        assert "not a public address: 169.254.169.254" in capsys.readouterr().out


def test_the_options_are_all_there():
    named = {name for row in OPTIONS.rows for name in codes(row[0])}
    assert named == set(Options.__annotations__)


def test_the_defaults_are_the_code_s():
    text = " ".join(cell for row in DEFAULTS.rows for cell in row)
    signature = inspect.signature(Client).parameters
    assert f"{Timeout().total:g} s" in text
    assert f"{Timeout().attempt:g} s" in text
    assert f"{Timeout().connect:g} s to connect" in text
    assert f"| {signature['redirects'].default}, never" in PAGE
    assert f"| {signature['max_body'].default // 2**20} MB |" in PAGE


def test_the_errors_and_their_codes():
    told = {}
    for row in ERRORS.rows:
        found = [name for name in codes(row[0]) if name in names.__all__]
        told |= dict(zip(found, codes(row[2]), strict=True))
    assert told == {
        kind.__name__: kind.code
        for kind in vars(names).values()
        if isinstance(kind, type)
        and issubclass(kind, CallError)
        and kind.__name__ not in ("CallError", "RefusedError")
    }


def test_every_auth_is_told():
    assert {codes(row[0])[0].partition("(")[0] for row in AUTHS.rows} == {
        *("Bearer", "Basic", "ApiKey", "OAuth2", "SigV4", "Hmac")
    }
