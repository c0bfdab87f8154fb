"""The pages of routes: the tree, one route, and who may send a request by hand."""

from urllib.parse import urlencode

import pytest

from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"
EVIL = "\"><script>alert('x')</script>"

CONFIG = f"""
apis:
  shop:
    stages: {{$default: {{}}, beta: {{}}}}
    routes:
      GET /items/{{id}}: {{mock: {{status: 200}}, throttle: 5/s}}
      ANY /old: {{http: "http://127.0.0.1:9/x"}}
  live:
    type: websocket
    base_path: /live
    routes: {{$connect: {{mock: {{}}}}, ping: {{mock: {{}}}}}}
  shifted:
    base_path: /s
    versioning: {{by: path, default: v1, versions: {{v1: {{}}}}}}
    routes: {{GET /v1/a: {{mock: {{}}}}}}
# {EVIL}
"""


def of_route(api, key, **more):
    return "/console/routes/route?" + urlencode({"api": api, "route": key, **more})


async def test_routes_stand_as_a_tree(console):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", "/console/routes")).body.decode()
        for text in ("GET /items/{id}", "http http://127.0.0.1:9/x", "5/s", "/beta", ">v1</th>"):
            assert text in page, text
        assert page.index(">shop</h2>") < page.index(">shifted</h2>")


@pytest.mark.parametrize(
    ("api", "key", "number"),
    [
        ("shop", "GET /items/{id}", 2),
        ("shop", "ANY /old", 0),
        ("live", "$connect", 2),
        ("live", "ping", 2),
    ],
)
async def test_a_route_that_is_counted_by_itself_has_charts(console, api, key, number):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", of_route(api, key))).body.decode()
        assert page.count('class="chart"') == number


async def test_a_filter_leaves_the_others_out(console):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", "/console/routes?q=ITEMS")).body.decode()
        assert "/items/{id}" in page
        assert ">shifted</h2>" not in page
        none = (await browser.ask("GET", f"/console/routes?{urlencode({'q': EVIL})}")).body.decode()
        assert "No route says" in none
        assert "<script>alert" not in none


async def test_without_routes_the_page_says_how_to_make_one(console):
    async with console(config="apis: {}") as browser:
        assert (
            "the file has no API yet" in (await browser.ask("GET", "/console/routes")).body.decode()
        )


async def test_a_route_shows_its_stages_by_stage_of_the_api(console):
    async with console(config=CONFIG) as browser:
        page = (await browser.ask("GET", of_route("shop", "GET /items/{id}"))).body.decode()
        assert "route 5 per 1s" in page
        assert page.count(">Stages</h2>") == 2
        only = (
            await browser.ask("GET", of_route("shop", "GET /items/{id}", stage="beta"))
        ).body.decode()
        assert only.count(">Stages</h2>") == 1


async def test_a_route_that_is_not_there_is_told(console):
    async with console(config=CONFIG) as browser:
        page = await browser.ask("GET", of_route("shop", f"GET /{EVIL}"))
        assert page.status == 404
        assert b"there is no such route" in page.body
        assert b"<script>alert" not in page.body


async def test_requests_are_sent_by_operators_alone(console):
    async with console(TOKEN, config=CONFIG, vera="viewer", otto="operator") as browser:
        for user, may in (("vera", False), ("otto", True)):
            await browser.sign_in(user, PASSWORD)
            page = (await browser.ask("GET", of_route("shop", "GET /items/{id}"))).body
            assert (b"data-test" in page) is may
            asked = '{"method": "GET", "path": "/items/1"}'
            answer = await browser.ask("POST", "/api/routes/test", asked)
            assert answer.status == (200 if may else 403)
