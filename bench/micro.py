"""Owns the row of single parts, without sockets: microseconds of one call of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.figures import Figure, Finding, Goal, at_most
from bench.result import Bench, Result

Call = Callable[[], object]

CALLS = 5000
"""Calls timed together, so that the clock itself does not count."""

TEMPLATE = """\
#set($root = $input.path('$'))
#set($patient = $root.patient)
{
  "id": "$context.requestId",
  "stage": "$context.stage",
  "practice": "$input.params('practice')",
  "patient": {
    "name": "$util.escapeJavaScript($patient.name)",
    "born": "$patient.born"
  },
#if($root.insured && $root.plan != "")
  "plan": "$root.plan.toUpperCase()",
#else
  "plan": null,
#end
  "slots": [
#foreach($slot in $root.slots)
    {"at": "$slot.at", "minutes": $slot.minutes}#if($foreach.hasNext),#end

#end
  ],
  "notes": $input.json('$.notes')
}
"""
"""Twenty lines and more, of the kind that people write."""

BODY = (
    b'{"patient":{"name":"Ada O\'Neill","born":"1990-04-01"},"insured":true,"plan":"basic",'
    b'"slots":[{"at":"09:00","minutes":30},{"at":"10:30","minutes":15}],"notes":["new","urgent"]}'
)


@dataclass(frozen=True)
class Part:
    """A part to time. make: prepares it once and returns the call."""

    make: Callable[[], Call]
    goal: Goal | None = None


def _template() -> Call:
    from frontdesk.rules.lang.vtl import Input, compile_template, variables

    template = compile_template(TEMPLATE)
    params = {"path": {"practice": "p001"}, "querystring": {}, "header": {"Accept": "*/*"}}

    def render() -> str:
        context = {"requestId": "0193f0c2", "stage": "live", "identity": {"sourceIp": "::1"}}
        return template.render(variables(Input(BODY, params), context, {}))

    return render


LIMITS = ("account", 10_000), ("plan", 500)
"""Two limits that each decision takes from, by requests a second: never reached here."""


def _decision() -> Call:
    from frontdesk.ports.ledger import Claim, Rule
    from frontdesk.stores.memory.ledger import MemoryLedger

    ledger = MemoryLedger()
    claims: list[Claim] = [(name, Rule(name, rate, 1.0, 10**9)) for name, rate in LIMITS]
    return lambda: ledger.try_take_all(claims, time.monotonic())


def _decision_of_a_plan() -> Call:
    from frontdesk.ports.ledger import Claim, Quota, Rule
    from frontdesk.stores.memory.ledger import MemoryLedger

    ledger = MemoryLedger()
    claims: list[Claim] = [(name, Rule(name, rate, 1.0, 10**9)) for name, rate in LIMITS]
    claims += [("day", Quota("day", 10**9, 2e9)), ("month", Quota("month", 10**9, 2e9))]
    return lambda: ledger.try_take_all(claims, time.monotonic())


def _decision_by_lease() -> Call:
    from frontdesk.rules.resilience.bucket import Rule
    from frontdesk.rules.resilience.lease import Leases, Receipt

    leases, now = Leases(1000), time.monotonic()
    claims = [(name, Rule(name, rate, 1.0, 10**9)) for name, rate in LIMITS]
    leases.want(claims, now)
    for order in leases.orders(now, 10):
        leases.receive(order, Receipt(10**9, 0, 0.0, 0.0), now)
    return lambda: leases.try_take_all(claims, now)


BOOKING = {
    "type": "object",
    "required": ["patient", "slot"],
    "properties": {
        "patient": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 100},
                "age": {"type": "integer"},
            },
        },
        "slot": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code"],
                "properties": {"code": {"type": "string"}},
            },
        },
    },
}


def _validation() -> Call:
    import orjson

    from frontdesk.rules.lang.jsonschema import compile_schema

    items = [{"code": f"code-{number:03}", "count": number} for number in range(30)]
    patient = {"name": "Ada O'Neill", "age": 36}
    body = orjson.dumps({"patient": patient, "slot": "2026-11-21", "items": items})
    schema = compile_schema(BOOKING, {})
    return lambda: schema.faults(body)


def _course() -> Call:
    from frontdesk.rules.resilience.breaker import Breaker, BreakerSettings
    from frontdesk.rules.resilience.budget import RetryBudget
    from frontdesk.rules.resilience.course import Course
    from frontdesk.rules.resilience.retry import RetryPolicy

    policy, breaker, budget = RetryPolicy(), Breaker(BreakerSettings()), RetryBudget(0.2)

    def call() -> None:
        course = Course(policy, breaker, budget, 25.0)
        course.set_out(0.0)
        course.succeeded(0.1)

    return call


PARTS: dict[str, Part] = {
    "a body of 1 KB by its schema": Part(_validation, at_most(15)),
    "an outbound call's retry and breaker, on success": Part(_course, at_most(5)),
    "decision on two limits": Part(_decision, at_most(2)),
    "decision on two limits and two quotas": Part(_decision_of_a_plan),
    "decision on two limits, leased from Redis": Part(_decision_by_lease),
    "VTL template of 20 lines": Part(_template, at_most(60)),
}
"""What is timed, by the name that the tables show."""


def micro_row(bench: Bench) -> Result:
    """Time single parts, without sockets."""
    findings = []
    for name, part in PARTS.items():
        call = part.make()
        _timed(call)  # warms up
        rounds = [_timed(call) for _ in range(bench.effort.rounds)]
        findings.append(Finding(name, Figure.of(rounds), "µs", part.goal))
    trips = Figure.of([round_trips_of_fifty(nodes) for nodes in (1, 2, 4)])
    note = "1, 2 and 4 gateways at twice a plan of 1,000 a second, in time that is computed"
    findings.append(Finding("round trips for 50 shared decisions", trips, "", at_most(1), note))
    return Result(findings)


def round_trips_of_fifty(nodes: int) -> float:
    """Offer twice the plan to several gateways for a minute; return their round trips for 50 decisions."""
    from frontdesk.rules.resilience.bucket import SECOND, Rule
    from frontdesk.rules.resilience.lease import Leases, Receipt

    rule, decisions = Rule("plan", 1000, 1.0, 1000), 120_000
    claims, stored, trips = [("plan", rule)], 0, 0
    gateways = [Leases(1000) for _ in range(nodes)]
    for number in range(decisions):
        now = number / 2000
        leases = gateways[number * 7919 % 10007 % nodes]
        answer = None
        while answer is None:
            answer = leases.try_take_all(claims, now)
            if answer is None:
                leases.want(claims, now)
            for order in leases.orders(now, 10):
                instant = int(now * SECOND)
                stored = max(stored, instant)
                granted = min(order.want, (rule.span - stored + instant) // rule.interval)
                stored += granted * rule.interval
                wait = max(0.0, rule.wait(stored, instant, 1)) / SECOND
                leases.receive(order, Receipt(granted, 0, 0.0, wait), now)
                trips += 1
    return 50 * trips / decisions


def _timed(call: Call) -> float:
    """Call often; return the microseconds of one call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) * 1e6 / CALLS
