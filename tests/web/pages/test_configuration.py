"""The pages of the configuration and its check."""

from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"
EVIL = '"><script>alert(1)</script>'

CONFIG = f"""\
# {EVIL}
upstreams: {{u: {{url: "http://127.0.0.1:9", auth: {{bearer: {{token: literal-secret}}}}}}}}
apis: {{a: {{routes: {{GET /x: {{mock: {{body: '{EVIL}'}}, timeout: 3s}}}}}}}}
"""


async def shown(browser, target):
    return (await browser.ask("GET", f"/console/{target}")).body.decode()


async def test_the_file_is_shown_as_text_without_secrets(console):
    async with console(config=CONFIG) as browser:
        page = await shown(browser, "configuration")
        assert "literal-secret" not in page
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert "in force" in page
        assert "disabled" in page  # there is nothing to reload


async def test_what_a_reload_would_change_is_shown(console, tmp_path):
    async with console(config=CONFIG) as browser:
        path = tmp_path / "frontdesk.yaml"
        path.write_text(path.read_text().replace("3s", "4s"))
        page = await shown(browser, "configuration")
        assert "A reload would change" in page
        assert "apis.a.routes.GET /x.timeout" in page
        assert "<ins>+ &#34;4s&#34;</ins>" in page
        path.write_text(path.read_text().replace("4s", EVIL))
        page = await shown(browser, "configuration")
        assert "A reload would be refused" in page
        page = await shown(browser, "check?of=files")
        assert ">error</span>" in page
        assert "<script>alert" not in page


async def test_a_check_shows_what_is_found(console):
    async with console(config=CONFIG) as browser:
        for of in ("running", "files"):
            assert ">warning</span>" in await shown(browser, f"check?of={of}")
            errors = await shown(browser, f"check?of={of}&severity=error")
            assert ">error</span>" in errors
            assert ">warning</span>" not in errors
        assert "CPython" in await shown(browser, "check?of=machine")


async def test_a_query_that_is_none_is_told(console):
    async with console() as browser:
        page = await browser.ask("GET", "/console/check?of=%22%3E%3Cscript%3E")
        assert page.status == 422
        assert b"expected of=running" in page.body
        page = await browser.ask("GET", "/console/configuration?version=99")
        assert b"no such version of the configuration" in page.body


async def test_only_admins_reload(console, tmp_path):
    async with console(TOKEN, config=CONFIG, otto="operator", ada="admin") as browser:
        path = tmp_path / "frontdesk.yaml"
        path.write_text(path.read_text().replace("3s", "4s"))
        for user, may in (("otto", False), ("ada", True)):
            await browser.sign_in(user, PASSWORD)
            page = await shown(browser, "configuration")
            assert ("POST /config/reload" in page) is may
            assert TOKEN not in page
            told = await browser.ask("POST", "/config/reload", "{}")
            assert told.status == (200 if may else 403)
        assert ">ada</td>" in await shown(browser, "configuration")
