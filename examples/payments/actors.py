"""The two processes of the tour: the payment provider, and the shop's gateway, which can be killed."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("frontdesk")
PATIENCE = 60.0  # seconds
SECRETS = {"/shop/provider-key": "sk_of_the_tour", "/shop/webhook-secret": "whsec_of_the_tour"}


def ask(url, method, path, document=None):
    """Send a request; return the status and what the JSON of the answer says."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    try:
        fields = {"Content-Type": "application/json"}
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def until(found, what):
    """Ask again and again until there is an answer, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come")
        time.sleep(0.05)
    return answer


def free_ports(count):
    """Find ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Provider:
    """The provider's process, and what the tour asks of it."""

    def __init__(self):
        key, secret = SECRETS.values()
        command = [sys.executable, HERE / "provider.py", "--port", "0", "--key", key]
        self._process = subprocess.Popen(
            [*command, "--secret", secret], stdout=subprocess.PIPE, text=True
        )
        self.url = self._process.stdout.readline().strip()

    def expect(self, **what):
        ask(self.url, "PUT", "/faults", what)

    def ledger(self):
        return ask(self.url, "GET", "/ledger")[1]

    def met(self, order):
        """Return what the requests for an order have met."""
        return self.ledger().get(order, {"met": []})["met"]

    def send(self, shop, order, how="once", kind="payment.completed"):
        """Have an order's event sent; return its id and the statuses of the answers."""
        asked = {"order": order, "url": f"{shop}/hooks/provider", "how": how, "type": kind}
        return ask(self.url, "POST", "/webhooks", asked)[1]

    def refund(self, shop, order):
        asked = {"order": order, "url": f"{shop}/hooks/provider"}
        return ask(self.url, "POST", "/refunds", asked)[1]

    def stop(self):
        self._process.terminate()
        self._process.wait()


class Gateway:
    """The shop's gateway, which can be killed and started again. folder: of its file and of its data."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"http://127.0.0.1:{os.environ['SHOP_PORT']}"
        self._log = (folder / "gateway.log").open("ab")
        self._process = None

    def keep_secrets(self):
        """Put the secrets into the vault, so that they stand in no file; return their names."""
        keeping = []
        for name, value in SECRETS.items():
            command = [PROGRAM, "secrets", "set", name, "-c", self.folder / "frontdesk.yaml"]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log
            )
            process.stdin.write(value.encode())
            process.stdin.close()
            keeping.append(process)
        if any(process.wait() for process in keeping):
            raise SystemExit((self.folder / "gateway.log").read_text())
        return list(SECRETS)

    def start(self):
        command = [PROGRAM, "run", "-c", self.folder / "frontdesk.yaml"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        until(self._answers, "the gateway")

    def _answers(self):
        if self._process.poll() is not None:
            raise SystemExit((self.folder / "gateway.log").read_text())
        try:
            return ask(self.url, "GET", "/health")[0]
        except OSError:
            return None

    def delivery(self, event):
        """Return what the inbox tells of an event."""
        admin = f"http://127.0.0.1:{os.environ['SHOP_ADMIN_PORT']}"
        return ask(admin, "GET", f"/api/inbox/delivery?webhook=provider&id={event}")[1]

    def logged(self, order):
        """Return what the function has logged of its call for an order. None: nothing yet."""
        lines = (self.folder / ".frontdesk" / "logs" / "charge.log").read_text().splitlines()
        calls = [json.loads(line) for line in lines if line.startswith("{")]
        return next((call for call in calls if order in call.get("idempotency_key", "")), None)

    def kill(self):
        """End it as a crash does: kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._log.close()
