"""What the doctor finds: each check well, and each with what it is there to find."""

import asyncio
import os
import resource
import socket
import sqlite3
from base64 import b64encode

import pytest

from frontdesk.app import surroundings
from frontdesk.app.data_dir import hold
from frontdesk.app.doctor import examine, of_findings
from frontdesk.app.stores import open_vault_stores
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import ConfigError
from frontdesk.config.load import load
from frontdesk.ports.deliveries import Application, Endpoint
from frontdesk.rules.webhooks.keys import WebhookSecret
from frontdesk.stores.vault.master_keys import VARIABLE, MasterKeys
from frontdesk.stores.vault.parameters import Wanted
from frontdesk.stores.vault.secrets import Value
from frontdesk.stores.vault.vault import Vault
from frontdesk.web.accounts import KIND as USER
from tests.live.calls import free_port
from tests.live.certificates import Authority
from tests.live.gateways import project
from tests.live.servers import postgres_url, redis_url

CONFIG = """
listen: 127.0.0.1:%d
apis: {a: {routes: {GET /x: {mock: {}, throttle: 5/s}}}}
"""


@pytest.fixture
def found(tmp_path):
    """Examine a project; gives the rows by the name of their check."""

    def look(more="", port=None, environ=None):
        path = project(tmp_path, CONFIG % (port or free_port()) + more)
        return {row.check: row for row in examine(load([path], {}), environ or {})}

    return look


def states(rows, *names):
    return [rows[name].state for name in names]


def test_a_fresh_project_is_well(found, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1_000_000, 1_000_000))
    rows = found()
    well = ("python", "event loop", "file", "data_dir", "store", "gateway", "listen", "open files")
    assert states(rows, *well, "admin.listen", "vault") == ["ok"] * 10
    assert not any(row.why or row.fix for row in rows.values() if row.state == "ok")
    assert all(row.why and row.fix for row in rows.values() if row.state != "ok")


def test_a_taken_port(found):
    with socket.create_server(("127.0.0.1", 0)) as other:
        row = found(port=other.getsockname()[1])["listen"]
    assert (row.state, row.fix) == ("fail", "set listen to another address")
    assert "address already in use" in row.found


def test_an_address_of_another_machine(found):
    assert found("admin: {listen: 192.0.2.1:1, token: t}\n")["admin.listen"].state == "fail"


def test_findings_of_check(found):
    row = found("limits: {drain: 10s}\nupstreams: {u: {url: 'http://127.0.0.1:1'}}\n")["file"]
    assert row.state == "warn"
    assert "upstreams.u" in row.found
    assert row.fix.startswith("use it or remove it")


def test_a_file_that_cannot_be_loaded(tmp_path):
    path = project(tmp_path, "apis: {a: {rotes: {}}}\n")
    with pytest.raises(ConfigError) as raised:
        load([path], {})
    rows = list(of_findings(raised.value.findings))
    assert {row.state for row in rows} == {"fail"}
    assert "unknown key: rotes" in rows[0].found or "unknown key: rotes" in rows[1].found


def test_few_open_files_for_many_connections(found, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))
    row = found("limits: {max_connections: 5000}\n")["open files"]
    assert (row.state, row.found) == ("warn", "ulimit -n 1024")
    assert "ulimit -n 10200 (at most 4096 here)" in row.fix


def test_a_data_folder_that_everybody_can_read(found, tmp_path):
    (tmp_path / ".frontdesk").mkdir()
    (tmp_path / ".frontdesk").chmod(0o755)
    row = found()["data_dir"]
    assert row.state == "warn"
    assert row.fix == f"chmod o= {tmp_path / '.frontdesk'}"


def test_a_data_folder_that_is_none(found, tmp_path):
    (tmp_path / "file").touch()
    assert found("data_dir: file\n")["data_dir"].state == "fail"


def test_a_disk_that_is_nearly_full(found, monkeypatch):
    monkeypatch.setattr(surroundings, "ENOUGH_SPACE", 1 << 62)
    assert found()["disk"].state == "warn"


def test_a_damaged_store(found, tmp_path):
    (tmp_path / ".frontdesk").mkdir(0o750)
    (tmp_path / ".frontdesk" / "frontdesk.db").write_bytes(b"no database" * 1000)
    row = found()["store"]
    assert row.state == "fail"
    assert "not a database" in row.found


def test_a_good_store(found, tmp_path):
    (tmp_path / ".frontdesk").mkdir(0o750)
    with sqlite3.connect(tmp_path / ".frontdesk" / "frontdesk.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert found()["store"].state == "ok"


def test_servers_that_answer(found):
    rows = found(f"store: {postgres_url()}\nshared: {redis_url()}\n")
    assert states(rows, "PostgreSQL", "Redis") == ["ok", "ok"]


def test_servers_that_do_not_answer(found):
    nobody = f"u:hunter2@127.0.0.1:{free_port()}"
    rows = found(f"store: postgresql://{nobody}/db\nshared: redis://{nobody}\n")
    assert states(rows, "PostgreSQL", "Redis") == ["fail", "fail"]
    assert not any("hunter2" in str(row) for row in rows.values())


def test_a_gateway_that_runs_is_asked_and_its_ports_are_its_own(found, tmp_path):
    lock = hold(tmp_path / ".frontdesk")
    try:
        with socket.create_server(("127.0.0.1", 0)) as own:
            rows = found(port=own.getsockname()[1])
        assert rows["gateway"].found == f"runs as process {os.getpid()}"
        assert states(rows, "listen", "admin.listen") == ["ok", "fail"]
        assert "does not answer" in rows["admin.listen"].found
    finally:
        os.close(lock)


def test_an_access_log_that_cannot_be_written(found, tmp_path):
    row = found("logs: {access: {path: gone/access.log}}\n")["access log"]
    assert row.state == "fail"


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [(365, "ok", "a.example"), (15, "warn", "expires on"), (5, "fail", "expired on")],
)
def test_certificates(found, tmp_path, days, state, said):
    cert, key = Authority().issue("a.example", start=-10, days=days).write(tmp_path, "a")
    rows = found(f"admin: {{listen: '127.0.0.1:0', tls: {{cert: {cert}, key: {key}}}}}\n")
    assert (rows["certificate"].state, said in rows["certificate"].found) == (state, True)


