"""The payment provider: takes charges, sends signed webhooks, and misbehaves as it is told. Knows nothing of Frontdesk.

python provider.py --key KEY --secret whsec_… [--port 9030] [--silence 30] [--chaos 0.0] [--seed 7]
The first line that it writes is its URL. Its ledger has what cards have really paid.

    POST /v1/payments       charge a card; with an Idempotency-Key the same charge is made once
    GET  /ledger            what was charged and refunded, by order, and what each request met
    PUT  /faults            {"orders": {"order": ["silent", "down"]}, "chaos": 0.3}: what is met next
    POST /webhooks          {"order", "url", "how"}: send an order's event, and tell what was answered
    POST /refunds           {"order", "url"}: pay the money back, and tell the shop
"""

import argparse
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

FAULTS = {  # name: whether the card has paid nevertheless
    "silent": True,  # it never answers
    "reset": True,  # the connection breaks off in the middle of the answer
    "garbage": True,  # 200, with a page of HTML
    "busy": False,  # 429, with Retry-After
    "down": False,  # 503
}


class Charge(NamedTuple):
    """What a card has paid. amount: in cents. asked: the request that it was for."""

    id: str
    order: str
    amount: int
    asked: dict


class Book:
    """The provider's ledger: charges, refunds, and what each request has met. Used by many threads."""

    def __init__(self, seed, chaos):
        self.lock = threading.Lock()
        self.seed, self.chaos = seed, chaos
        self.charges = []
        self.by_key = {}
        self.refunded = defaultdict(int)
        self.met = defaultdict(list)
        self.faults = defaultdict(deque)

    def expect(self, orders=None, chaos=None):
        """Say what the next requests for orders meet, and what share of all others meets a fault."""
        with self.lock:
            for order, faults in (orders or {}).items():
                self.faults[order].extend(faults)
            self.chaos = self.chaos if chaos is None else chaos

    def fault(self, order):
        """Return what the next request of an order meets: what was asked for, else by chance, the same for each seed."""
        with self.lock:
            if self.faults[order]:
                return self.faults[order].popleft()
            chance = random.Random(f"{self.seed} {order} {len(self.met[order])}")
            return chance.choice(list(FAULTS)) if chance.random() < self.chaos else "ok"

    def charge(self, key, order, asked):
        """Charge a card; tell whether it had been. Without a key each request is a charge of its own."""
        with self.lock:
            if key and key in self.by_key:
                return self.by_key[key], True
            name = f"pay_{len(self.charges) + 1:03}"
            charge = Charge(name, order, asked["amount"], asked)
            self.charges.append(charge)
            if key:
                self.by_key[key] = charge
            return charge, False

    def refund(self, order):
        """Pay back what an order has paid, once."""
        with self.lock:
            self.refunded[order] = sum(one.amount for one in self.charges if one.order == order)

    def told(self):
        """Return the ledger, by order."""
        with self.lock:
            orders = {}
            for order, met in self.met.items():
                paid = [one.amount for one in self.charges if one.order == order]
                orders[order] = {
                    "charges": len(paid),
                    "charged": sum(paid),
                    "refunded": self.refunded[order],
                    "met": list(met),
                }
            return orders


