"""Who gets into the console, and what a page of somebody else can make of it: nothing."""

import asyncio
from types import SimpleNamespace

import pytest

from frontdesk.gateway.operators import BEARER
from frontdesk.rules.auth.sessions import LASTS
from frontdesk.web.sessions import Sessions
from tests.web.conftest import CONFIG, PASSWORD

TOKEN = "t0ken-of-the-file"


LONG = "9" * 5000


class Nobody:
    """No accounts at all."""

    def __bool__(self):
        return False

    def find(self, _name):
        return None


@pytest.fixture
def clock():
    return SimpleNamespace(time=lambda: 1000.0, monotonic=lambda: 5.0)


async def test_on_loopback_without_a_token_nobody_is_asked(console):
    async with console() as browser:
        page = await browser.ask("GET", "/console/overview")
        assert page.status == 200
        assert b"Overview" in page.body
        assert (await browser.ask("GET", "/")).headers["location"] == "/console/overview"


async def test_pages_allow_no_script_and_no_frame_of_others(console):
    async with console() as browser:
        page = await browser.ask("GET", "/console/overview")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert "HttpOnly" in page.headers["set-cookie"]
        assert "samesite=strict" in page.headers["set-cookie"].lower()


async def test_a_name_of_somebody_else_that_leads_here_is_refused(console):
    async with console() as browser:
        assert (await browser.ask("GET", "/queues", host="evil.example")).status == 403
        page = await browser.ask("GET", "/console/overview", host="evil.example")
        assert page.status == 303


async def test_what_stands_beside_pages_is_kept_for_ever_by_what_it_says(console):
    async with console() as browser:
        page = (await browser.ask("GET", "/console/overview")).body.decode()
        at = page.split('rel="stylesheet" href="')[1].split('"')[0]
        style = await browser.ask("GET", at)
        assert style.status == 200
        assert "immutable" in style.headers["cache-control"]
        packed = await browser.ask("GET", at, accept_encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert (await browser.ask("GET", at.replace("/static/", "/static/0"))).status == 404


async def test_with_a_token_pages_lead_to_signing_in_and_back(console):
    async with console(TOKEN) as browser:
        page = await browser.ask("GET", "/console/overview?a=b")
        assert page.status == 303
        assert page.headers["location"] == "/console/sign-in?to=/console/overview%3Fa%3Db"
        assert b"Sign in" in (await browser.ask("GET", page.headers["location"])).body
        assert (await browser.sign_in("", "wrong")).status == 401
        entered = await browser.sign_in("", TOKEN)
        assert (entered.status, entered.headers["location"]) == (303, "/console/overview")
        assert (await browser.ask("GET", "/console/overview")).status == 200
        assert (await browser.ask("GET", "/queues")).status == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/console/", "/\\evil.example", "javascript:1"],
)
async def test_signing_in_leads_nowhere_else(console, target):
    async with console(TOKEN) as browser:
        body = f"password={TOKEN}"
        asked = await browser.ask("POST", f"/console/sign-in?to={target}", body)
        assert asked.headers["location"] == "/console/overview"


async def test_another_page_cannot_sign_anybody_in(console):
    async with console(TOKEN) as browser:
        assert (await browser.sign_in("", TOKEN, origin="https://evil.example")).status == 403
        assert browser.cookie == ""


async def test_users_have_roles(console):
    async with console(TOKEN, ada="admin", vera="viewer", otto="operator") as browser:
        made = {}
        for name in ("ada", "vera", "otto"):
            browser.cookie = browser.form_token = ""
            assert (await browser.sign_in(name, PASSWORD)).status == 303
            await browser.ask("GET", "/console/overview")
            reads = await browser.ask("GET", "/queues")
            acts = await browser.ask("POST", "/queues/nothing/purge")
            changes = await browser.ask("PUT", "/api/users/new", '{"password": "long enough now"}')
            made[name] = (reads.status, acts.status, changes.status)
        assert made == {
            "ada": (200, 422, 200),  # 422: there is no such queue
            "vera": (200, 403, 403),
            "otto": (200, 422, 403),
        }