def test_a_certificate_that_is_none(found, tmp_path):
    (tmp_path / "c.pem").write_text("no certificate")
    rows = found("admin: {listen: '127.0.0.1:0', tls: {cert: c.pem, key: c.pem}}\n")
    assert rows["certificate"].state == "fail"


@pytest.mark.parametrize(("synchronised", "state"), [(True, "ok"), (False, "warn"), (None, "ok")])
def test_the_clock(monkeypatch, found, synchronised, state):
    monkeypatch.setattr(surroundings, "_clock_is_synchronised", lambda: synchronised)
    assert found()["clock"].state == state


def test_another_event_loop():
    assert surroundings._loop("0.23.1").state == "warn"


KEYS = [b64encode(bytes([number]) * 32).decode() for number in (1, 2)]


def keep(tmp_path, work):
    """Have something done with the vault of the project, and the documents beside it, under the first key."""

    async def main():
        config = load([tmp_path / "frontdesk.yaml"], {}).config
        async with open_vault_stores(config, SystemClock(), make=True) as (catalog, deliveries):
            keys = MasterKeys({VARIABLE: KEYS[0]}, config.data_dir)
            await work(Vault(catalog, deliveries, keys, SystemClock()), catalog, deliveries)

    asyncio.run(main())


async def seal_a_secret(vault, _catalog, _deliveries):
    await vault.secrets.set("db", Value(b"s3cret"))


async def seal_a_parameter(vault, _catalog, _deliveries):
    await vault.parameters.put("db", Wanted(value="s3cret", type="SecureString"))


async def seal_an_endpoint(vault, _catalog, deliveries):
    await deliveries.put_application(Application("app", "x", 0.0))
    endpoint = Endpoint(
        id="db",
        app="app",
        url="https://a.example",
        secrets=(WebhookSecret("s3cret", "y"),),
        created=0.0,
    )
    await deliveries.put_endpoint(vault.endpoints.sealed(endpoint))


@pytest.mark.parametrize(
    ("work", "kind"),
    [
        (seal_a_secret, "secret"),
        (seal_a_parameter, "parameter"),
        (seal_an_endpoint, "endpoint"),
    ],
)
def test_what_is_sealed_under_another_key(found, tmp_path, work, kind):
    found()
    keep(tmp_path, work)
    assert found(environ={VARIABLE: KEYS[0]})["vault"].state == "ok"
    assert found(environ={VARIABLE: ",".join(reversed(KEYS))})["vault"].state == "ok"
    row = found(environ={VARIABLE: KEYS[1]})["vault"]
    assert row.state == "fail"
    assert row.found.startswith(f"{kind} db cannot be opened: this was encrypted under another")
    assert "s3cret" not in str(row)
    assert f"set {VARIABLE}" in row.fix
    assert "there is no master key" in found()["vault"].found


async def make_a_user(_vault, catalog, _deliveries):
    await catalog.put(USER, "ada", {"role": "admin", "hash": "x"})


def test_an_admin_listener_that_others_reach_has_users(found, tmp_path):
    public = f"admin: {{listen: '0.0.0.0:{free_port()}', token: t0ken-of-the-file}}\n"
    row = found(public)["admin"]
    assert (row.state, row.fix) == ("warn", "frontdesk users add NAME --role operator")
    keep(tmp_path, make_a_user)
    assert found(public)["admin"].state == "ok"
    assert found(public.replace(", token: t0ken-of-the-file", ""))["admin"].state == "fail"


def test_users_without_a_token_leave_the_command_line_outside(found, tmp_path):
    local = f"admin: {{listen: '127.0.0.1:{free_port()}'}}\n"
    assert "admin" not in found(local)
    keep(tmp_path, make_a_user)
    row = found(local)["admin"]
    assert (row.state, row.fix) == ("warn", "set admin.token, and restart")
    assert "command line cannot reach the admin API" in row.found
    assert "admin" not in found(local.replace("}", ", token: t0ken-of-the-file}"))


SOCKETS = "apis: {live: {type: websocket, routes: {$default: {mock: {}}}}}\n"


@pytest.mark.parametrize(
    ("more", "troubled", "state"),
    [
        ("", {}, "ok"),
        ("shared: redis://127.0.0.1:1\n", {"Redis": ""}, "ok"),
        ("shared: redis://127.0.0.1:1\n", {"Redis": "refused"}, "fail"),
        ("store: postgresql://127.0.0.1:1/x\n", {"PostgreSQL": ""}, "warn"),
    ],
    ids=["alone", "Redis answers", "Redis does not answer", "several without Redis"],
)
def test_the_registry_of_websocket_connections(tmp_path, monkeypatch, more, troubled, state):
    monkeypatch.setattr(surroundings, "troubles", lambda _config: troubled.items())
    rows = list(surroundings.servers(load([project(tmp_path, SOCKETS + more)], {})))
    assert [row.state for row in rows if row.check == "sockets"] == [state]
    assert all(row.why and row.fix for row in rows if row.state != "ok")


def test_without_websocket_apis_nothing_is_said_of_their_registry(found):
    assert "sockets" not in found()
