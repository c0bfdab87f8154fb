"""The pages of users and of what they have changed."""

import json
from urllib.parse import quote

from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"
EVIL = '"><script>alert(1)<b>'
BEARER = {"authorization": f"Bearer {TOKEN}", "origin": None}


async def shown(browser, target):
    return (await browser.ask("GET", f"/console/{target}")).body.decode()


async def test_users_are_shown_with_roles_and_names_as_text(console):
    async with console(TOKEN, ada="admin", otto="operator") as browser:
        given = json.dumps({"role": "viewer", "password": PASSWORD, "new": True})
        at = f"/api/users/{quote(EVIL, safe='')}"
        assert (await browser.ask("PUT", at, given, **BEARER)).status == 200
        await browser.sign_in("ada", PASSWORD)
        page = await shown(browser, "users")
        assert "otto" in page
        assert "(you)" in page
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert PASSWORD not in page


async def test_a_user_is_made_once(console):
    async with console(TOKEN, ada="admin") as browser:
        given = json.dumps({"role": "admin", "password": "another horse battery", "new": True})
        made = await browser.ask("PUT", "/api/users/ada", given, **BEARER)
        assert (made.status, made.json["message"]) == (422, "there is such a user already: ada")
        assert (await browser.sign_in("ada", PASSWORD)).status == 303


async def test_only_admins_see_users(console):
    async with console(TOKEN, vera="viewer", otto="operator") as browser:
        for user in ("vera", "otto"):
            await browser.sign_in(user, PASSWORD)
            page = await browser.ask("GET", "/console/users")
            assert page.status == 403
            assert b"for the role admin" in page.body
            assert b"/console/users" not in (await browser.ask("GET", "/console/audit")).body


async def test_without_a_token_of_the_file_the_page_says_what_users_need(console):
    async with console() as browser:
        page = await shown(browser, "users")
        assert "admin.token" in page
        assert "Make a user" not in page


async def test_changes_are_filtered_and_shown_as_text(console):
    async with console(TOKEN, ada="admin") as browser:
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        await browser.ask("DELETE", f"/api/users/{quote(EVIL, safe='')}")
        page = await shown(browser, "audit")
        assert "PUT /api/users/ada" in page
        assert "<script>alert" not in page
        only = await shown(browser, "audit?q=DELETE")
        assert "PUT /api/users/ada" not in only
        assert "404" in only
        assert "No change says" in await shown(browser, f"audit?q={quote(EVIL)}")
        assert (await browser.ask("GET", "/console/audit?after=x")).status == 422