async def test_a_change_needs_the_page_it_comes_from(console):
    async with console(TOKEN) as browser:
        await browser.sign_in("", TOKEN)
        await browser.ask("GET", "/console/overview")
        assert (await browser.ask("POST", "/queues/x/purge")).status == 422
        for wrong in (
            {"x_csrf_token": None},
            {"x_csrf_token": "0" * 64},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": None},
        ):
            assert (await browser.ask("POST", "/queues/x/purge", **wrong)).status == 403, wrong


async def test_a_stolen_cookie_ends_with_the_password_it_was_made_with(console):
    async with console(TOKEN, ada="operator") as browser:
        await browser.sign_in("ada", PASSWORD)
        assert (await browser.ask("GET", "/queues")).status == 200
        stolen = browser.cookie
        body = '{"password": "another long password"}'
        bearer = {"authorization": f"Bearer {TOKEN}", "cookie": None}
        assert (await browser.ask("PUT", "/api/users/ada", body, **bearer)).status == 200
        assert (await browser.ask("GET", "/queues", cookie=stolen)).status == 401
        assert (await browser.ask("GET", "/console/overview", cookie=stolen)).status == 303


async def test_whoever_gets_another_role_signs_in_again_and_has_no_more_than_that(console):
    async with console(TOKEN, ada="admin") as browser:
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        former = {"cookie": browser.cookie, "x_csrf_token": browser.form_token}
        bearer = {"authorization": f"Bearer {TOKEN}", "cookie": None}
        lowered = await browser.ask("PUT", "/api/users/ada", '{"role": "viewer"}', **bearer)
        assert lowered.status == 200
        assert (await browser.ask("POST", "/queues/x/purge", **former)).status == 401
        assert (await browser.ask("GET", "/console/users", cookie=former["cookie"])).status == 303
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        assert (await browser.ask("POST", "/queues/x/purge")).status == 403
        assert (await browser.ask("GET", "/console/users")).status == 403


async def test_a_session_that_is_over_is_none(console, monkeypatch):
    async with console(TOKEN, ada="admin") as browser:
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        now = browser.app._clock.time()
        monkeypatch.setattr(type(browser.app._clock), "time", lambda _self: now + LASTS - 60)
        assert (await browser.ask("GET", "/queues")).status == 200
        monkeypatch.setattr(type(browser.app._clock), "time", lambda _self: now + LASTS + 1)
        assert (await browser.ask("GET", "/queues")).status == 401
        assert (await browser.ask("POST", "/queues/x/purge")).status == 401
        assert (await browser.ask("GET", "/console/overview")).status == 303


async def test_a_user_who_is_removed_is_out(console):
    async with console(TOKEN, ada="operator") as browser:
        await browser.sign_in("ada", PASSWORD)
        bearer = {"authorization": f"Bearer {TOKEN}", "cookie": None}
        assert (await browser.ask("DELETE", "/api/users/ada", **bearer)).status == 200
        assert (await browser.ask("GET", "/queues")).status == 401
        assert (await browser.ask("DELETE", "/api/users/ada", **bearer)).status == 404


async def test_guessing_is_stopped(console):
    async with console(TOKEN) as browser:
        for _ in range(10):
            assert (await browser.sign_in("", "wrong")).status == 401
        assert (await browser.sign_in("", TOKEN)).status == 429


