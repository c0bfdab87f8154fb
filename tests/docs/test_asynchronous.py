"""docs/asynchronous.md: its example runs, its conditions are the code's."""

import asyncio
import json
import re
from typing import get_args

from frontdesk.config.check import check
from frontdesk.config.load import load
from frontdesk.rules.asynchronous.progress import Condition
from tests.docs.pages import ROOT, codes, examples, tables
from tests.live.gateways import project, serving

PATH = ROOT / "docs" / "asynchronous.md"
PAGE = PATH.read_text()
MODULE, CLIENT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WHOLE, METHOD = examples(PATH)


async def test_the_example_runs_and_its_record_is_the_one_that_is_shown(
    tmp_path, monkeypatch, capsys
):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config = json.loads(json.dumps(WHOLE.content))
    config["functions"]["send_letter"]["retries"] = 0  # else a minute would pass
    path = project(
        tmp_path,
        f"functions: {json.dumps(config['functions'])}\nqueues: {{undelivered: {{}}}}",
        letters=MODULE,
    )
    noted = asyncio.Event()

    def echo(_function, line):
        if "Success ada@example.org {'sent': 'ada@example.org'}" in line:
            noted.set()

    async with serving(path, echo=echo) as app:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://{app.config.admin.listen}")
        id_ = await asyncio.to_thread(_run, CLIENT)
        assert len(id_) == 36
        async with asyncio.timeout(20):
            await noted.wait()
        await asyncio.to_thread(_run, CLIENT.replace("ada@example.org", "ada"))
        queues = app._works.part.durable.queues.queues
        (message,) = await queues.receive(queues.find("undelivered"), most=1, wait=20)
    shown = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    record = json.loads(message.body)
    assert _form(record) == _form(shown)
    for document in (record, shown):
        document["requestContext"].update(requestId="", approximateInvokeCount=0)
        document["responsePayload"].update(requestId="", stackTrace=[])
        document["timestamp"] = ""
    assert record == shown


def test_the_examples_are_a_file_without_findings(tmp_path):
    path = tmp_path / "frontdesk.yaml"
    (tmp_path / "letters.py").write_text(MODULE)
    path.write_text(json.dumps({**WHOLE.content, **METHOD.content}))
    assert list(check(load([path], {}))) == []


def test_all_conditions_are_told():
    (table,) = [each for each in tables(PAGE) if each.head[0] == "`condition`"]
    assert [codes(row[0])[0] for row in table.rows] == list(get_args(Condition))


def _run(code):
    scope = {}
    exec(code, scope)  # our own page
    scope["client"].close()
    return scope["answer"]["ResponseMetadata"]["RequestId"]


def _form(record):
    return {
        key: list(value) if isinstance(value, dict) else type(value)
        for key, value in record.items()
    }
