"""One trace of all that a request leads to, where somebody kills the gateway meanwhile, and where messages meet."""

import asyncio
import json
import signal

from tests.live.calls import call
from tests.live.collectors import collecting, facts, named, spans_until, tree
from tests.live.gateways import gateway, project, serving
from tests.live.processes import until

LONG = """
tracing: {otlp: "http://COLLECTOR", sample: 1}
functions: {pack: {handler: f.pack}}
state_machines:
  ship:
    definition:
      StartAt: Weigh
      States:
        Weigh: {Type: Pass, Next: Pack}
        Pack:
          Type: Parallel
          Branches:
          - StartAt: Wrap
            States: {Wrap: {Type: Task, Resource: "arn:aws:lambda:us-east-1:000000000000:function:pack", End: true}}
          Next: Send
        Send: {Type: Fail, Error: NoCarrier}
apis: {shop: {routes: {POST /: {state_machine: ship, mode: async}}}}
"""
SLOW_AT_FIRST = """
import pathlib, time
BEGUN = pathlib.Path(FOLDER, "begun")

def pack(event, context):
    if not BEGUN.exists():
        BEGUN.touch()
        time.sleep(60)
"""
WHOLE = """
POST / (server)
  state machine (client)
    execution ship (internal) NoCarrier
      Weigh (internal)
      Pack (internal)
        Wrap (internal)
          pack (server)
      Send (internal) NoCarrier
"""


def test_an_execution_goes_on_with_its_trace_after_a_kill(tmp_path):
    code = SLOW_AT_FIRST.replace("FOLDER", repr(str(tmp_path)))
    with collecting() as collector:
        path = project(tmp_path, LONG.replace("COLLECTOR", collector.address), f=code)
        with gateway(path) as one:
            assert one.call("POST", "/", body=b"{}").status == 202
            until((tmp_path / "begun").exists)
            before = spans_until(collector, lambda spans: named(spans, "POST /"))
            one.process.end(by=signal.SIGKILL)
        with gateway(path):
            after = spans_until(collector, lambda spans: named(spans, "execution ship"))
    assert tree([*before, *after]) == WHOLE.strip()
    (parallel,), (wrap,) = named(after, "Pack"), named(after, "Wrap")
    assert parallel.start_time_unix_nano < max(span.end_time_unix_nano for span in before)
    assert facts(wrap)["frontdesk.state.attempt"] == 1


BATCH = """
tracing: {otlp: "http://COLLECTOR", sample: 0}
functions: {read: {handler: f.read}}
queues:
  letters: {consumer: {function: read, batch: 3, window: 20s}}
apis:
  post: {routes: {POST /: {queue: letters}}}
"""


async def test_work_on_several_messages_links_to_the_sender_of_each_that_is_sampled(tmp_path):
    senders = [f"{number:032x}" for number in (1, 2, 3)]
    with collecting() as collector:
        config = BATCH.replace("COLLECTOR", collector.address)
        code = "import os\ndef read(event, context):\n    print(os.environ['_X_AMZN_TRACE_ID'])\n"
        async with serving(project(tmp_path, config, f=code)) as app:
            for trace, flag in zip(senders, ("01", "00", "01"), strict=True):
                sent = {"traceparent": f"00-{trace}-00000000000000aa-{flag}"}
                await asyncio.to_thread(call, app.addresses[0], "POST", headers=sent, body=b"x")
            spans = await asyncio.to_thread(
                spans_until, collector, lambda spans: named(spans, "read")
            )
    (work,), (read,) = named(spans, "process letters"), named(spans, "read")
    linked = {
        span.span_id: span.trace_id.hex() for span in spans if span.kind == span.SPAN_KIND_CLIENT
    }
    assert {link.span_id: link.trace_id.hex() for link in work.links} == linked
    assert sorted(linked.values()) == [senders[0], senders[2]]
    assert work.trace_id.hex() not in senders
    assert read.parent_span_id == work.span_id
    assert facts(work)["messaging.batch.message_count"] == 3


UNSAMPLED = """
tracing: {otlp: "http://COLLECTOR", sample: 0}
functions: {f: {handler: f.f}}
state_machines:
  m:
    definition:
      StartAt: Go
      States: {Go: {Type: Task, Resource: "arn:aws:lambda:us-east-1:000000000000:function:f", End: true}}
apis: {a: {routes: {POST /: {state_machine: m}}}}
"""


async def test_what_is_not_sampled_at_the_door_is_not_sampled_behind_it(tmp_path):
    with collecting() as collector:
        config = UNSAMPLED.replace("COLLECTOR", collector.address)
        code = "import os\ndef f(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n"
        async with serving(project(tmp_path, config, f=code)) as app:
            answer = await asyncio.to_thread(call, app.addresses[0], "POST", body=b"{}")
        told = json.loads(answer.body)
    assert told.endswith(";Sampled=0")
    assert collector.received.empty()