async def test_who_signs_in_and_out_is_kept_and_who_was_not_let_in(console, monkeypatch):
    async with console(TOKEN, vera="viewer") as browser:
        monkeypatch.setattr(
            browser.app._clock, "monotonic", lambda: 5.0
        )  # no minute turns meanwhile
        await browser.sign_in("vera", PASSWORD)
        await browser.ask("POST", "/console/sign-out")
        await browser.ask("POST", "/console/sign-out")  # of nobody
        await browser.sign_in("", TOKEN)
        for name in ("", "v" * 5000, "<b>\n", *["vera"] * 12):
            await browser.sign_in(name, "wr0ng password")
        bearer = {"authorization": f"Bearer {TOKEN}"}
        log = (await browser.ask("GET", "/api/audit?text=/console/sign", **bearer)).json["changes"]
        assert [
            (each["operator"], each["role"], each["path"][-3:], each["status"])
            for each in reversed(log)
        ] == [
            ("vera", "viewer", "-in", 303),
            ("vera", "viewer", "out", 303),
            ("token", "admin", "-in", 303),
            ("token", "", "-in", 401),
            (f"{'v' * 64}…", "", "-in", 401),
            ("<b>\n", "", "-in", 401),
            *[("vera", "", "-in", 401)] * 7,
            ("vera", "", "-in", 429),
        ]
        written = (browser.app.config.data_dir / "audit.log").read_text()
        assert not any(each in written for each in (PASSWORD, "wr0ng", TOKEN))
        page = (await browser.ask("GET", "/console/audit?q=sign-in")).body
        assert b"&lt;b&gt;" in page
        assert b"not let in" in page


async def test_signing_out_ends_the_session_of_this_browser(console):
    async with console(TOKEN) as browser:
        await browser.sign_in("", TOKEN)
        await browser.ask("POST", "/console/sign-out")
        assert browser.cookie == ""


async def test_changes_are_kept_with_who_made_them_and_no_word_of_what_was_sent(console):
    async with console(TOKEN, ada="admin") as browser:
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        await browser.ask("POST", "/queues/x/purge", '{"secret": "hush"}')
        changes = (await browser.ask("GET", "/api/audit")).json["changes"]
        assert [(each["operator"], each["method"], each["path"]) for each in changes] == [
            ("ada", "POST", "/queues/x/purge"),
            ("ada", "POST", "/console/sign-in"),
            ("token", "PUT", "/api/users/ada"),
        ]
        assert "hush" not in str(changes)
        assert PASSWORD not in str(changes)
        # Those of functions, one of which may be called audit.
        logs = browser.app.config.data_dir / "logs"
        assert list(logs.glob("audit*")) == []
        only = await browser.ask("GET", "/api/audit?text=purge&most=5")
        assert len(only.json["changes"]) == 1


async def test_users_need_a_token_for_the_command_line(console):
    async with console() as browser:
        await browser.ask("GET", "/console/overview")
        refused = await browser.ask("PUT", "/api/users/ada", '{"password": "long enough now"}')
        assert refused.status == 422
        assert "admin.token" in refused.json["message"]


@pytest.mark.parametrize(
    "body", ['{"password": "short"}', '{"role": "king", "password": "long enough now"}', "[]", "{"]
)
async def test_a_bad_user_is_refused(console, body):
    async with console(TOKEN) as browser:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert (await browser.ask("PUT", "/api/users/ada", body, **bearer)).status == 422


@pytest.mark.parametrize("path", ["nothing", "machines", "static/0/fd.css.map/x", "routes/"])
async def test_no_page_is_said_so_beside_the_menu(console, path):
    async with console() as browser:
        page = await browser.ask("GET", f"/console/{path}")
        assert page.status == 404
        assert b"There is no such page" in page.body
        assert b'href="/console/overview"' in page.body
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_stranger_is_not_told_which_pages_there_are(console):
    async with console(TOKEN) as browser:
        assert (await browser.ask("GET", "/console/nothing")).status == 303


async def test_cookies_of_others_on_this_machine_do_no_harm(console):
    async with console(TOKEN) as browser:
        await browser.sign_in("", TOKEN)
        for cookie in (
            f'state={{"a": "b, c"}}; {browser.cookie}',
            f"frontdesk-session=of.another; {browser.cookie}",
            f"bad[name]=1; {browser.cookie}; frontdesk-session=",
        ):
            assert (await browser.ask("GET", "/queues", cookie=cookie)).status == 200, cookie


