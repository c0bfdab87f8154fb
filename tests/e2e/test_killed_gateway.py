"""A gateway that is killed: none of its function processes outlives it, whatever they are at."""

import contextlib
import os
import signal
import sys

import pytest

from tests.live.calls import connect
from tests.live.gateways import gateway, project
from tests.live.processes import alive, descendants, until

CONFIG = f"""
functions:
  idles: {{handler: code.idles}}
  spins: {{handler: code.spins, timeout: 60s}}
  floods: {{handler: code.floods, timeout: 60s}}
  leaves: {{handler: code.leaves}}
  commands: {{handler: {{command: [{sys.executable}, bootstrap.py]}}, timeout: 60s}}
apis:
  a:
    routes:
      GET /idles: {{function: idles}}
      GET /spins: {{function: spins}}
      GET /floods: {{function: floods, invoke_mode: response_stream}}
      GET /leaves: {{function: leaves}}
      GET /commands: {{function: commands}}
"""

CODE = """
import atexit, os, subprocess, sys, time
from pathlib import Path

HERE = Path(__file__).parent

def tell(name):
    (HERE / name).write_text(f"{os.getpid()}\\n")

def idles(event, context):
    atexit.register(time.sleep, 300)  # it would not end by itself
    tell("idles")

def spins(event, context):
    tell("spins")
    while True:
        pass

def floods(event, context):
    tell("floods")
    with open(HERE / "flooded", "wb", buffering=0) as flooded:
        while True:
            yield b"x" * 65536
            flooded.write(b".")

def leaves(event, context):
    subprocess.run([sys.executable, str(HERE / "daemon.py")])
"""

DAEMON = """
import os, time
from pathlib import Path

if os.fork():
    os._exit(0)
os.setsid()
(Path(__file__).parent / "leaves").write_text(f"{os.getpid()}\\n")
time.sleep(300)
"""

BOOTSTRAP = """
import os, signal, time, urllib.request
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
urllib.request.urlopen(f"http://{api}/2018-06-01/runtime/invocation/next").read()
Path("commands").write_text(f"{os.getpid()}\\n")
time.sleep(300)
"""

NAMES = ("idles", "spins", "floods", "leaves", "commands")


def blocked(file):
    """Tell whether a function that wrote to this file cannot go on: nobody reads what it answers."""
    sizes = []
    until(lambda: sizes.append(file.stat().st_size) or len(sizes) > 20)
    return 0 < sizes[0] == sizes[-1]


def go_on(pid):
    """Leave nothing behind where the test fails."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("zygote", ["well", "stopped"])
def test_no_function_outlives_a_gateway_that_is_killed(tmp_path, zygote):
    """stopped: what a function can do to the process that would end the others."""
    path = project(tmp_path, CONFIG, code=CODE, daemon=DAEMON, bootstrap=BOOTSTRAP)
    with gateway(path) as running, contextlib.ExitStack() as clients:
        for name in NAMES:
            client = clients.enter_context(connect(running.address))
            client.sendall(f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        files = [tmp_path / name for name in NAMES]
        until(lambda: all(file.exists() and file.read_text() for file in files))
        until(lambda: blocked(tmp_path / "flooded"))
        processes = descendants(running.process.pid)
        assert {int(file.read_text()) for file in files} <= processes
        if zygote == "stopped":
            (parent,) = {each for each in processes if len(descendants(each)) >= len(NAMES)}
            os.kill(parent, signal.SIGSTOP)
            clients.callback(go_on, parent)
        running.process.signal(signal.SIGKILL)
        running.process.wait()
        until(lambda: not any(map(alive, processes)))
