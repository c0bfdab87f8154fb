"""Who may ask for what: everything that the admin API has, by everybody who may come."""

import re

from frontdesk.app.admin_requests import ROWS
from frontdesk.gateway.operators import READING, Role
from tests.web.conftest import PASSWORD, Browser

TOKEN = "t0ken-of-the-file"
CHANGES = {f"{row.method} {row.path}": row.role for row in ROWS if row.method not in READING}

CONFIG = """
functions: {greet: {handler: app.greet}}
outgoing_webhooks: {}
plans: {small: {apis: shop}}
queues: {calls: {}}
records: {notes: {}}
state_machines: {quick: {definition: {StartAt: P, States: {P: {Type: Pass, End: true}}}}}
webhooks: {stripe: {scheme: stripe, secret: hush, dispatch: {"*": {queue: calls}}}}
apis:
  shop: {routes: {GET /x: {mock: {status: 200}}, GET /y: {api_key: true, mock: {status: 200}}}}
"""

ANSWERS = {
    "POST /api/requests/replay": 422,
    "POST /api/routes/test": 422,
    "POST /test-invoke": 422,
    "POST /canaries/promote": 422,
    "POST /canaries/rollback": 422,
    "POST /canaries/start": 422,
    "POST /cache/flush": 200,
    "POST /api/keys": 422,
    "POST /api/keys/import": 422,
    "POST /api/keys/{key}/revoke": 404,
    "POST /api/keys/{key}/enable": 404,
    "POST /api/upstreams/{upstream}/trip": 404,
    "POST /api/upstreams/{upstream}/disable": 404,
    "POST /api/upstreams/{upstream}/reset": 404,
    "POST /api/sockets/{connection}/send": 422,
    "POST /api/sockets/{connection}/close": 404,
    "POST /api/socket-groups/send": 422,
    "POST /api/functions/{function}/invoke": 404,
    "POST /api/functions/{function}/publish": 404,
    "PUT /api/functions/{function}/aliases/{alias}": 404,
    "POST /invocations/{function}": 422,
    "POST /invocations/{function}/drop": 200,
    "POST /api/state-machines/{machine}/executions": 404,
    "POST /api/definitions/validation": 200,
    "POST /api/executions/{execution}/stop": 404,
    "POST /api/executions/{execution}/redrive": 404,
    "POST /api/tasks/{token}/success": 400,
    "POST /api/tasks/{token}/failure": 400,
    "POST /api/tasks/{token}/heartbeat": 400,
    "POST /queues/{queue}/send": 422,
    "POST /queues/{queue}/replace": 422,
    "POST /queues/{queue}/redrive": 422,
    "POST /queues/{queue}/cancel": 422,
    "POST /queues/{queue}/drop": 422,
    "POST /queues/{queue}/purge": 422,
    "POST /api/inbox/replay": 200,
    "PUT /webhooks/apps/{app}": 200,
    "DELETE /webhooks/apps/{app}": 200,
    "POST /webhooks/apps/{app}/endpoints": 422,
    "PATCH /webhooks/apps/{app}/endpoints/{endpoint}": 404,
    "DELETE /webhooks/apps/{app}/endpoints/{endpoint}": 404,
    "POST /webhooks/apps/{app}/endpoints/{endpoint}/rotate": 404,
    "POST /webhooks/apps/{app}/endpoints/{endpoint}/enable": 404,
    "POST /webhooks/apps/{app}/endpoints/{endpoint}/disable": 404,
    "POST /webhooks/apps/{app}/endpoints/{endpoint}/test": 404,
    "POST /webhooks/apps/{app}/endpoints/{endpoint}/recover": 422,
    "POST /webhooks/apps/{app}/messages": 422,
    "POST /webhooks/apps/{app}/messages/{message}/resend": 422,
    "POST /config/reload": 200,
    "POST /config/preview": 200,
    "POST /config/rollback": 422,
    "POST /api/secrets/set": 422,
    "POST /api/secrets/delete": 422,
    "POST /api/secrets/rotate-key": 422,
    "PUT /api/users/{name}": 422,
    "DELETE /api/users/{name}": 404,
}
"""What a change comes to that asks for nothing, `{}`, of what is not there, by somebody who may."""


async def asked(browser, change, **headers):
    """Ask for a change as `browser` does; return the status."""
    method, path = change.split()
    answer = await browser.ask(method, re.sub(r"\{\w+\}", "none", path), "{}", **headers)
    return answer.status


async def everybody(address):
    """Sign everybody in. Returns by whom: a browser, and what its requests say or leave out."""
    callers = {}
    for name in ("vera", "otto", "ada"):
        browser = callers[name] = Browser(address)
        assert (await browser.sign_in(name, PASSWORD)).status == 303
        await browser.ask("GET", "/console/overview")
    ada = callers["ada"]
    bearer = {"origin": None, "authorization": f"Bearer {TOKEN}"}
    return {
        "nobody": (Browser(address), {}),
        "nobody, by a wrong token": (Browser(address), {**bearer, "authorization": "Bearer t0ken"}),
        "a viewer": (callers["vera"], {}),
        "an operator": (callers["otto"], {}),
        "an admin, without the token of the page": (ada, {"x_csrf_token": None}),
        "an admin, with that of another": (ada, {"x_csrf_token": callers["otto"].form_token}),
        "an admin, from a page of others": (ada, {"origin": "https://evil.example"}),
        "an admin, from nowhere": (ada, {"origin": None}),
        "an admin": (ada, {}),
        "the token of the file": (Browser(address), bearer),
    }


def expected(caller, change):
    """Say what becomes of a change that somebody asks for."""
    may = {"a viewer": Role.VIEWER, "an operator": Role.OPERATOR, "an admin": Role.ADMIN}
    may["the token of the file"] = Role.ADMIN
    if caller.startswith("nobody"):
        return 401
    return ANSWERS[change] if caller in may and may[caller] >= CHANGES[change] else 403


async def test_every_change_is_for_whom_the_table_says(console):
    users = {"vera": "viewer", "otto": "operator", "ada": "admin"}
    modules = {"app": "def greet(event, context): return event"}
    async with console(TOKEN, config=CONFIG, modules=modules, **users) as browser:
        callers = await everybody(browser.address)
        found, said = {}, {}
        for caller, (who, headers) in callers.items():
            for change in CHANGES:
                found[caller, change] = await asked(who, change, **headers)
                said[caller, change] = expected(caller, change)
    wrong = {place: (found[place], said[place]) for place in found if found[place] != said[place]}
    assert wrong == {}


async def test_what_is_for_admins_is_read_by_nobody_else(console):
    reads = [row for row in ROWS if row.method in READING]
    async with console(TOKEN, vera="viewer", otto="operator", ada="admin") as browser:
        refused = {}
        for name in ("vera", "otto", "ada"):
            await browser.sign_in(name, PASSWORD)
            refused[name] = {
                row.path for row in reads if await asked(browser, f"GET {row.path}") == 403
            }
    closed = {row.path for row in reads if row.role is Role.ADMIN}
    assert closed == {"/api/users", "/api/audit", "/api/secrets"}
    assert refused == {"vera": closed, "otto": closed, "ada": set()}


def test_no_change_is_left_out():
    assert ANSWERS.keys() == CHANGES.keys()
