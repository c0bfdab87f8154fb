"""Owns the judgement of a head whose end has not come: whether it can still become a request. Pure."""

import re
from typing import Final

from frontdesk.gateway.server.limits import Limits

_UNFIT: Final = re.compile(rb"[^\t\r\n\x20-\x7e\x80-\xff]|(?<!\r)\n|\r(?=[^\n])")
"""What makes it hopeless: controls, line ends that are not CR LF."""


def flaw_of_beginning(head: bytes, limits: Limits, judged: int) -> tuple[int, str] | None:
    """Return status and cause of the refusal of a beginning, None while it may go on.

    judged: how many of its bytes have been judged before.
    """
    line_end = head.find(b"\r\n")
    if (line_end if line_end >= 0 else len(head)) > limits.request_line:
        return 414, "request_line"
    if len(head) > limits.largest_head:
        return 431, "fields"
    if _UNFIT.search(head, max(0, judged - 1)):
        return 400, "malformed"
    return None
