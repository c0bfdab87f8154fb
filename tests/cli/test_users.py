"""`frontdesk users` against a gateway that runs."""

import pytest

from frontdesk.cli.main import cli
from tests.live.calls import free_port
from tests.live.gateways import gateway, project

CONFIG = """
admin: {listen: "127.0.0.1:%d", token: t0ken-of-the-operator}
apis: {a: {routes: {GET /x: {mock: {status: 200}}}}}
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with gateway(project(tmp_path_factory.mktemp("users"), CONFIG % free_port())) as running:
        yield running


@pytest.fixture
def users(running):
    from click.testing import CliRunner

    def users(command, *arguments, given=None):
        file = str(running.folder / "frontdesk.yaml")
        return CliRunner().invoke(cli, ["users", command, "-c", file, *arguments], input=given)

    return users


def test_users_are_made_shown_changed_and_removed(users):
    assert "no users" in users("list").stdout
    made = users("add", "ada", "--role", "operator", given="correct horse battery\n")
    assert made.exit_code == 0, made.output
    assert users("list").stdout.split() == ["ada", "operator"]
    assert users("role", "ada", "--role", "admin").exit_code == 0
    assert users("password", "ada", given="another long password\n").exit_code == 0
    assert users("list").stdout.split() == ["ada", "admin"]
    assert users("remove", "ada").exit_code == 0
    log = users("audit", "--text", "/api/users").stdout
    assert log.count("PUT /api/users/ada") == 3
    assert "DELETE /api/users/ada" in log
    assert "battery" not in log


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("add", "ada"), "short\n", "at least 12"),
        (("role", "nobody", "--role", "viewer"), None, "no such user"),
        (("remove", "nobody"), None, "no such user"),
    ],
)
def test_what_is_refused_is_one_clear_line(users, arguments, given, told):
    refused = users(*arguments, given=given)
    assert refused.exit_code == 1
    assert told in refused.stderr
