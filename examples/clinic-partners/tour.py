"""A tour: each behaviour of the partners' API with its request and answer. Exits with 0 when all are as said.

`make demo-partners` calls this. It starts the gateway and an insurance company behind it, and ends both.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from frontdesk.config.load import load

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("frontdesk")
PATIENCE = 60.0  # seconds


class Insurer(BaseHTTPRequestHandler):
    """Another company's API: GET /plans. Counts how often it is asked."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        type(self).asked += 1
        body = json.dumps({"plans": ["basic", "gold"], "answer": self.asked}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The gateway's log is enough."""


class Tour:
    """Sends requests, shows them, and remembers what was not as expected."""

    def __init__(self, config):
        self.address = config.listen[0].address
        self.keys = {name: key.value.reveal() for name, key in config.keys.items()}
        self.wrong = []

    def title(self, text):
        print(f"\n== {text}", flush=True)

    def send(self, method, path, *, key=None, body=None, headers=()):
        """Send a request; answer with (status, headers, text)."""
        fields = dict(headers)
        if key is not None:
            fields["x-api-key"] = self.keys.get(key, key)
        data = None
        if body is not None:
            fields["Content-Type"] = "application/json"
            data = json.dumps(body)
        connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=30)
        try:
            connection.request(method, path, data, fields)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def show(self, method, path, status, *, key=None, body=None, headers=(), fields=(), text=""):
        """Send a request, print it with its answer, and check both. fields: of the answer, to print."""
        said = [
            f"x-api-key: {key}" if key else "",
            *(f"{name}: {value}" for name, value in headers),
        ]
        shown = f"{method} {path}  {'  '.join(filter(None, said))}".rstrip()
        print(f"> {shown}" + (f"  {json.dumps(body)}" if body is not None else ""))
        found, answered, content = self.send(method, path, key=key, body=body, headers=headers)
        print(f"< {found} {content.strip()}")
        lower = {name.lower(): value for name, value in answered.items()}
        for name in fields:
            print(f"< {name}: {lower.get(name.lower(), '-')}")
        self.expect(found == status, f"{shown}: {status} was expected, {found} came")
        self.expect(text in content, f"{shown}: {text!r} was expected in the answer")
        for name in fields:
            self.expect(name.lower() in lower, f"{shown}: the answer has no {name}")
        sys.stdout.flush()
        return lower

    def expect(self, holds, otherwise):
        if not holds:
            print(f"!! {otherwise}", flush=True)
            self.wrong.append(otherwise)

    def many(self, count, method, path, *, key, body=None):
        """Send requests eight at a time; count their statuses."""
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(
                lambda _: self.send(method, path, key=key, body=body)[0], range(count)
            )
            statuses = sorted(answers)
        counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
        print(f"> {count} x {method} {path}  x-api-key: {key}\n< {counts}", flush=True)
        return counts


