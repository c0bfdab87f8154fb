"""A tour: a shop, a payment provider that cannot be relied on, and two ledgers that agree. Exits with 0 when they do.

`make demo-payments` calls this. It starts the provider and the gateway as processes, and ends both. Without a key on
charges (`--without-key`) the ledgers do not agree, and it exits with 1.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from actors import HERE, Gateway, Provider, free_ports, until
from story import Story

from frontdesk import Client, settle

WAITS = {"ATTEMPT_TIMEOUT": "1", "RETRY_BASE": "0.1", "BREAKER_RESET": "2.5", "TASK_TIMEOUT": "1"}
"""Seconds; the file's own are those of the guide, and take longer to watch."""


def begin(story):
    story.chapter("A shop and its payment provider", story.provider.url)

    story.step("Secrets go into the vault", "5. Store Webhook Secrets Securely")
    for name in story.shop.keep_secrets():
        story.say(f"$ frontdesk secrets set {name}")
    story.shop.start()


def crashes(story):
    """Have a handler and the gateway die. Returns the event and the execution that go on afterwards."""
    story.chapter("What dies on the way", "and goes on by itself, further below")

    story.step("A charge, and all is well", "Calling External APIs")
    payment = story.order()
    story.pay(payment, "success")

    story.step("Its webhook: the handler dies behind what it did", "Idempotent Webhook Processing")
    order = payment["orderId"]
    event = story.send(order, "once", [200])
    until(lambda: story.shop.delivery(event).get("state") == "failed", "the end of the handler")
    story.expect(story.books()[order]["parcels"] == 1, "the handler has done nothing")
    story.say("the parcel has left; the function has died before it could say so")

    story.step("kill -9, after the card has paid and before we know", "AWS Native Retry Mechanisms")
    payment = story.order("silent")
    location = story.start(payment)
    until(lambda: story.provider.met(payment["orderId"]), "the charge")
    story.shop.kill()
    story.say(f"{payment['orderId']:9}POST /payments 202, and no answer of the provider")
    story.shop.start()
    return (order, event), (payment, location)


def by_client(story):
    """Charge by function. Returns the orders that are still open."""
    story.chapter("By the plain client", "functions/charging.py")

    story.step("The card is charged, and the answer never comes", "Timeout Configuration")
    payment = story.order("silent")
    story.pay(payment, "success")
    story.why("The attempt ends in time; the next has the same Idempotency-Key: one charge.")

    story.step("What that call left in the log", "3. Log External API Interactions")
    call = until(lambda: story.shop.logged(payment["orderId"]), "a line of the log")
    story.say(", ".join(f"{name} {call[name]}" for name in ("method", "url", "status")))
    story.say(
        ", ".join(f"{name} {call[name]}" for name in ("duration", "attempts", "retry_reasons"))
    )

    story.step("Down, then broken off in the middle", "Retry with Exponential Backoff")
    story.pay(story.order("down", "reset"), "success")

    story.step("Too many requests: come back in a second", "Retry and Error Handling")
    story.pay(story.order("busy"), "success")
    story.why(
        "429 says that nothing was done, and when to ask again. The guide gives up at all 4xx."
    )

    story.step("A card without money", "Retry with Exponential Backoff")
    story.pay(story.order(customer="broke-bob"), "failed")
    story.why("402 is the provider's word: not asked again, and recorded like a success.")

    story.step("200, and a page of HTML", "Practical Example: Payment Gateway Integration")
    story.pay(story.order("garbage"), "pending")
    story.why("Has the card paid? Nobody knows, so it is not `failed`: the webhook will tell.")

    story.step("The provider is down: five failures open the breaker", "Circuit Breaker Pattern")
    orders = story.order("down", "down", "down"), story.order("down", "down"), story.order()
    for payment in orders:
        story.pay(payment, "pending")
    story.why("While it is open nobody is asked, and the fallback answers.")
    return orders


def after_the_outage(story, orders, since):
    story.chapter("By the plain client, again", "functions/charging.py")

    story.step("The provider is back: one call probes, and closes it", "Using the Circuit Breaker")
    time.sleep(max(0.0, since + float(os.environ["BREAKER_RESET"]) - time.monotonic()))
    for payment in orders:
        story.pay(payment, "success")
    story.why("What was open is asked for again, with the same key.")


def by_machine(story, execution):
    story.chapter("By a state machine", "frontdesk.yaml: state_machines.charge")

    story.step("The charge from before the crash", "AWS Native Retry Mechanisms")
    story.finish(*execution, "success")
    story.why("Its task was done again, with the same key: the provider gave the charge it had.")

    story.step("A card without money: Catch, and a record", "AWS Native Retry Mechanisms")
    payment = story.order(customer="broke-bob")
    story.finish(payment, story.start(payment), "failed")


def webhooks(story, died):
    story.chapter("Webhooks", "frontdesk.yaml: webhooks.provider")
    garbled = next(
        order
        for order, told in story.provider.ledger().items()
        if "garbage, charged" in told["met"]
    )

    story.step("Late, forged, and written again on the way", "Webhook Signature Verification")
    for how in ("late", "forged", "rewritten"):
        story.send(garbled, how, [401])
    story.why("The bytes as they came are verified, never JSON that was parsed and written again.")

    story.step("Three at the same moment", "Idempotent Webhook Processing")
    told = story.applied(garbled, story.send(garbled, "thrice", [200, 200, 200]))
    story.expect((told["attempts"], told["duplicates"]) == (1, 2), "it was not handled once")
    story.why(
        "An event is claimed, in one commit, before its 2xx; now we know that the card has paid."
    )
    story.why(
        "The guide finds, handles, then marks: two at once find nothing, and both are handled."
    )

    story.step("The one whose handler has died", "Idempotent Webhook Processing")
    told = story.applied(*died)
    story.expect(told["attempts"] == 2, "it was not handled again")
    story.why("Handled again, it found its own record: the parcel did not leave twice.")

    story.step("Money back, and a type that nobody knows", "Webhook Controller Pattern")
    order = story.orders[2]
    story.applied(order, story.send(order, "once", [200]))
    story.applied(order, story.provider.refund(story.shop.url, order)["id"])
    story.send(order, "once", [200], kind="card.expires")
    story.why(
        "By type to a function; what nobody deals with is recorded, and warned of in the log."
    )


