"""examples/payments: its provider misbehaves as it is told, and its tour's ledgers agree, but not without a key."""

import http.client
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import stripe

from tests.live.processes import running

EXAMPLE = Path(__file__).parents[1] / "examples" / "payments"
KEY, SECRET = "sk_test", "whsec_test"


# -- the provider -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulator():
    spec = spec_from_file_location("provider", EXAMPLE / "provider.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def provider():
    """The URL of a provider that many tests share, each with orders of its own."""
    words = ("--port", "0", "--key", KEY, "--secret", SECRET, "--silence", "0.2")
    with running(sys.executable, EXAMPLE / "provider.py", *words) as process:
        yield process.wait_for(r"http://\S+")[0]


def ask(url, method, path, document=None, **headers):
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def pay(url, order, key=None, amount=1250, customer="ada"):
    document = {
        "amount": amount,
        "currency": "EUR",
        "customer_id": customer,
        "metadata": {"order_id": order},
    }
    keys = {"Idempotency-Key": key} if key else {}
    return ask(url, "POST", "/v1/payments", document, Authorization=f"Bearer {KEY}", **keys)


def ledger(url, order):
    return json.loads(ask(url, "GET", "/ledger")[2])[order]


def test_a_key_is_charged_once(provider):
    first, again = (json.loads(pay(provider, "keyed", "k1")[2]) for _ in range(2))
    assert first == again
    assert ledger(provider, "keyed")["charged"] == 1250


def test_without_a_key_each_request_is_a_charge(provider):
    for _ in range(2):
        assert pay(provider, "keyless")[0] == 200
    told = ledger(provider, "keyless")
    assert (told["charges"], told["charged"]) == (2, 2500)


def test_a_key_is_not_for_another_request(provider):
    assert pay(provider, "reused", "k2")[0] == 200
    assert pay(provider, "reused", "k2", amount=9999)[0] == 422
    assert ledger(provider, "reused")["charged"] == 1250


def test_a_stranger_is_refused(provider):
    status, _, _ = ask(provider, "POST", "/v1/payments", {}, Authorization="Bearer guessed")
    assert status == 401


def test_a_card_without_money_pays_nothing(provider):
    assert pay(provider, "poor", "k3", customer="broke-bob")[0] == 402
    assert ledger(provider, "poor")["charges"] == 0


@pytest.mark.parametrize(
    ("fault", "charged"),
    [("silent", 1), ("reset", 1), ("garbage", 1), ("busy", 0), ("down", 0)],
)
def test_a_fault_is_met_once_and_charges_or_not(provider, fault, charged):
    order = f"order-{fault}"
    ask(provider, "PUT", "/faults", {"orders": {order: [fault]}})
    seen = {}
    try:
        seen["status"], seen["headers"], seen["body"] = pay(provider, order, order)
    except (ConnectionError, http.client.HTTPException) as error:
        seen["error"] = type(error)
    expected = {
        "silent": lambda: seen["error"] is http.client.RemoteDisconnected,
        "reset": lambda: seen["error"] is ConnectionResetError,
        "garbage": lambda: seen["status"] == 200 and seen["body"].startswith(b"<html>"),
        "busy": lambda: seen["status"] == 429 and seen["headers"]["Retry-After"] == "1",
        "down": lambda: seen["status"] == 503,
    }
    assert expected[fault](), seen
    assert ledger(provider, order)["charges"] == charged
    assert pay(provider, order, order)[0] == 200
    assert ledger(provider, order)["charges"] == 1


def test_chance_is_the_same_for_each_seed(simulator):
    def faults(seed):
        book = simulator.Book(seed, 0.5)
        return [book.fault(f"order-{number}") for number in range(40)]

    assert faults(7) == faults(7)
    assert faults(7) != faults(8)
    assert {"ok", *simulator.FAULTS} == set(faults(7))


def test_stripe_s_library_takes_its_webhooks_but_for_those_that_are_wrong(simulator):
    event = json.dumps({"id": "evt_1", "object": "event"}, indent=2).encode()
    verdicts = {}
    for how, sent in simulator.WAYS.items():
        body, fields = sent(event, SECRET)[0]
        try:
            stripe.Webhook.construct_event(body, fields["Stripe-Signature"], SECRET)
            verdicts[how] = True
        except stripe.SignatureVerificationError:
            verdicts[how] = False
    genuine = {"once", "thrice"}
    assert verdicts == {how: how in genuine for how in simulator.WAYS}


# -- the tour -----------------------------------------------------------------------------------------


def tour(*words):
    """Run it with shorter waits still."""
    return subprocess.run(
        [sys.executable, EXAMPLE / "tour.py", *words],
        env=os.environ | {"ATTEMPT_TIMEOUT": "0.7", "BREAKER_RESET": "1.5"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture(scope="module")
def tours():
    """The tour as it is and without keys, side by side: they wait most of the time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda words: tour(*words), [("--orders", "4"), ("--without-key",)]))


@pytest.mark.slow
def test_the_ledgers_agree(tours):
    done = tours[0]
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "no answer of the provider",
        "provider: silent, charged · the same charge",
        "pending: circuit_open            provider: was not asked",
        "payment.completed forged: 401",
        "payment.completed rewritten: 401",
        "payment.completed thrice: 200 200 200",
        "refunded",
        "The ledgers agree.",
    ):
        assert said in done.stdout
    rows = re.findall(
        r"^   (order-\d+) +(\d) +([\d.]+) +([\d.]+)  (\w+) +(\d)  (.)$", done.stdout, re.MULTILINE
    )
    assert len(rows) == 15
    for order, charges, paid, booked, _, parcels, mark in rows:
        assert (charges, paid, mark) == (parcels, booked, "✓"), order


@pytest.mark.slow
def test_without_the_key_they_do_not(tours):
    done = tours[1]
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("The ledgers do not agree.")
    for order, paid, booked in (("order-1", "58.00", "29.00"), ("order-2", "98.00", "49.00")):
        assert re.search(
            rf"{order} +2 +{paid} +{booked}  success +1  ✗$", done.stdout, re.MULTILINE
        )
