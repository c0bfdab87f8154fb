"""`frontdesk webhooks` against a gateway that runs. What its page shows is held to in tests/docs."""

import asyncio

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.live.gateways import project, serving
from tests.live.receivers import Receiver, answer

CONFIG = """
store: memory
outgoing_webhooks: {{allow_http: true, allow_networks: [127.0.0.0/8], allow_ports: [{port}]}}
"""


@pytest.fixture
async def receiver():
    async with Receiver(answer(500, body=b"not \x1bnow")) as made:
        yield made


@pytest.fixture
async def webhooks(tmp_path, receiver):
    path = project(tmp_path, CONFIG.format(port=receiver.port))
    async with serving(path):

        async def command(*words):
            whole = ["webhooks", *words, "-c", str(path)]
            return await asyncio.to_thread(CliRunner().invoke, cli, whole)

        yield command


async def test_an_endpoint_is_shown_without_its_secrets(webhooks, receiver):
    words = ["--type", "a.*", "--header", "X-Key: s3cret", "--rate", "5/s", "--ed25519"]
    added = await webhooks("endpoints", "add", "acme", receiver.url, *words)
    endpoint, secret, public = added.stdout.splitlines()
    assert "not shown again" in added.stderr
    shown = (await webhooks("endpoints", "show", "acme", endpoint)).stdout
    assert f"public key  {public}" in shown
    assert "headers     X-Key\n" in shown
    assert secret not in shown
    assert "s3cret" not in shown
    rotated = (await webhooks("endpoints", "rotate", "acme", endpoint)).stdout.splitlines()
    assert rotated[0] == endpoint
    assert secret not in rotated
    await webhooks("endpoints", "disable", "acme", endpoint)
    assert "1, 1 disabled" in (await webhooks("apps")).stdout
    removed = await webhooks("endpoints", "remove", "acme", endpoint, "--yes")
    assert removed.stdout == "removed\n"
    assert (await webhooks("apps")).stdout.splitlines()[1].startswith("acme")


async def test_a_message_is_sent_looked_at_and_sent_again(webhooks, receiver):
    added = await webhooks("endpoints", "add", "acme", receiver.url)
    endpoint = added.stdout.split()[0]
    message = (
        await webhooks("send", "acme", "a", '{"n": 1.0}', "--channel", "eu", "--id", "a-1")
    ).stdout
    message = message.split()[0]
    (request,) = await receiver.until(1)
    assert request.body == b'{"n": 1.0}'
    resent = await webhooks("resend", "acme", message, endpoint)
    while resent.exit_code:  # the first attempt was just being written down
        resent = await webhooks("resend", "acme", message, endpoint)
    assert resent.stdout == "it waits for its turn\n"
    await receiver.until(2)
    told = (await webhooks("attempts", "acme", message, "--bodies")).stdout
    assert "status 500" in told
    assert "\x1b" not in told
    listed = (await webhooks("messages", "acme")).stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [[message, "a-1", "a"]]
    tested = await webhooks("endpoints", "test", "acme", endpoint)
    assert tested.stdout.startswith("msg_")
    await receiver.until(3)


REFUSED = [
    ("send acme a {", "expected JSON as the payload"),
    ("send nobody a 1", "there is no such application: nobody"),
    ("endpoints show acme ep_9", "there is no such endpoint of acme: ep_9"),
    ("endpoints add acme http://127.0.0.1:1/", "not a port that may be called: 1"),
    ("recover acme ep_9 --since 2026-01-01", "there is no such endpoint"),
    ("recover acme ep_9 --since 2h", "there is no such endpoint"),
]


async def test_refusals_are_told(webhooks):
    for words, message in REFUSED:
        refused = await webhooks(*words.split())
        assert (words, refused.exit_code) == (words, 1)
        assert f"refused: {message}" in refused.stderr


def test_a_header_without_a_colon_is_refused_at_once():
    words = ["webhooks", "endpoints", "add", "acme", "https://x.example", "--header", "oops"]
    assert CliRunner().invoke(cli, words).exit_code == 2
