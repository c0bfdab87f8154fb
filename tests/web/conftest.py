"""A gateway in this process, and somebody who asks its admin listener as a browser does."""

import asyncio
import contextlib
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

PASSWORD = "correct horse battery"
CONFIG = "apis: {a: {routes: {GET /x: {mock: {status: 200}}}}}"


class Browser:
    """Asks as pages do: with the session's cookie, an origin, and the token of the page that was seen last."""

    def __init__(self, address):
        self.address = str(address)
        self.cookie = ""
        self.form_token = ""

    async def ask(self, method, target, body=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            fields.setdefault("cookie", self.cookie)
        if method != "GET":
            fields.setdefault("origin", f"http://{self.address}")
            if self.form_token:
                fields.setdefault("x-csrf-token", self.form_token)
        fields = {name: value for name, value in fields.items() if value is not None}
        answer = await asyncio.to_thread(
            call, self.address, method, target, headers=fields, body=body
        )
        for given in answer.headers.get_all("set-cookie", []):
            for name, morsel in SimpleCookie(given).items():
                self.cookie = f"{name}={morsel.coded_value}" if morsel.value else ""
        if found := re.search(rb'csrf-token" content="(\w+)"', answer.body):
            self.form_token = found[1].decode()
        return answer

    async def sign_in(self, user, password, **headers):
        given = urlencode({"user": user, "password": password})
        kind = "application/x-www-form-urlencoded"
        return await self.ask("POST", "/console/sign-in", given, content_type=kind, **headers)


@pytest.fixture
def console(tmp_path):
    """Runs a gateway; yields a browser at its admin listener.

    token: `admin.token` of the file. config: the rest of it. modules: of functions. users: names with their roles.
    """

    @contextlib.asynccontextmanager
    async def run(token="", *, config=CONFIG, modules=None, **users):
        path = project(tmp_path, config, **(modules or {}))
        if token:
            text = re.sub(
                r"(admin: \{listen: [\d.:]+)\}", rf"\1, token: '{token}'}}", path.read_text()
            )
            path.write_text(text)
        async with serving(path) as app:
            browser = Browser(app.config.admin.listen)
            bearer = {"authorization": f"Bearer {token}", "content_type": "application/json"}
            for name, role in users.items():
                body = f'{{"role": "{role}", "password": "{PASSWORD}"}}'
                made = await browser.ask("PUT", f"/api/users/{name}", body, **bearer, origin=None)
                assert made.status == 200, made.body
            browser.app = app
            yield browser

    return run
