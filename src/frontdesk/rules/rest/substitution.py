"""Owns the plain substitution of gateway responses: text in which `$context.error.message` and the like stand.

It is no VTL. What may stand there are expressions of `expressions`, behind a `$`.
Source: AWS, "Gateway responses for REST APIs in API Gateway".
"""

import re
from typing import Final

from frontdesk.rules.rest.expressions import STATIC, Source, parse_source

SOURCES: Final = (
    STATIC,
    "context",
    "stageVariables",
    "method.request.header",
    "method.request.path",
    "method.request.querystring",
)
"""What a gateway response may be made from."""

_VARIABLE: Final = re.compile(
    r"\$((?:context|stageVariables|method\.request\.(?:header|path|querystring))\.[\w.-]*[\w])",
    re.ASCII,
)


def parse_substitutions(text: str) -> tuple[str | Source, ...]:
    """Split a template into text and what is put in, in order. Raises: ExpressionError."""
    pieces = _VARIABLE.split(text)  # what is between two finds stands at the even places
    return tuple(
        parse_source(piece, SOURCES) if at % 2 else piece for at, piece in enumerate(pieces)
    )