def storm(story, size):
    story.chapter("All at once", "a third of all requests fails, the same ones for each seed")

    story.step(f"{size} orders, both ways", "4. Handle Partial Failures Gracefully")
    called = [story.order(customer="broke-bob"), *(story.order() for _ in range(size // 2 - 1))]
    started = [story.order() for _ in range(size - size // 2)]
    story.provider.expect(chaos=0.35)
    places = [(one["orderId"], story.start(one)) for one in started]
    settled = asyncio.run(pay_many(story.shop.url, called))
    for order, place in places:
        until(lambda at=place: story.outcome(at), f"the end of {order}")
    story.provider.expect(chaos=0.0)
    story.say(f"{len(settled.succeeded)} of {len(called)} calls succeeded")
    for rejected in settled.failed:
        story.say(f"{called[rejected.index]['orderId']:9}{rejected.reason}")
    met = [word for one in (*called, *started) for word in story.provider.met(one["orderId"])]
    charges = sum("charged" in word for word in met)
    story.say(f"{len(started)} executions ended; of {len(met)} requests {charges} were charges")
    for payment in (*called, *started):
        if story.books()[payment["orderId"]]["status"] == "pending":
            story.pay(payment, "success")


async def pay_many(shop, payments):
    """Charge many orders at once; some calls may fail."""
    async with Client(shop, retry=None) as door:

        async def pay(payment):
            answer = await door.post("/charges", json=payment)
            return answer.raise_for_status().json()

        return await settle([pay(payment) for payment in payments], concurrency=4)


def tell_all(story):
    """Have the provider send every payment's event, each three times."""
    for order, told in story.provider.ledger().items():
        if told["charges"]:
            story.provider.send(story.shop.url, order, "thrice")
    paid = {order for order, told in story.provider.ledger().items() if told["charges"]}
    until(lambda: all(story.books()[order]["parcels"] for order in paid), "the last parcel")


def without_key(story):
    story.chapter("Without Idempotency-Key", "the same shop, two lines shorter")

    story.step("The card is charged, and the answer never comes", "2. Use Idempotency Keys")
    payment = story.order("silent")
    story.pay(payment, "pending")
    story.say("the customer presses Pay again:")
    story.pay(payment, "success")

    story.step("The same, by the state machine", "AWS Native Retry Mechanisms")
    payment = story.order("silent")
    story.finish(payment, story.start(payment), "success")
    story.why("Retry has charged the card twice.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-key", action="store_true", help="charge without Idempotency-Key")
    parser.add_argument("--orders", type=int, default=12, help="how many at once, at the end")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and end what was started
    logging.basicConfig(format="   %(levelname)s %(message)s", stream=sys.stdout)
    ports = dict(zip(("SHOP_PORT", "SHOP_ADMIN_PORT"), map(str, free_ports(2)), strict=True))
    os.environ |= {**WAITS, **os.environ, **ports}
    with tempfile.TemporaryDirectory() as name:  # each tour begins with empty ledgers
        folder = Path(name)
        shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        forget_key(folder) if given.without_key else have_a_handler_die(folder)
        provider = Provider()
        os.environ["PROVIDER_PORT"] = provider.url.rpartition(":")[2]
        shop = Gateway(folder)
        story = Story(provider, shop)
        try:
            begin(story)
            if given.without_key:
                without_key(story)
            else:
                event, execution = crashes(story)
                open_orders, since = by_client(story), time.monotonic()
                by_machine(story, execution)
                webhooks(story, event)
                after_the_outage(story, open_orders, since)
                storm(story, given.orders)
            tell_all(story)
            agree = story.balance()
        finally:
            shop.stop()
            provider.stop()
    print("\nThe ledgers agree." if agree else "\nThe ledgers do not agree.")
    if story.wrong:
        print(f"{len(story.wrong)} thing(s) were not as they should be")
    return 0 if agree and not story.wrong else 1


def forget_key(folder):
    """Take the key out of what the shop sends."""
    for name, line, instead in (
        ("functions/charging.py", "idempotency_key=f\"{payment['orderId']}-charge\",", ""),
        ("frontdesk.yaml", "\"{% $states.input.orderId & '-charge' %}\"", "null"),
    ):
        path = folder / name
        text = path.read_text()
        assert line in text, f"{name}: {line}"
        path.write_text(text.replace(line, instead))


def have_a_handler_die(folder):
    """Have the function that takes webhooks end its process behind its work, when it is called first."""
    path = folder / "functions" / "books.py"
    path.write_text(
        path.read_text()
        + f"""

import os
from pathlib import Path

handled, died = on_completed, Path({str(folder / "died")!r})


def on_completed(event, context):
    handled(event, context)
    if not died.exists():
        died.touch()
        os._exit(1)
"""
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nstopped; nothing is left running")