class Provider(BaseHTTPRequestHandler):
    """Answers requests, each in a thread of its own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.say(200, self.server.book.told())

    def do_PUT(self):
        self.server.book.expect(**json.loads(self.body()))
        self.say(200, {})

    def do_POST(self):
        {"/v1/payments": self.pay, "/webhooks": self.tell, "/refunds": self.refund}[self.path]()

    def pay(self):
        asked = json.loads(self.body())
        if self.headers["Authorization"] != f"Bearer {self.server.key}":
            self.say(401, {"message": "unknown API key"})
            return
        book, order = self.server.book, asked["metadata"]["order_id"]
        if asked["customer_id"].startswith("broke"):
            book.met[order].append("declined")
            self.say(402, {"status": "failed", "message": "the card has no money"})
            return
        fault = book.fault(order)
        if not FAULTS.get(fault, True):
            book.met[order].append(fault)
            self.refuse(fault)
            return
        charge, again = book.charge(self.headers["Idempotency-Key"], order, asked)
        if charge.asked != asked:
            self.say(422, {"message": "this Idempotency-Key came with another request"})
            return
        done = "the same charge" if again else "charged"
        book.met[order].append(done if fault == "ok" else f"{fault}, {done}")
        self.answer(fault, {"id": charge.id, "status": "succeeded", "amount": charge.amount})

    def refuse(self, fault):
        if fault == "busy":
            self.say(429, {"message": "slow down"}, {"Retry-After": "1"})
        else:
            self.say(503, {"message": "try again later"})

    def answer(self, fault, document):
        if fault == "silent":
            self.server.closing.wait(self.server.silence)
            self.close_connection = True
        elif fault == "reset":
            body = json.dumps(document).encode()
            self.head(200, len(body))
            self.wfile.write(body[: len(body) // 2])
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())  # at once, with RST
            self.close_connection = True
        elif fault == "garbage":
            self.say(200, "<html><h1>It works!</h1></html>")
        else:
            self.say(200, document)

    def tell(self):
        asked = json.loads(self.body())
        event = self.server.event(asked["order"], asked.get("type", "payment.completed"))
        self.say(200, self.server.send(asked["url"], event, asked.get("how", "once")))

    def refund(self):
        asked = json.loads(self.body())
        self.server.book.refund(asked["order"])
        event = self.server.event(asked["order"], "refund.created")
        self.say(200, self.server.send(asked["url"], event, "once"))

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, status, document, fields=()):
        body = json.dumps(document).encode() if not isinstance(document, str) else document.encode()
        self.head(status, len(body), fields)
        self.wfile.write(body)

    def head(self, status, length, fields=()):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in dict(fields).items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        """The ledger tells."""


class Server(ThreadingHTTPServer):
    """The provider with its book, its secrets and its webhooks."""

    daemon_threads = True

    def __init__(self, given):
        super().__init__(("127.0.0.1", given.port), Provider)
        self.book = Book(given.seed, given.chaos)
        self.key, self.secret, self.silence = given.key, given.secret, given.silence
        self.closing = threading.Event()

    def handle_error(self, *about):
        if not isinstance(sys.exception(), ConnectionError):  # else the shop has gone
            super().handle_error(*about)

    def event(self, order, kind):
        """Write an order's event, over several lines as Stripe does."""
        paid = next(one for one in self.book.charges if one.order == order)
        document = {
            "id": f"evt_{paid.id}_{kind}",
            "object": "event",
            "type": kind,
            "data": {
                "paymentId": paid.id,
                "orderId": order,
                "amount": paid.amount,
                "currency": paid.asked["currency"],
                "customerId": paid.asked["customer_id"],
            },
        }
        return json.dumps(document, indent=2).encode()

    def send(self, url, event, how):
        """Send an event, and tell its id and the statuses of the answers. how: see WAYS."""
        ways = WAYS[how](event, self.secret)
        with ThreadPoolExecutor(len(ways)) as pool:  # at the same moment
            statuses = list(pool.map(lambda one: post(url, *one), ways))
        return {"id": json.loads(event)["id"], "statuses": statuses}


def signed(event, secret, *, age=0):
    """Return an event and its header as Stripe signs it: the raw bytes, with the time."""
    moment = str(int(time.time()) - age)
    mac = hmac.new(secret.encode(), moment.encode() + b"." + event, hashlib.sha256).hexdigest()
    return event, {"Content-Type": "application/json", "Stripe-Signature": f"t={moment},v1={mac}"}


def rewritten(event, secret):
    """Sign an event, and then read and write its JSON, as something on the way might."""
    _, fields = signed(event, secret)
    return json.dumps(json.loads(event)).encode(), fields


WAYS = {  # how an event is sent: what is sent at the same moment
    "once": lambda event, secret: [signed(event, secret)],
    "thrice": lambda event, secret: [signed(event, secret)] * 3,
    "late": lambda event, secret: [signed(event, secret, age=600)],
    "forged": lambda event, _: [signed(event, "whsec_somebody_elses")],
    "rewritten": lambda event, secret: [rewritten(event, secret)],
}


def post(url, body, fields):
    """Send a webhook, and return the status of the answer."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        connection.request("POST", place.path, body, fields)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=9030)
    parser.add_argument("--silence", type=float, default=30.0, help="seconds")
    parser.add_argument("--chaos", type=float, default=0.0, help="share of requests, 0.0 to 1.0")
    parser.add_argument("--seed", type=int, default=7)
    server = Server(parser.parse_args())
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    server.closing.set()


if __name__ == "__main__":
    main()
