"""Runs the clinic: an insurance company's API behind it, the door in front, and requests to try.

`make demo` calls this. It stays in the foreground until Ctrl-C.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from frontdesk.app import development_issuer
from frontdesk.config.load import load

HERE = Path(__file__).parent
CONFIG = HERE / "frontdesk.yaml"
PROGRAM = Path(sys.executable).with_name("frontdesk")


class Insurance(BaseHTTPRequestHandler):
    """Another company's API: GET /plans/{name}. Shows what the door passes on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        plan = {"plan": self.path, "practice": self.headers.get("X-Practice"), "covered": True}
        body = json.dumps(plan).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The door's log is enough."""


def lines(door, token, secret, console):
    """The requests to try, as shell lines, and where to see them come. secret: that webhooks are signed with."""
    slots = f'{door}/practices/p001/slots -H "Authorization: Bearer $TOKEN"'
    call = r"{\"id\": \"$1-$(date +%s%N)\", \"type\": \"call.$1\", \"practice_id\": \"p001\", "
    call += r"\"call\": {\"id\": \"c1\", \"caller\": \"A. Example\", \"at\": \"$(date -uIs)\"}}"
    return f"""
Try these in another terminal:

TOKEN={token}

# book an appointment: the token is verified, then a function runs
curl -i {door}/appointments -H "Authorization: Bearer $TOKEN" --json '{{"patient": "A. Example", "slot": "2026-11-23T09:30"}}'

# a browser's preflight: answered at the door, no token and no code
curl -i -X OPTIONS {door}/appointments -H 'Origin: https://app.clinic.example' -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: authorization'

# a burst: five a second for each practice, then 429
for i in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null -w '%{{http_code}} ' {slots}; done; echo

# an unknown route: 404, no code
curl -i {door}/nothing/here

# another company's API, called through the door
curl -i {door}/insurance/gold -H "Authorization: Bearer $TOKEN"

# a call for the board, as the telephone system tells of it: a signed webhook, the inbox, a function, all dashboards
tell() {{ BODY="{call}"; printf %s "$BODY" | {PROGRAM} hook sign - --scheme generic-hmac --secret {secret} | curl -H @- --data-raw "$BODY" {door}/hooks/calls; }}
tell started; tell answered; tell ended

# what a request goes through, with the lines of the file
{PROGRAM} explain -c {CONFIG} GET /practices/p001/slots

The live call board, in a browser:

{door}/board/index.html#token={token}

See them come, in a browser:

{console}
"""


def is_open(address):
    """Whether somebody listens there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def wait_for(address, process):
    """Return True when the process listens, False when it has ended."""
    while process.poll() is None:
        if is_open(address):
            return True
        time.sleep(0.05)
    return False


def main():
    insurance = ThreadingHTTPServer(("127.0.0.1", 0), Insurance)
    threading.Thread(target=insurance.serve_forever, daemon=True).start()
    os.environ["INSURANCE_PORT"] = str(insurance.server_port)

    config = load([CONFIG], os.environ).config
    claims = {"practice_id": "p001"}
    token = development_issuer(config).token(claims, audience="clinic-app", scopes=["book"])

    address = config.listen[0].address
    taken = is_open(address)  # by somebody else: the gateway will say so
    gateway = subprocess.Popen([PROGRAM, "dev", "--config", CONFIG])
    signal.signal(signal.SIGTERM, lambda *_: gateway.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the gateway as well
    if not taken and wait_for(address, gateway):
        console = f"http://{config.admin.listen}/console"
        secret = config.webhooks["calls"].secret.value.reveal()
        print(lines(f"http://{address}", token, secret, console), flush=True)
    return gateway.wait()


if __name__ == "__main__":
    sys.exit(main())