async def test_cookies_that_were_tampered_with_are_none(console):
    async with console(TOKEN, vera="viewer") as browser:
        await browser.sign_in("vera", PASSWORD)
        name, _, value = browser.cookie.partition("=")
        told, _, signature = value.partition(".")
        for wrong in ("", ".", told, f".{signature}", f"{told}.", f"{told[:-4]}.{signature}"):
            answer = await browser.ask("GET", "/queues", cookie=f"{name}={wrong}")
            assert answer.status == 401, wrong


async def test_a_session_ends_with_the_token_it_was_made_with(clock):
    def sessions(token):
        return Sessions(Nobody(), b"key", clock, token=token, secure=False)

    former = sessions("former token")
    session = former.begin(BEARER)
    assert former.operator(session) is BEARER
    assert sessions("another token").operator(session) is None
    assert sessions(None).operator(session) is None


@pytest.mark.parametrize("name", ["token", "local"])
async def test_nobody_is_called_as_the_audit_log_calls_another(console, name):
    async with console(TOKEN) as browser:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        body = '{"password": "long enough now"}'
        assert (await browser.ask("PUT", f"/api/users/{name}", body, **bearer)).status == 422


async def test_whoever_ends_their_own_session_is_in_the_audit_log(console):
    async with console(TOKEN, ada="admin") as browser:
        await browser.sign_in("ada", PASSWORD)
        await browser.ask("GET", "/console/overview")
        assert (await browser.ask("DELETE", "/api/users/ada")).status == 200
        last = (await browser.ask("GET", "/api/audit", authorization=f"Bearer {TOKEN}")).json
        assert [last["changes"][0][name] for name in ("operator", "method")] == ["ada", "DELETE"]


async def test_a_stream_ends_with_the_session_of_its_reader(console):
    async with console(TOKEN, vera="viewer") as browser:
        await browser.sign_in("vera", PASSWORD)
        host, _, port = browser.address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET /console/stream?topics=config HTTP/1.1\r\nHost: {browser.address}\r\n"
        writer.write(f"{head}Cookie: {browser.cookie}\r\n\r\n".encode())
        await reader.readuntil(b"retry: 1000\n\n")
        bearer = {"authorization": f"Bearer {TOKEN}", "cookie": None}
        await browser.ask("DELETE", "/api/users/vera", **bearer)
        browser.app.news.tell("config", {"note": "hush"})
        assert b"hush" not in await reader.readuntil(b"0\r\n\r\n")
        writer.close()


async def test_readers_who_leave_leave_nothing_behind(console):
    async with console() as browser:
        await browser.ask("GET", "/console/overview")
        host, _, port = browser.address.partition(":")
        head = f"GET /console/stream?topics=config HTTP/1.1\r\nHost: {browser.address}\r\n"
        before = len(asyncio.all_tasks())
        writers = []
        for _ in range(200):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{head}Cookie: {browser.cookie}\r\n\r\n".encode())
            await reader.readuntil(b"retry: 1000\n\n")
            writers.append(writer)
        assert len(asyncio.all_tasks()) > before
        assert "config" in browser.app.news.wanted
        for writer in writers:
            writer.transport.abort()
        async with asyncio.timeout(20):
            while "config" in browser.app.news.wanted or len(asyncio.all_tasks()) > before:
                await browser.ask("GET", "/healthz")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"audit?after={LONG}", 422),
        ("audit?after=", 200),
        ("requests?status=9xx", 422),
        (f"queues/calls?after={LONG}", 422),
        ("upstreams/", 404),
        (f"records/notes?most={LONG}", 200),  # of the page's own
    ],
    ids=["audit", "audit, empty", "requests", "queue", "upstream without a name", "records"],
)
async def test_an_odd_address_is_told_so(console, path, status):
    config = f"{CONFIG}\nqueues: {{calls: {{}}}}\nrecords: {{notes: {{}}}}"
    async with console(config=config) as browser:
        page = await browser.ask("GET", f"/console/{path}")
        assert page.status == status, page.body
        assert b'aria-label="Pages"' in page.body
