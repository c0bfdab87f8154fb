"""docs/functions.md: its events are those of a running door, its answers are accepted."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.live.calls import call
from tests.live.gateways import project, serving

PAGE = (Path(__file__).parents[2] / "docs" / "functions.md").read_text()
EXAMPLES = {
    name: json.loads(text) for name, text in re.findall(r"```json (\S+)\n(.*?)```", PAGE, re.DOTALL)
}

CODE = dict(re.findall(r"```(?:python|js) (\S+)\n(.*?)```", PAGE, re.DOTALL))

CONFIG = """
    functions:
      report: {handler: code.report, url: {auth: none, invoke_mode: response_stream}}
      hello: {handler: {command: [node, bootstrap.mjs]}, code: hello, url: {auth: none}}
      echo: {handler: f.echo}
      answer: {handler: f.answer}
      answer_one: {handler: f.answer}
      check: {handler: f.check}
      policy: {handler: f.policy}
    authorizers:
      simple: {type: function, function: check, cache: 0}
      iam: {type: function, function: policy, form: iam, cache: 0}
    apis:
      shown:
        authorizer: simple
        routes:
          POST /practices/{id}/appointments: {function: echo}
          GET /answer: {function: answer, authorizer: none}
          GET /policy: {function: answer, authorizer: iam}
      old:
        base_path: /old
        authorizer: simple
        routes:
          POST /practices/{id}/appointments: {function: echo, payload: "1.0"}
"""

MODULE = f"""
    import json, pathlib

    HERE = pathlib.Path(__file__).parent
    EXAMPLES = json.loads({json.dumps(json.dumps(EXAMPLES))})

    def echo(event, context):
        assert context.aws_request_id and context.get_remaining_time_in_millis() > 0
        return {{"statusCode": 200, "body": json.dumps(event)}}

    def answer(event, context):
        return EXAMPLES["answer-2.0"]

    def check(event, context):
        (HERE / "authorizer.json").write_text(json.dumps(event))
        return EXAMPLES["authorizer-answer"]

    def policy(event, context):
        return EXAMPLES["policy-answer"]
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Answers of a door to the requests of the page, and the event of its authorizer."""
    folder = tmp_path_factory.mktemp("functions")

    async def ask():
        (folder / "hello").mkdir()
        (folder / "hello" / "bootstrap.mjs").write_text(CODE["bootstrap"])
        async with serving(project(folder, CONFIG, f=MODULE, code=CODE["streaming"])) as app:
            address = app.addresses[0]
            headers = {
                "Authorization": "Bearer x",
                "Content-Type": "application/json",
                "Cookie": "lang=de",
                "User-Agent": "curl/8",
            }
            target = "/practices/p001/appointments?notify=sms"

            def post(path):
                return call(address, "POST", path, headers=headers, body=b'{"slot": "09:30"}')

            def get(path):
                return call(address, "GET", path, headers=headers)

            return {
                "event-2.0": json.loads((await asyncio.to_thread(post, target)).body),
                "authorizer-event": json.loads((folder / "authorizer.json").read_text()),
                "event-1.0": json.loads((await asyncio.to_thread(post, f"/old{target}")).body),
                "answer": await asyncio.to_thread(get, "/answer"),
                "policy": await asyncio.to_thread(get, "/policy"),
                "streaming": await asyncio.to_thread(get, "/fn/report"),
                "bootstrap": await asyncio.to_thread(get, "/fn/hello/world"),
            }

    return asyncio.run(ask())


def shape(value, *, open_keys=("headers", "multiValueHeaders")):
    """Keep names and types, not values; of header fields not even the names."""
    if isinstance(value, dict):
        return {key: "fields" if key in open_keys else shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


@pytest.mark.parametrize("name", ["event-2.0", "event-1.0"])
def test_an_event_is_as_the_page_shows_it(seen, name):
    assert shape(seen[name]) == shape(EXAMPLES[name])


def test_an_authorizer_gets_what_the_page_shows(seen):
    event, shown = seen["authorizer-event"], EXAMPLES["authorizer-event"]
    assert event.keys() == shown.keys()
    assert event["identitySource"] == ["Bearer x"]
    assert shown["requestContext"].keys() <= event["requestContext"].keys()


def test_the_answers_of_the_page_are_accepted(seen):
    for answer in (seen["answer"], seen["policy"]):
        assert answer.status == 201
        assert answer.body == b'{"id": 17}'
        assert answer.headers["location"] == "/appointments/17"


def test_the_generator_of_the_page_streams(seen):
    answer = seen["streaming"]
    assert answer.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["set-cookie"] == "seen=1"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_the_program_of_the_page_answers(seen):
    assert (seen["bootstrap"].status, seen["bootstrap"].body) == (200, b"Hello /world")
