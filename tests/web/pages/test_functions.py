"""The pages of functions: what they show of each, and what nobody gets to see."""

import json

from tests.web.conftest import PASSWORD

TOKEN = "t0ken-of-the-file"
EVIL = '"><script>alert(1)</script>'

CODE = """
def greet(event, _context):
    print("greeting", event)
    return event
"""

CONFIG = """
functions:
  greet:
    handler: app.greet
    environment: {DATABASE_PASSWORD: very-secret}
    versions: {"1": {}, "2": {}}
    aliases: {live: {version: "1", weights: {"2": 0.25}}}
apis: {}
"""


async def test_a_function_is_shown_without_values_of_its_environment(console):
    async with console(config=CONFIG, modules={"app": CODE}) as browser:
        listed = (await browser.ask("GET", "/console/functions")).body.decode()
        assert "app.greet" in listed
        assert "live → 1, 25 % 2" in listed
        page = (await browser.ask("GET", "/console/functions/greet")).body.decode()
        assert "DATABASE_PASSWORD" in page
        assert "very-secret" not in page
        assert "Publish a version" not in page  # it is of the file


async def test_a_log_with_markup_is_shown_as_text(console):
    async with console(config=CONFIG, modules={"app": CODE}) as browser:
        await browser.ask("GET", "/console/functions")
        told = await browser.ask("POST", "/api/functions/greet/invoke", json.dumps({"event": EVIL}))
        assert told.json["result"] == EVIL
        page = ""
        while "greeting" not in page:
            page = (await browser.ask("GET", "/console/functions/greet")).body.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


async def test_without_functions_the_page_says_how_to_make_one(console):
    async with console() as browser:
        assert b"functions: {hello:" in (await browser.ask("GET", "/console/functions")).body
        missing = await browser.ask("GET", "/console/functions/none")
        assert missing.status == 404
        assert b"Function not found" in missing.body


async def test_functions_are_run_by_operators_alone(console):
    users = {"vera": "viewer", "otto": "operator"}
    async with console(TOKEN, config=CONFIG, modules={"app": CODE}, **users) as browser:
        for user, may in (("vera", False), ("otto", True)):
            await browser.sign_in(user, PASSWORD)
            page = (await browser.ask("GET", "/console/functions/greet")).body
            assert (b"data-invoke" in page) is may
            told = await browser.ask("POST", "/api/functions/greet/invoke", '{"event": 1}')
            assert told.status == (200 if may else 403)
