"""Owns the X-Amzn-Trace-Id value of a request: kept, completed or made. Takes its random bits as a number.

Source: AWS, "Request tracing": `Root=1-{8 hex digits: second}-{24 hex digits};Parent={16 hex};Sampled=…`.
"""

import re

_ROOT = re.compile(r"Root=1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_MEMBER = re.compile(r"[A-Za-z]+=[!-:<-~]*")


def trace_id(received: str, second: int, number: int) -> str:
    """Return the trace id to show to a function.

    received: the client's value or "". second: since 1970. number: at least 96 random bits, used where
    an id must be made. A complete value is kept; a Parent is put second where only a Root came; anything
    that does not begin with a Root is replaced.
    """
    if not received:
        return _made(second, number)
    members = [member.strip() for member in received.split(";") if member.strip()]
    if not (members and _ROOT.fullmatch(members[0]) and all(map(_MEMBER.fullmatch, members))):
        return _made(second, number)
    if not any(member.startswith("Parent=") for member in members):
        members.insert(1, f"Parent={number & (1 << 64) - 1:016x}")
    return ";".join(members)


def _made(second: int, number: int) -> str:
    return f"Root=1-{second & 0xFFFFFFFF:08x}-{number & (1 << 96) - 1:024x}"
