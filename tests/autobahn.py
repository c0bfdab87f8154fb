"""Runs Autobahn's test suite against our WebSocket connections: `make autobahn`, apart from `make test`.

The suite is written for Python 2.7; where there is none this says so, and is content.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from frontdesk.gateway.server import http1
from frontdesk.gateway.server.ws import WebSocketConnection
from tests.live.gateways import project, serving

SUITE = "autobahntestsuite==25.10.1"
FOLDER = Path(__file__).parents[1] / ".venv" / "autobahn"
PASSED = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}
"""What the suite says of a case that is held. UNIMPLEMENTED: an offer of compression that we need not take."""

OTHERWISE = {"7.1.5"}
"""Cases held otherwise: a close between the fragments of a message is a fault (1002) to the library."""

CONFIG = """
    apis:
      echo:
        type: websocket
        binary: true
        limits: {message: 64MB, frame: 64MB, buffer: 64MB, ping: 1h, pong: 1m}
"""


class Echo(WebSocketConnection):
    """Says each message back as it came: the protocol is tried here, not what routes answer."""

    __slots__ = ()

    def _begin(self, message, binary, _now):
        if not self._frames.open:
            return
        if binary:  # what is sent by a route is a text where it can be one
            self._frames._whole_protocol().send_binary(message)
        else:
            self._frames.say(message)


def python2():
    """Find a Python 2.7: the one of PYTHON2, of the path, or of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = [os.environ.get("PYTHON2"), "python2.7"]
    named += map(str, sorted(pyenv.glob("versions/2.7*/bin/python2.7")))
    for name in filter(None, named):
        found = shutil.which(name)
        if found and _runs(found):
            return found
    return None


def _runs(python):
    """Tell whether it is more than a name: pyenv has one for every version that it could choose."""
    asked = subprocess.run([python, "--version"], check=False, capture_output=True)
    return asked.returncode == 0


def install(python):
    """Install the suite into a folder of its own, once."""
    if not (FOLDER / "autobahntestsuite").is_dir():
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", FOLDER, SUITE], check=True)


async def tried(python, cases, folder):
    """Run the cases; return what the suite says of each."""
    path = project(folder, CONFIG)
    http1.WebSocketConnection = Echo
    async with serving(path) as app:
        server = {"agent": "frontdesk", "url": f"ws://{app.addresses[0]}"}
        wanted = {"outdir": str(folder), "servers": [server], "cases": cases}
        spec = folder / "fuzzingclient.json"
        spec.write_text(json.dumps(wanted | {"exclude-cases": [], "exclude-agent-cases": {}}))
        code = f"import site; site.addsitedir({str(FOLDER)!r})\n"  # with its namespace packages
        code += "from autobahntestsuite.wstest import run; run()"
        suite = await asyncio.create_subprocess_exec(
            *(python, "-c", code, "-m", "fuzzingclient", "-s", spec),
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        if await suite.wait():
            sys.exit("autobahn: the suite has failed to run")
    return json.loads((folder / "index.json").read_text())["frontdesk"]


def main():
    python = python2()
    if python is None:
        _tell("no python2.7 is found, which the suite needs: nothing was tried")
        return
    install(python)
    with tempfile.TemporaryDirectory() as folder:
        said = asyncio.run(tried(python, sys.argv[1:] or ["*"], Path(folder)))
    told = Counter(case["behavior"] for case in said.values())
    _tell(f"{len(said)} cases: " + ", ".join(f"{many} {what}" for what, many in told.items()))
    failed = [
        f"{name}: {case['behavior']}, closing {case['behaviorClose']}"
        for name, case in sorted(said.items())
        if name not in OTHERWISE and not {case["behavior"], case["behaviorClose"]} <= PASSED
    ]
    if failed or not said:
        sys.exit("\n".join(failed) or "autobahn: no such cases")


def _tell(text):
    print(f"autobahn: {text}")  # noqa: T201 - a command-line check


if __name__ == "__main__":
    main()
