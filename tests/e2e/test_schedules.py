"""Schedules of a gateway in a process of its own: a machine and a function start once, also over a `kill -9`."""

import json
import signal
import time
from datetime import UTC, datetime

from tests.live.calls import call, free_port
from tests.live.gateways import gateway, project
from tests.live.processes import until

MODULE = """
import json


def handler(event, context):
    with open("{file}", "a") as file:
        file.write(json.dumps([event, context.client_context.custom]) + "\\n")
"""
CONFIG = """
admin: {{listen: 127.0.0.1:{port}}}
functions: {{note: {{handler: note.handler}}}}
state_machines:
  tell: {{definition: {{StartAt: Note, States: {{Note: {{Type: Task, Resource: "arn:aws:lambda:::function:note", End: true}}}}}}}}
  last: {{definition: {{StartAt: Ended, States: {{Ended: {{Type: Succeed}}}}}}}}
schedules:
  direct: {{at: rate(1 day), function: note, input: {{day: <aws.scheduler.scheduled-time>}}}}
  by_machine: {{at: rate(1 day), state_machine: tell}}
  late: {{at: at({over}), function: note}}
"""


def lines(file):
    found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {custom["idempotency_key"]: event for event, custom in found}, len(found)


def test_each_time_runs_once_over_a_kill(tmp_path):
    file, port = tmp_path / "notes", free_port()
    over = f"{datetime.fromtimestamp(time.time() - 60, UTC):%Y-%m-%dT%H:%M:%S}"
    path = project(tmp_path, CONFIG.format(port=port, over=over), note=MODULE.format(file=file))
    with gateway(path) as first:
        until(lambda: lines(file)[1] == 2)
        metrics = 'frontdesk_schedule_runs_total{schedule="direct",result="started"} 1'
        admin = f"127.0.0.1:{port}"
        until(lambda: metrics in call(admin, "GET", "/metrics").body.decode())
        ended = "/api/state-machines/tell/executions?status=SUCCEEDED"
        until(lambda: b"by_machine-" in call(admin, "GET", ended).body)
        # What is told by a counter is about to be committed; what is answered has been, and all before it.
        assert call(admin, "POST", "/api/state-machines/last/executions", body=b"{}").status == 201
        first.process.signal(signal.SIGKILL)
    with gateway(path) as second:
        again = second.process.wait_for("listening on")
        assert again
        by_key, count = lines(file)
    assert count == len(by_key) == 2
    (direct,) = [event for key, event in by_key.items() if key.startswith("direct-")]
    assert list(direct) == ["day"]
    (event,) = [event for key, event in by_key.items() if ":execution:tell:by_machine-" in key]
    assert event["source"] == "aws.scheduler"
