"""What an operator is shown of a running gateway: numbers, spans, readiness, slow requests."""

import asyncio
import json
import logging
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.backends import Echo, threaded
from tests.live.calls import call, free_port
from tests.live.collectors import collecting, spans_until
from tests.live.gateways import project, serving

TRACE = "5759e988bd862e3fe1be46a994272793"
SPAN = "53995c3f42cd8ad8"

FUNCTIONS = """
import os

def check(event, context):
    return {"isAuthorized": True, "context": {"trace": os.environ["_X_AMZN_TRACE_ID"]}}

def show(event, context):
    seen = {name: event["headers"].get(name, "") for name in ("traceparent", "x-amzn-trace-id")}
    return {**seen, "environment": os.environ["_X_AMZN_TRACE_ID"]}

def fail(event, context):
    raise ValueError("no slot")
"""


def ask(app, target="/", **more):
    return asyncio.to_thread(call, app.addresses[0], target=target, **more)


def ask_admin(app, target, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.to_thread(call, app.config.admin.listen, target=target, headers=headers)


async def numbers(app):
    """Scrape: {(name, labels without those that are empty): value}."""
    answer = await ask_admin(app, "/metrics")
    assert answer.status == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def total(found, name, **labels):
    """Add up the series of one name that have these labels."""
    return sum(
        value
        for (found_name, *pairs), value in found.items()
        if found_name == name and labels.items() <= dict(pairs).items()
    )


# -- metrics ------------------------------------------------------------------------------------

COUNTED = """
functions: {show: {handler: f.show}, fail: {handler: f.fail}, check: {handler: f.check}}
authorizers: {a: {type: function, function: check, identity: $request.header.Authorization}}
apis:
  clinic:
    routes:
      GET /shown/{id}: {function: show}
      GET /failed: {function: fail}
      GET /guarded: {authorizer: a, mock: {}}
      GET /rare: {mock: {}, throttle: {rate: 1/h}}
      GET /away: {http: "http://BACKEND/x"}
"""


async def test_requests_are_counted_where_they_went(tmp_path):
    with threaded(Echo) as backend:
        config = COUNTED.replace("BACKEND", backend)
        async with serving(project(tmp_path, config, f=FUNCTIONS)) as app:
            for target in (
                "/shown/1",
                "/shown/2",
                "/failed",
                "/rare",
                "/rare",
                "/away",
                "/nowhere",
            ):
                await ask(app, target)
            for headers in ({}, {"Authorization": "x"}, {"Authorization": "x"}):
                await ask(app, "/guarded", headers=headers)
            found = await numbers(app)

    requests = "http_server_request_duration_seconds_count"
    assert total(found, requests, http_route="/shown/{id}", http_response_status_code="200") == 2
    assert total(found, requests, http_route="/failed", error_type="function:unhandled") == 1
    assert total(found, requests, http_route="unmatched", http_response_status_code="404") == 1
    assert total(found, requests) == total(found, "frontdesk_overhead_seconds_count") == 10
    assert total(found, "http_server_response_body_size_bytes_sum", http_route="/away") > 100
    rejections = "frontdesk_rejections_total"
    assert total(found, rejections, stage="throttle", reason="route", http_route="/rare") == 1
    assert total(found, rejections, stage="auth") == 1
    assert total(found, rejections, stage="route") == 1
    assert total(found, rejections) == 3
    throttle = "frontdesk_throttle_total"
    assert total(found, throttle, policy="route", result="allowed") == 1
    assert total(found, throttle, policy="route", result="limited") == 1
    assert total(found, throttle, policy="account", result="allowed") == 9
    decisions = "frontdesk_authorizer_total"
    for result, cached in (("missing", "false"), ("allow", "false"), ("allow", "true")):
        assert total(found, decisions, authorizer="a", result=result, cached=cached) == 1
    assert total(found, "frontdesk_authorizer_duration_seconds_count", authorizer="a") == 1
    name = f"http://{backend}"
    assert total(found, "http_client_request_duration_seconds_count", upstream=name) == 1
    assert total(found, "frontdesk_outbound_attempts_total", upstream=name, outcome="ok") == 1
    assert total(found, "frontdesk_pool_connections", upstream=name) == 1
    calls = "faas_invocations_total"
    assert total(found, calls, faas_invoked_name="show", faas_trigger="http") == 2
    assert total(found, "faas_invoke_duration_seconds_count", faas_invoked_name="show") == 2
    assert total(found, "faas_errors_total", faas_invoked_name="fail", error_type="ValueError") == 1
    assert total(found, "faas_coldstarts_total", faas_version="$LATEST") >= 3
    assert total(found, "faas_init_duration_seconds_count") >= 3
    assert total(found, "frontdesk_function_queue_wait_seconds_count", function="show") == 2
    assert total(found, "frontdesk_function_concurrency", state="idle") >= 3
    assert total(found, "faas_mem_usage_bytes", faas_invoked_name="show") > 0
    assert total(found, "frontdesk_build_info") == 1
    assert found["process_open_fds",] > 5
    assert found["http_server_active_requests",] == 0


async def test_the_metrics_are_told_to_whoever_has_the_token(tmp_path):
    config = f"admin: {{listen: 127.0.0.1:{free_port()}, token: t0ken}}\n"
    config += "apis: {a: {routes: {GET /: {mock: {}}}}}\n"
    async with serving(project(tmp_path, config)) as app:
        assert (await ask_admin(app, "/metrics")).status == 401
        assert (await ask_admin(app, "/metrics", Authorization="Bearer t0ken")).status == 200
        assert (await ask_admin(app, "/readyz")).status == 200
        assert (await ask_admin(app, "/healthz")).status == 200


async def test_metrics_can_be_turned_off(tmp_path):
    config = "metrics: off\napis: {a: {throttle: 5/s, routes: {GET /: {mock: {}}}}}\n"
    async with serving(project(tmp_path, config)) as app:
        assert (await ask(app)).status == 200
        assert (await ask_admin(app, "/metrics")).status == 404


async def test_calls_without_a_place_or_in_time_are_counted(tmp_path):
    config = """
    functions:
      none: {handler: f.wait, reserved_concurrency: 0}
      late: {handler: f.wait, timeout: 100ms}
    apis: {a: {routes: {GET /none: {function: none}, GET /late: {function: late}}}}
    """
    code = "import time\ndef wait(event, context):\n    time.sleep(9)\n"
    async with serving(project(tmp_path, config, f=code)) as app:
        assert (await ask(app, "/none")).status == 503
        assert (await ask(app, "/late")).status == 500
        found = await numbers(app)
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    throttles = "frontdesk_function_throttles_total"
    assert total(found, throttles, function="none", reason=reason) == 1
    assert total(found, "faas_timeouts_total", faas_invoked_name="late") == 1
    assert total(found, "faas_errors_total") == 0


async def test_a_function_that_cannot_be_loaded_is_counted_and_known_to_be_broken(tmp_path):
    config = "functions: {f: {handler: f.gone}}\napis: {a: {routes: {GET /: {function: f}}}}\n"
    async with serving(project(tmp_path, config, f="")) as app:
        assert (await ask(app)).status == 500
        found = await numbers(app)
        assert (await ask_admin(app, "/readyz")).status == 200
    assert total(found, "faas_errors_total", faas_invoked_name="f", error_type="init") >= 1


# -- traces -------------------------------------------------------------------------------------


@pytest.fixture
def collector():
    with collecting() as running:
        yield running


def collected(collector, count):
    """Wait for so many spans; return them by name."""
    spans = spans_until(collector, lambda spans: len({span.name for span in spans}) >= count)
    return {span.name: span for span in spans}


TRACED = """
tracing: {otlp: "http://COLLECTOR", sample: 1}
logs: {access: {path: access.log}}
functions: {show: {handler: f.show}, check: {handler: f.check}}
authorizers: {a: {type: function, function: check, identity: $request.header.Authorization}}
apis:
  clinic:
    routes:
      GET /shown/{id}: {function: show, authorizer: a}
      GET /away: {http: "http://BACKEND/x"}
"""


async def test_the_spans_of_a_request_reach_the_collector_as_one_trace(tmp_path, collector):
    config = TRACED.replace("COLLECTOR", collector.address)
    sent = {"Authorization": "x", "traceparent": f"00-{TRACE}-{SPAN}-01"}
    async with serving(project(tmp_path, config, f=FUNCTIONS)) as app:
        answer = await ask(app, "/shown/7", headers=sent)
        spans = await asyncio.to_thread(collected, collector, 5)
    door, authorizer, function, ran = (
        spans[name] for name in ("GET /shown/{id}", "authorize", "function", "show")
    )
    assert {span.trace_id.hex() for span in spans.values()} == {TRACE}
    assert door.parent_span_id.hex() == SPAN
    assert authorizer.parent_span_id == function.parent_span_id == door.span_id
    assert (door.kind, function.kind) == (door.SPAN_KIND_SERVER, door.SPAN_KIND_CLIENT)
    assert spans["check"].parent_span_id == authorizer.span_id
    assert ran.parent_span_id == function.span_id
    # The event is what the door sends; what the code calls is below the span of its call.
    assert answer.json["traceparent"] == f"00-{TRACE}-{function.span_id.hex()}-01"
    amazon = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={function.span_id.hex()};Sampled=1"
    assert answer.json["x-amzn-trace-id"] == amazon
    own = amazon.replace(function.span_id.hex(), ran.span_id.hex())
    assert answer.json["environment"] == own
    assert door.start_time_unix_nano <= authorizer.start_time_unix_nano
    assert authorizer.end_time_unix_nano <= function.start_time_unix_nano
    assert function.end_time_unix_nano <= door.end_time_unix_nano
    facts = {pair.key: pair.value for pair in door.attributes}
    assert facts["http.route"].string_value == "/shown/{id}"
    assert facts["http.response.status_code"].int_value == 200
    (line,) = (tmp_path / "access.log").read_text().splitlines()
    assert json.loads(line)["traceId"] == TRACE


async def test_a_backend_goes_on_with_the_trace(tmp_path, collector):
    with threaded(Echo) as backend:
        config = TRACED.replace("COLLECTOR", collector.address).replace("BACKEND", backend)
        async with serving(project(tmp_path, config, f=FUNCTIONS)) as app:
            new = (await ask(app, "/away")).json["headers"]
            spans = await asyncio.to_thread(collected, collector, 2)
            kept = {"traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "a=1", "baggage": "b=1"}
            passed = (await ask(app, "/away", headers=kept)).json["headers"]
            malformed = (await ask(app, "/away", headers=kept | {"traceparent": "00-x"})).json
    trace, span = (spans["http"].trace_id.hex(), spans["http"].span_id.hex())
    assert new["traceparent"] == f"00-{trace}-{span}-01"
    assert (passed["traceparent"], passed["tracestate"]) == (kept["traceparent"], "a=1")
    assert "baggage" not in passed
    assert malformed["headers"]["traceparent"] != "00-x"
    assert "tracestate" not in malformed["headers"]


async def test_spans_that_the_collector_refuses_are_counted_and_hold_nobody_up(tmp_path, collector):
    collector.status = 400
    with threaded(Echo) as backend:
        config = TRACED.replace("COLLECTOR", collector.address).replace("BACKEND", backend)
        async with serving(project(tmp_path, config, f=FUNCTIONS)) as app:
            assert (await ask(app, "/away")).status == 200
            await asyncio.to_thread(collector.received.get, timeout=20)
            found = {}
            while not total(found, "frontdesk_spans_dropped_total", reason="export"):
                found = await numbers(app)
    assert total(found, "frontdesk_spans_dropped_total", reason="export") == 2


# -- health and slow requests -----------------------------------------------------------------------


async def test_readiness_says_what_is_missing(tmp_path):
    config = """
    authorizers: {a: {type: jwt, issuer: "http://127.0.0.1:1", audience: x, allow_http: true}}
    apis: {a: {authorizer: a, routes: {GET /: {mock: {}}}}}
    """
    async with serving(project(tmp_path, config)) as app:
        answer = await ask_admin(app, "/readyz")
        alive = await ask_admin(app, "/healthz")
    assert answer.status == 503
    assert answer.json == {
        "status": "not ready",
        "reasons": ["no keys of issuer http://127.0.0.1:1"],
    }
    assert alive.status == 200


async def test_a_gateway_is_ready_when_its_functions_have_loaded(tmp_path):
    config = "functions: {f: {handler: f.f}}\napis: {a: {routes: {GET /: {function: f}}}}\n"
    go = tmp_path / "go"
    code = f"""
    import os, time
    while not os.path.exists({str(go)!r}):
        time.sleep(0.01)
    def f(event, context): return 1
    """
    async with serving(project(tmp_path, config, f=code)) as app:
        answer = await ask_admin(app, "/readyz")
        go.touch()
        assert (answer.status, answer.json["reasons"]) == (503, ["function f is starting"])
        while answer.status != 200:
            answer = await ask_admin(app, "/readyz")
    assert answer.json == {"status": "ready"}


async def test_a_gateway_that_stops_says_so_to_the_load_balancer(tmp_path):
    slow = "import time\ndef wait(event, context):\n    time.sleep(2)\n    return 1\n"
    config = (
        "functions: {wait: {handler: f.wait}}\napis: {a: {routes: {GET /: {function: wait}}}}\n"
    )
    async with serving(project(tmp_path, config, f=slow)) as app:
        running = asyncio.create_task(ask(app))
        while not total(await numbers(app), "http_server_active_requests"):
            pass
        stopping = asyncio.create_task(app.stop())
        answer = await ask_admin(app, "/readyz")
        while answer.status == 200:
            answer = await ask_admin(app, "/readyz")
        assert answer.status == 503
        assert answer.json["reasons"][0] == "draining"
        assert (await running).status == 200
        with suppress(asyncio.CancelledError):
            await stopping


async def test_a_slow_request_is_logged_with_the_time_of_each_stage(tmp_path, caplog):
    config = """
    logs: {access: off, slow: 1ms}
    functions: {wait: {handler: f.wait}}
    apis: {a: {throttle: 100/s, routes: {POST /: {function: wait}, GET /: {mock: {}}}}}
    """
    code = "import time\ndef wait(event, context):\n    time.sleep(0.05)\n    return 1\n"
    with caplog.at_level(logging.WARNING, "frontdesk.slow"):
        async with serving(project(tmp_path, config, f=code)) as app:
            answer = await ask(app, method="POST", body=b"abc")
    assert answer.status == 200
    (record,) = caplog.records
    assert list(record.stages) == ["route", "throttle", "body", "function", "answer"]
    assert record.stages["function"] >= 50
    assert sum(record.stages.values()) == pytest.approx(record.totalMs, abs=0.01)
    assert (record.route, record.status) == ("POST /", 200)
    assert len(record.traceId) == 32
