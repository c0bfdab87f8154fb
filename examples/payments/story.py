"""How the tour is told: each step with what came of it at both ends, and at last both ledgers."""

import os
import sys

from actors import ask, until

PRICES = (1250, 2900, 4900, 990)  # cents
NOTHING = {"status": "nothing", "booked": 0, "parcels": 0}


class Paint:
    """Colours, where somebody looks."""

    def __init__(self):
        self.on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def __call__(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


class Story:
    """Tells each step, and remembers what was not as expected."""

    def __init__(self, provider, shop):
        self.provider, self.shop = provider, shop
        self.paint = Paint()
        self.orders = []
        self.steps = 0
        self.wrong = []

    def chapter(self, title, place):
        print(f"\n{self.paint('1;36', title)}  {self.paint('2', place)}", flush=True)

    def step(self, title, section):
        self.steps += 1
        print(f"\n{self.steps:2} {self.paint('1', title)}  {self.paint('2', f'[{section}]')}")

    def say(self, text):
        print(f"   {text}", flush=True)

    def why(self, text):
        print(self.paint("2", f"   {text}"), flush=True)

    def expect(self, holds, otherwise):
        if not holds:
            print(self.paint("31", f"!! {otherwise}"), flush=True)
            self.wrong.append(otherwise)

    def order(self, *faults, customer="ada"):
        """Make an order, whose charge will meet these faults."""
        name = f"order-{len(self.orders) + 1}"
        self.orders.append(name)
        if faults:
            self.provider.expect(orders={name: faults})
        amount = PRICES[len(self.orders) % len(PRICES)]
        return {"orderId": name, "amount": amount, "currency": "EUR", "customerId": customer}

    def pay(self, payment, status):
        """Charge an order by the plain client, and show what came of it at both ends."""
        order, before = payment["orderId"], len(self.provider.met(payment["orderId"]))
        code, result = ask(self.shop.url, "POST", "/charges", payment)
        met = self.provider.met(order)[before:]
        self.tell(order, f"POST /charges {code}", result, met)
        self.expect(
            result.get("status") == status, f"{order}: {status} was expected, {result} came"
        )

    def tell(self, order, how, result, met):
        message = f": {result['message']}" if result.get("message") else ""
        said = f"{order:9}{how}  {result.get('status')}{message}"
        self.say(f"{said:60} provider: {' · '.join(met) or 'was not asked'}")

    def start(self, payment):
        """Charge an order by the state machine: answered as soon as that is committed. Returns where to look."""
        code, answer = ask(self.shop.url, "POST", "/payments", payment)
        self.expect(code == 202, f"{payment['orderId']}: 202 was expected, {code} {answer} came")
        return answer["location"]

    def outcome(self, location):
        """Return what came of an execution. None: it runs."""
        answer = ask(self.shop.url, "GET", location)[1]
        return answer if answer["status"] != "RUNNING" else None

    def finish(self, payment, location, status):
        """Wait for the state machine, and show what came of it."""
        order = payment["orderId"]
        answer = until(lambda: self.outcome(location), f"the end of {order}")
        result = answer.get("output") or {"status": answer["status"]}
        self.tell(order, "POST /payments 202", result, self.provider.met(order))
        self.expect(
            result.get("status") == status, f"{order}: {status} was expected, {answer} came"
        )

    def send(self, order, how, expected, kind="payment.completed"):
        """Have an order's event sent, and show what was answered; return its id."""
        sent = self.provider.send(self.shop.url, order, how, kind)
        self.say(f"{order:9}{kind} {how}: {' '.join(map(str, sent['statuses']))}")
        self.expect(sent["statuses"] == expected, f"{expected} was expected")
        return sent["id"]

    def applied(self, order, event):
        """Wait until an event was dealt with, and show what came of it."""
        until(lambda: self.shop.delivery(event).get("state") == "processed", f"the end of {event}")
        told, books = self.shop.delivery(event), self.books()[order]
        self.say(
            f"{order:9}{books['status']}, parcels: {books['parcels']}; handled in attempt "
            f"{told['attempts']}, {told['duplicates']} repetition(s)"
        )
        return told

    def books(self):
        """Return the shop's ledger: {order: {status, booked, parcels}}."""
        return ask(self.shop.url, "GET", "/ledger")[1]

    def balance(self):
        """Show both ledgers side by side. Returns whether they agree."""
        print(f"\n{self.paint('1;36', 'Both ledgers')}\n")
        charged, booked = self.provider.ledger(), self.books()
        print(
            f"   {'order':10}{'provider: charges':>20}{'shop: booked':>16}  {'as':10}{'parcels':>8}"
        )
        sums = [0, 0]
        agree = True
        for order in self.orders:
            one, other = charged[order], booked.get(order, NOTHING)
            paid, money = one["charged"] - one["refunded"], other["booked"]
            right = paid == money and one["charges"] == other["parcels"] and one["charges"] < 2
            agree = agree and right
            sums = [sums[0] + paid, sums[1] + money]
            mark = self.paint("32", "✓") if right else self.paint("31", "✗")
            print(
                f"   {order:10}{one['charges']:>10}{euros(paid):>10}{euros(money):>16}  "
                f"{other['status']:10}{other['parcels']:>8}  {mark}"
            )
        print(f"   {'':10}{euros(sums[0]):>20}{euros(sums[1]):>16}")
        return agree


def euros(cents):
    return f"{cents / 100:.2f}"
