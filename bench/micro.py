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


PARTS: dict[str, Part] = {
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
    return Result(findings)


def _timed(call: Call) -> float:
    """Call often; return the microseconds of one call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) * 1e6 / CALLS
