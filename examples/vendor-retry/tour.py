"""A tour: a vendor that refuses, a server that is killed, an execution that finishes. Exits with 0 when all is as said.

`make demo-retry` calls this. It starts the vendor and the gateway as processes, and ends both.
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
from pathlib import Path

from frontdesk.config.load import load

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("frontdesk")
MACHINE = "apiProxyStateMachine"
_RUNNING = f"/api/state-machines/{MACHINE}/executions?status=RUNNING"
PATIENCE = 60.0  # seconds


class Vendor:
    """The vendor's process. calls: what it has answered, such as `127.0.0.1 429`."""

    def __init__(self, folder):
        command = [sys.executable, folder / "vendor.py", "--port", "0", "--window", "3600"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline().rpartition(":")[2].partition("/")[0])
        self.calls = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._process.stdout:
            self.calls.append(line.strip())

    def stop(self):
        self._process.terminate()
        self._process.wait()


class Gateway:
    """The gateway's process, which can be killed and started again."""

    def __init__(self, path):
        self.path = path
        config = load([path], os.environ).config
        self.address, self.admin = config.listen[0].address, config.admin.listen
        self._process = None

    def start(self):
        for address in (self.address, self.admin):
            if self._is_open(address):  # by somebody else, who must not be taken for the gateway
                raise SystemExit(f"{address} is in use: end what listens there, and try again")
        with self.path.with_name("gateway.log").open("ab") as log:
            command = [PROGRAM, "run", "-c", self.path]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_open(self.address):
                return
            time.sleep(0.05)
        raise SystemExit(self.path.with_name("gateway.log").read_text())

    @staticmethod
    def _is_open(address):
        try:
            socket.create_connection((address.host, address.port), timeout=1).close()
        except OSError:
            return False
        return True

    def told(self, path):
        """Ask the admin listener."""
        connection = http.client.HTTPConnection(self.admin.host, self.admin.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def kill(self):
        """End it as a crash does: kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


class Tour:
    """Asks, shows what comes, and remembers what was not as expected."""

    def __init__(self, vendor, gateway):
        self.vendor = vendor
        self.gateway = gateway
        self.wrong = []

    def title(self, text):
        print(f"\n== {text}", flush=True)

    def expect(self, holds, otherwise):
        if not holds:
            print(f"!! {otherwise}", flush=True)
            self.wrong.append(otherwise)

    def ask(self, status):
        """Call the base function by its URL, and show what comes."""
        address = self.gateway.address
        connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE)
        print("> POST /fn/apiProxyBase", flush=True)
        try:
            fields = {"Content-Type": "application/json"}
            connection.request("POST", "/fn/apiProxyBase", json.dumps({"item": "tea"}), fields)
            answer = connection.getresponse()
            found = answer.status
            print(f"< {found} {answer.read().decode()}", flush=True)
        except (OSError, http.client.HTTPException):
            found = None
            print("< nothing: the connection broke off", flush=True)
        finally:
            connection.close()
        self.expect(found == status, f"{status} was expected, {found} came")

    def frontdesk(self, *words):
        """Run a command, show it, and return what it printed."""
        command = [PROGRAM, *words, "-c", self.gateway.path]
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # in the order in which it is said
            text=True,
            check=False,
            timeout=60,
        )
        print(f"$ frontdesk {' '.join(map(str, words))}")
        print("\n".join(f"  {line}" for line in done.stdout.splitlines()), flush=True)
        return done.stdout

    def calls(self, *expected):
        """Show what the vendor has answered since the last time."""
        found = tuple(self.vendor.calls)
        self.vendor.calls.clear()
        print(f"   the vendor answered: {', '.join(found)}", flush=True)
        self.expect(found == expected, f"the vendor was to answer {', '.join(expected)}")

    def waiting(self):
        """Return the name of the one execution that runs, once it waits."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for execution in self.gateway.told(_RUNNING)["executions"]:
                shown = self.gateway.told(f"/api/executions/{execution['arn']}")
                for expected in shown["outlook"]:
                    if expected["state"] == "Wait":
                        print(f"   it stands in Wait; next comes {expected['next']}", flush=True)
                        return execution["name"]
            time.sleep(0.1)
        raise SystemExit("no execution came to its Wait")


def tour_of(tour, picture):
    tour.title(
        "The base function starts the state machine, polls, and answers: proxy 1 gets it at once"
    )
    tour.ask(200)
    tour.calls("127.0.0.1 200")

    tour.title(
        "Again: the vendor allows one call an hour for each address, so the machine waits 5 seconds"
    )
    client = threading.Thread(target=tour.ask, args=(None,))
    client.start()
    name = tour.waiting()
    tour.title("kill -9, in the middle of the wait: whoever asked gets nothing")
    tour.gateway.kill()
    client.join()

    tour.title("Another start: the execution is still there, and goes on by itself")
    tour.gateway.start()
    shown = tour.frontdesk("states", "show", name, "--watch", "--all", "--svg", picture)
    tour.expect("SUCCEEDED" in shown, "the execution did not succeed")
    tour.calls("127.0.0.1 429", "127.0.0.2 503", "127.0.0.3 200")
    print("   nothing was asked twice: what had been done before the crash stayed done")
    history = tour.frontdesk("states", "history", name)
    tour.expect("ExecutionSucceeded" in history, "its history has no end")
    tour.expect(picture.read_text().startswith("<svg"), "there is no picture")
    print(f"   its picture: {picture}")

    tour.title("All three addresses are used up: the caller gets the vendor's own status")
    tour.ask(429)
    tour.calls("127.0.0.1 429", "127.0.0.2 429", "127.0.0.3 429")
    tour.frontdesk("states", "list", MACHINE)


def main():
    with tempfile.TemporaryDirectory() as folder:  # each tour begins without executions
        shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        vendor = Vendor(HERE)
        os.environ["VENDOR_PORT"] = str(vendor.port)
        gateway = Gateway(Path(folder, "frontdesk.yaml"))
        tour = Tour(vendor, gateway)
        picture = HERE / ".frontdesk" / "vendor-retry.svg"
        picture.parent.mkdir(exist_ok=True)
        picture.unlink(missing_ok=True)
        try:
            gateway.start()
            tour_of(tour, picture)
        finally:
            gateway.stop()
            vendor.stop()
    wrong = len(tour.wrong)
    print(f"\n{wrong} thing(s) were not as they should be" if wrong else "\nAll as it should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nstopped; nothing is left running")
