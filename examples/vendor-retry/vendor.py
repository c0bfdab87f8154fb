"""The vendor: GET /data. One call a minute for each address, else 429; and 503 at random.

python vendor.py [--port 9020] [--calls 1] [--window 60] [--failures 0.3] [--seed 7]
Writes a line for each call; the first line is its URL.
"""

import argparse
import contextlib
import json
import random
import time
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, HTTPServer


class Limits:
    """How often each address may call. Seconds."""

    def __init__(self, calls, window):
        self.calls, self.window = calls, window
        self.seen = defaultdict(deque)

    def rest(self, address, now):
        """Count a call; return how long the address has to wait, 0 for not at all."""
        times = self.seen[address]
        while times and times[0] <= now - self.window:
            times.popleft()
        if len(times) >= self.calls:
            return times[0] + self.window - now
        times.append(now)
        return 0


class Vendor(BaseHTTPRequestHandler):
    """Answers calls, one at a time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        address = self.client_address[0]
        rest = self.server.limits.rest(address, time.monotonic())
        if rest:
            self.say(429, {"error": "too many requests"}, {"Retry-After": str(int(rest) + 1)})
        elif self.server.chance.random() < self.server.failures:
            self.say(503, {"error": "try again later"})
        else:
            self.say(200, {"price": 42, "currency": "INR"})

    def say(self, status, document, fields=()):
        body = json.dumps(document).encode()
        print(f"{self.client_address[0]} {status}", flush=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in dict(fields).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """`say` does."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9020)
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--failures", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    server = HTTPServer(("127.0.0.1", given.port), Vendor)
    server.limits = Limits(given.calls, given.window)
    server.chance, server.failures = random.Random(given.seed), given.failures
    print(f"http://127.0.0.1:{server.server_port}/data", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
