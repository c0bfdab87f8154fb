"""A disk that is full costs log lines and notes, no request and no reload."""

import signal

import pytest

from tests.live.disks import fill, small_disk
from tests.live.gateways import gateway, project
from tests.live.processes import until

CONFIG = """
data_dir: disk
logs: {access: {path: disk/access.log, format: "$context.path"}}
functions: {f: {handler: code.f}}
apis:
  a:
    routes:
      GET /f: {function: f}
      $default: {mock: {body: before}}
"""
CODE = "def f(event, context):\n    print(event['queryStringParameters']['n'])\n"


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_requests_and_reloads_go_on_while_the_disk_is_full(tmp_path, disk):
    path = project(tmp_path, CONFIG, code=CODE)
    with gateway(path) as running:
        assert running.call("GET", "/f?n=first").status == 200
        until(
            lambda: (disk / "logs" / "f.log").exists() and "/f" in (disk / "access.log").read_text()
        )

        fill(disk / "filler")
        while "access log lines dropped" not in running.process.stderr:
            assert running.call("GET", f"/{'x' * 4000}").status == 200
            assert running.call("GET", f"/f?n={'y' * 4000}").status == 200
        running.process.wait_for("access log lines dropped: No space left on device")
        running.process.wait_for("log lines of f dropped: No space left on device")

        path.write_text(path.read_text().replace("body: before", "body: after"))
        running.process.signal(signal.SIGHUP)
        running.process.wait_for("this configuration is not in the history: ")
        running.process.wait_for("reloaded: 1 key changed")
        assert running.call("GET", "/").body == b"after"

        (disk / "filler").unlink()
        running.call("GET", "/again")
        running.call("GET", "/f?n=again")
        running.process.wait_for(r"access log lines are written again, dropped meanwhile: \d+")
        running.process.wait_for(r"log lines of f are written again, dropped meanwhile: \d+")
        until(lambda: "\n/again\n" in (disk / "access.log").read_text())
        until(lambda: "\nagain\n" in (disk / "logs" / "f.log").read_text())
    assert running.process.stderr.count("access log lines dropped") == 1
    assert running.process.stderr.count("log lines of f dropped") == 1
