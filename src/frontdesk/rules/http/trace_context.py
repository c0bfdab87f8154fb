"""Owns how a trace is told from one to the next: traceparent, tracestate, baggage, X-Amzn-Trace-Id.

Reads what came, decides which field counts, and writes both forms of one trace. Ids are handed in.
Sources: W3C, "Trace Context" and "Baggage"; AWS, "X-Ray concepts", tracing header.
"""

import re
from typing import Final, NamedTuple

_TRACEPARENT: Final = re.compile(
    r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII
)
_ROOT: Final = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
_PARENT: Final = re.compile(r"[0-9a-fA-F]{16}")
_MEMBER: Final = re.compile(r"([A-Za-z]+)=([!-:<-~]*)")

_SAMPLED: Final = 1
MAX_STATES: Final = 32
MAX_BAGGAGE: Final = 64
MAX_BAGGAGE_BYTES: Final = 8192


class Caller(NamedTuple):
    """What a caller says of the trace that its request belongs to.

    trace_id: 32 hex digits. span_id: 16 of the caller's own span, "" where it names none. sampled: None
    leaves the decision to us. amazon: the members of its X-Amzn-Trace-Id, when that is what counts.
    """

    trace_id: str
    span_id: str
    sampled: bool | None
    amazon: dict[str, str] | None = None


def read_caller(traceparent: str, amazon: str) -> Caller | None:
    """Read both fields; "" where one is absent. A valid traceparent wins. None: a new trace begins."""
    return read_traceparent(traceparent) or read_amazon(amazon)


def read_traceparent(value: str) -> Caller | None:
    """Read a traceparent; None when it is malformed. A later version is read by its first four parts."""
    found = _TRACEPARENT.fullmatch(value)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    if trace_id.strip("0") == "" or span_id.strip("0") == "":
        return None
    return Caller(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def read_amazon(value: str) -> Caller | None:
    """Read an X-Amzn-Trace-Id; None when it is malformed or has no Root."""
    members: dict[str, str] = {}
    for member in value.split(";"):
        found = _MEMBER.fullmatch(member.strip())
        if found is None:
            if member.strip():
                return None
        else:
            members[found[1]] = found[2]
    root = _ROOT.fullmatch(members.get("Root", ""))
    if root is None:
        return None
    trace_id = (root[1] + root[2]).lower()
    if trace_id.strip("0") == "":
        return None
    parent = members.get("Parent", "")
    span_id = parent.lower() if _PARENT.fullmatch(parent) else ""
    return Caller(trace_id, span_id, _DECISIONS.get(members.get("Sampled", "")), members)


_DECISIONS: Final = {"0": False, "1": True}
RECORDED: Final = "Sampled=1"
"""What an X-Amzn-Trace-Id says that is sampled."""


def read_recorded(amazon: str) -> Caller | None:
    """Read an X-Amzn-Trace-Id that is sampled; None for others, at the cost of a look."""
    if RECORDED not in amazon:
        return None
    caller = read_amazon(amazon)
    return caller if caller is not None and caller.sampled else None


def write_traceparent(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """Write the traceparent that whoever is called gets. span_id: of the span that calls."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def write_root(trace_id: str) -> str:
    """Write a trace id as AWS does: `1-{8 hex digits}-{24}`."""
    return f"1-{trace_id[:8]}-{trace_id[8:]}"


def write_amazon(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """Write the X-Amzn-Trace-Id of a trace that did not come with one."""
    return f"Root={write_root(trace_id)};Parent={span_id};Sampled={int(sampled)}"


def extend_amazon(members: dict[str, str], span_id: str, *, replace: bool) -> str:
    """Write an X-Amzn-Trace-Id that came. It is kept; without a Parent it gets one, behind Root.

    replace: our own span stands between, so that its Parent and the decision are ours.
    """
    if replace:
        members = {**members, "Parent": span_id, "Sampled": "1"}
    parent = members.get("Parent", span_id)
    rest = {name: value for name, value in members.items() if name not in ("Root", "Parent")}
    first = {"Root": members["Root"], "Parent": parent}
    return ";".join(f"{name}={value}" for name, value in (first | rest).items())


def keeps_tracestate(value: str) -> bool:
    """Whether a tracestate may be passed on: at most 32 members."""
    return sum(1 for member in value.split(",") if member.strip()) <= MAX_STATES


def keeps_baggage(value: bytes) -> bool:
    """Whether baggage is small enough to be passed on."""
    return len(value) <= MAX_BAGGAGE_BYTES and value.count(b",") < MAX_BAGGAGE
