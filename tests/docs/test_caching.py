"""docs/caching.md: its requests get the answers of its table, and its commands print what it shows."""

import asyncio
import re

import pytest
from click.testing import CliRunner

from frontdesk.cli.main import cli
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.calls import call, free_port
from tests.live.gateways import serving

PAGE = (ROOT / "docs" / "caching.md").read_text()
REQUESTS, PARTS, SAID = tables(PAGE)
CONFIG = re.search(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
HANDLER = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
COMMANDS = re.findall(r"^\$ frontdesk (.*)\n(.*)$", PAGE, re.MULTILINE)


@pytest.fixture
async def app(tmp_path):
    admin = f"admin: {{listen: 127.0.0.1:{free_port()}}}\nlogs: {{access: off}}\n"
    (tmp_path / "frontdesk.yaml").write_text(CONFIG.replace("8080", "0") + admin)
    (tmp_path / "plans.py").write_text(HANDLER)
    async with serving(tmp_path / "frontdesk.yaml") as app:
        yield app


def asked(cell):
    """Read a request: method, target, header fields."""
    line, *fields = codes(cell)
    method, target = line.split(" ")
    return method, target, dict(field.split(": ") for field in fields)


def steady(status):
    """Leave the seconds out that pass meanwhile."""
    return re.sub(r"ttl=\d+$", "ttl=N", status or "none")


async def test_requests_get_the_answers_of_the_table(app):
    for request, status, said in REQUESTS.rows:
        method, target, headers = asked(request)
        answer = await asyncio.to_thread(call, app.addresses[0], method, target, headers=headers)
        shown = codes(said)[0] if codes(said) else None
        got = (answer.status, steady(answer.headers["Cache-Status"]))
        assert (request, *got) == (request, int(status), steady(shown))


async def test_the_commands_print_what_the_page_shows(app, tmp_path):
    for request, *_ in REQUESTS.rows:
        method, target, headers = asked(request)
        await asyncio.to_thread(call, app.addresses[0], method, target, headers=headers)
    for command, shown in COMMANDS:
        arguments = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", command)]
        config = ["-c", str(tmp_path / "frontdesk.yaml")]
        result = await asyncio.to_thread(CliRunner().invoke, cli, [*arguments, *config])
        assert result.exit_code == 0, result.output
        bytes_apart = r"\d,\d{3} of"
        assert (
            re.sub(bytes_apart, "N of", result.output) == re.sub(bytes_apart, "N of", shown) + "\n"
        )


def test_the_parts_of_a_key_are_known():
    from frontdesk.config.models.cache import key_selector

    for part, _ in PARTS.rows:
        key_selector(*codes(part))


def test_the_page_has_all_that_a_backend_may_say():
    assert {"ETag", "Vary: Accept-Language", "stale-if-error=300"} <= set(
        codes(" ".join(row[0] for row in SAID.rows))
    )
    assert len(examples(ROOT / "docs" / "caching.md")) == 2