def frontdesk(config, *words):
    """Run a command, show it, and return what it printed."""
    print(f"$ frontdesk {' '.join(words)}", flush=True)
    done = subprocess.run(
        [PROGRAM, *words, "-c", config], capture_output=True, text=True, check=False, timeout=60
    )
    print("\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()), flush=True)
    return done.stdout


def keys_and_plans(tour, config):
    tour.title("Each practice has a key, and each key its plan")
    booking = {"patient": "A. Example", "slot": "2026-12-02T10:30"}
    practice = [("X-Practice", "p001")]
    path = "/v2/bookings/b1"
    tour.show("PUT", path, 403, body=booking, headers=practice, text="Forbidden")
    tour.show("PUT", path, 403, key="guessed-key-0123456789", body=booking, headers=practice)
    tour.show("PUT", path, 201, key="practice_a", body=booking, headers=practice, text="Riverside")
    for name, rate in (("practice_a", 50), ("practice_b", 200), ("practice_c", 500)):
        began = time.monotonic()
        passed = tour.many(120, "GET", "/v1/bookings/b1", key=name).get(200, 0)
        most = rate + rate * (time.monotonic() - began) + 1  # a burst, and what came back meanwhile
        tour.expect(passed <= most, f"{name}: {passed} passed, {most:.0f} at most were expected")
        tour.expect(rate < 120 or passed == 120, f"{name}: {passed} of 120 at {rate} a second")
    tour.title("A quota that is used up is told apart from a throttle, and touches nobody else")
    for _ in range(3):
        tour.show("GET", "/v1/bookings/b1", 200, key="visitor")
    tour.show(
        *("GET", "/v1/bookings/b1", 429),
        key="visitor",
        fields=("Retry-After",),
        text="Limit Exceeded",
    )
    tour.show("GET", "/v1/bookings/b1", 200, key="practice_c")
    tour.expect("visitor" in frontdesk(config, "keys", "usage"), "the usage names no visitor")


def validation(tour):
    tour.title("What is wrong never reaches code")
    path, practice = "/v2/bookings/b2", [("X-Practice", "p001")]
    right = {"patient": "B. Example", "slot": "2026-12-02T11:00"}
    missing = "Missing required request parameters: [X-Practice]"
    tour.show("PUT", path, 400, key="practice_c", body=right, text=missing)
    wrong = {"patient": "", "slot": "tomorrow"}
    tour.show(
        *("PUT", path, 400),
        key="practice_c",
        body=wrong,
        headers=practice,
        text="Invalid request body",
    )
    tour.title("Templates write what the function gets, and what the client reads")
    noted = {**right, "notes": ["first visit", 'says "hello"']}
    tour.show(
        *("PUT", path, 201), key="practice_c", body=noted, headers=practice, text='"notes": 2'
    )
    taken = {**right, "slot": "2026-12-01T09:00"}
    tour.show("PUT", path, 409, key="practice_c", body=taken, headers=practice, text="taken")


def cache(tour):
    tour.title("The insurance company is asked once, however many ask us")
    path = "/v2/insurance-plans?region=south"
    tour.show("GET", path, 200, key="practice_c", fields=("Cache-Status",))
    tour.many(300, "GET", path, key="practice_c")
    tour.show("GET", path, 200, key="practice_c", fields=("Cache-Status", "Age"))
    print(f"   the insurance company was asked {Insurer.asked} time(s)")
    tour.expect(Insurer.asked == 1, f"the insurance company was asked {Insurer.asked} times")


def versions(tour, config):
    tour.title("An old version says when it ends; one that has ended says where to go")
    retiring = ("Deprecation", "Sunset", "Link")
    tour.show("GET", "/v1/bookings/b1", 200, key="practice_b", fields=retiring)
    tour.show("GET", "/v0/bookings/b1", 410, key="practice_b", text="v0-to-v2")
    calls = frontdesk(config, "versions", "calls", "v1")
    tour.expect("practice_b" in calls, "the calls of v1 do not name practice_b")
    tour.title("What is not there")
    tour.show("GET", "/v2/nothing", 403, text="Missing Authentication Token")


def canary(tour, config):
    tour.title("A release that fails is tried by half of the requests, and rolls itself back")
    frontdesk(config, "canary", "start", "partners")
    counts = tour.many(200, "POST", "/v2/reminders", key="practice_c", body={})
    tour.expect(counts.get(500, 0) > 0, "the bad release did not fail")
    deadline = time.monotonic() + PATIENCE
    while "rolled" not in (status := frontdesk(config, "canary", "status")):
        if time.monotonic() > deadline:
            break
        time.sleep(2.0)
    tour.expect("rolled" in status, "the canary was not rolled back")
    counts = tour.many(60, "POST", "/v2/reminders", key="practice_c", body={})
    tour.expect(set(counts) == {202}, f"after the rollback: {counts}")


def listening(address, process):
    """Wait until the gateway listens. False: it has ended."""
    while process.poll() is None:
        try:
            socket.create_connection((address.host, address.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def main():
    insurer = ThreadingHTTPServer(("127.0.0.1", 0), Insurer)
    threading.Thread(target=insurer.serve_forever, daemon=True).start()
    os.environ["INSURER_PORT"] = str(insurer.server_port)
    with tempfile.TemporaryDirectory() as folder:  # quotas of the tour begin anew each time
        shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        path = Path(folder, "frontdesk.yaml")
        tour = Tour(load([path], os.environ).config)
        with Path(folder, "gateway.log").open("wb") as log:
            gateway = subprocess.Popen([PROGRAM, "run", "-c", path], stdout=log, stderr=log)
        try:
            if not listening(tour.address, gateway):
                print(Path(folder, "gateway.log").read_text(), file=sys.stderr)
                return 1
            keys_and_plans(tour, path)
            validation(tour)
            cache(tour)
            versions(tour, path)
            canary(tour, path)
        finally:
            gateway.terminate()
            gateway.wait()
    print(
        f"\n{len(tour.wrong)} thing(s) were not as they should be"
        if tour.wrong
        else "\nAll as it should be."
    )
    return 1 if tour.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
