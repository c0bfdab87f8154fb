"""The response cache of a whole gateway: one call for many requests, nobody's answer for somebody else."""

import asyncio
import json

import pytest

from frontdesk.config.load import load
from tests.live.backends import Echo, threaded
from tests.live.calls import call
from tests.live.gateways import project, serving

PLANS = """
    import json
    from pathlib import Path

    def handler(event, context):
        with Path(__file__).with_suffix(".calls").open("a") as calls:
            calls.write(json.dumps(event) + "\\n")
        return {"plans": ["basic", "vision"]}
"""


def calls(folder):
    path = folder / "plans.calls"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def ask(app, target="/practices/p001/insurance-plans", method="GET", **keywords):
    return await asyncio.to_thread(call, app.addresses[0], method, target, **keywords)


CLINIC = """
    functions: {plans: {handler: plans.handler}}
    apis:
      clinic:
        routes:
          GET /practices/{id}/insurance-plans: {function: plans, cache: {ttl: 300s}}
"""


async def test_301_requests_are_one_invocation(tmp_path):
    path = project(tmp_path, CLINIC, plans=PLANS)
    async with serving(path) as app:
        answers = await asyncio.gather(*(ask(app) for _ in range(301)))
        assert {answer.status for answer in answers} == {200}
        assert {answer.body for answer in answers} == {b'{"plans":["basic","vision"]}'}
        assert len(calls(tmp_path)) == 1
        answer = await ask(app)
        assert answer.headers["Age"] is not None
        assert answer.headers["Cache-Status"].startswith("test; hit; ttl=")


async def ask_admin(app, method, target, body=None):
    return await asyncio.to_thread(call, app.config.admin.listen, method, target, body=body)


async def test_one_answer_is_nobody_elses(tmp_path):
    config = """
        functions: {plans: {handler: plans.handler}}
        authorizers:
          desk: {type: api_key, keys: {ada: aaaaaaaaaaaaaaaaaaaaaaaa, bob: bbbbbbbbbbbbbbbbbbbbbbbb}}
        apis:
          clinic:
            authorizer: desk
            routes:
              GET /mine: {function: plans, cache: {key: [path, authorizer.principalId]}}
    """
    path = project(tmp_path, config, plans=PLANS)
    async with serving(path) as app:
        for key in "ab" * 3:
            answer = await ask(app, "/mine", headers={"X-Api-Key": key * 24})
            assert answer.status == 200
        assert len(calls(tmp_path)) == 2
        assert (await ask(app, "/mine", headers={"X-Api-Key": "c" * 24})).status == 403
        assert len(calls(tmp_path)) == 2


async def test_a_function_cannot_be_made_to_poison_an_answer(tmp_path):
    path = project(tmp_path, CLINIC, plans=PLANS)
    async with serving(path) as app:
        evil = {
            "X-Forwarded-Host": "evil.example",
            "X-Original-Url": "/admin",
            "Origin": "https://e",
        }
        await ask(app, "/practices/p001/insurance-plans?callback=evil", headers=evil)
        (event,) = calls(tmp_path)
        assert "evil" not in json.dumps([event["headers"], event["rawQueryString"]])


class InParts(Echo):
    """Answers in chunks, and counts how often."""

    asked = 0

    def _answer(self, body):
        type(self).asked += 1
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(3):
            self.wfile.write(b"4\r\nmade\r\n")
        self.wfile.write(b"0\r\n\r\n")


async def test_an_answer_that_streams_from_a_backend_is_kept(tmp_path):
    with threaded(InParts) as backend:
        config = f"""
            apis:
              clinic:
                routes:
                  GET /ttl: {{http: "http://{backend}/", cache: {{ttl: 60s}}}}
                  GET /own: {{http: "http://{backend}/", cache: {{mode: rfc9111}}}}
        """
        async with serving(project(tmp_path, config)) as app:
            for target in ("/ttl", "/own"):
                answers = [await ask(app, target) for _ in range(3)]
                assert {answer.body for answer in answers} == {b"made" * 3}
                assert answers[2].headers["Cache-Status"].startswith("test; hit")
    assert InParts.asked == 2


async def test_a_rest_method_has_the_cache_of_its_api(tmp_path):
    config = """
        functions: {plans: {handler: plans.handler}}
        apis:
          clinic:
            type: rest
            stage: {name: prod}
            cache: {ttl: 60s}
            resources:
              /plans:
                GET: {integration: {type: aws_proxy, function: plans}}
                POST: {integration: {type: aws_proxy, function: plans}}
              /fresh:
                GET: {integration: {type: aws_proxy, function: plans}, cache: none}
    """
    code = PLANS.replace('{"plans": ["basic", "vision"]}', '{"statusCode": 200, "body": "{}"}')
    path = project(tmp_path, config, plans=code)
    async with serving(path) as app:
        for method, target, times in (
            ("GET", "/prod/plans", 1),
            ("POST", "/prod/plans", 4),
            ("GET", "/prod/fresh", 7),
        ):
            for _ in range(3):
                assert (await ask(app, target, method)).status == 200
            assert len(calls(tmp_path)) == times


async def test_an_operator_sees_and_drops_what_is_kept(tmp_path):
    path = project(tmp_path, CLINIC, plans=PLANS)
    async with serving(path) as app:
        await ask(app)
        await ask(app)
        told = (await ask_admin(app, "GET", "/cache")).json
        assert told["entries"] == 1
        metrics = (await ask_admin(app, "GET", "/metrics")).body.decode()
        assert 'frontdesk_cache_total{api="clinic",result="hit"} 1' in metrics
        assert f"frontdesk_cache_bytes {told['bytes']}" in metrics
        assert (await ask_admin(app, "POST", "/cache/flush", b'{"api": "other"}')).status == 422
        assert (await ask_admin(app, "POST", "/cache/flush", b"{}")).json == {"flushed": 1}
        await ask(app)
        assert len(calls(tmp_path)) == 2


async def test_answers_outlive_a_reload_that_changes_nothing_of_their_route(tmp_path):
    path = project(tmp_path, CLINIC, plans=PLANS)
    async with serving(path) as app:
        await ask(app)
        await app.reload(app.loaded)
        await ask(app)
        assert len(calls(tmp_path)) == 1
        path.write_text(path.read_text().replace("300s", "200s"))
        await app.reload(load([path], {}))
        await ask(app)
        assert len(calls(tmp_path)) == 2


@pytest.mark.slow
async def test_a_flush_reaches_all_workers(tmp_path):
    path = project(tmp_path, "\n    workers: 2" + CLINIC, plans=PLANS)
    async with serving(path) as app:

        async def workers_with_answers():
            while (await ask_admin(app, "GET", "/cache")).json["entries"] < 2:
                await ask(app)

        async with asyncio.timeout(60):
            await workers_with_answers()
        assert (await ask_admin(app, "POST", "/cache/flush", b'{"api": "clinic"}')).json == {
            "flushed": 2
        }
        assert (await ask_admin(app, "GET", "/cache")).json["entries"] == 0
