"""Owns what those who deal with a webhook are given of it: functions, state machines, tasks, queues. Pure."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import groupby
from typing import Final, NamedTuple

import orjson

from frontdesk.rules.asl.names import LONGEST_NAME, is_name

_SIGN: Final = re.compile(r"[^A-Za-z0-9_.-]")
_GROUP: Final = re.compile(r"[!-~]{1,128}", re.ASCII)


class Taken(NamedTuple):
    """A webhook that was taken.

    source: its name in the file. headers: JSON text of pairs. attempt: counts from 1. replay: how often an
    operator has asked for it anew, 0 for never. ordering: "" where there is none. trace: X-Amzn-Trace-Id.
    """

    source: str
    id: str
    type: str
    headers: bytes
    body: bytes
    attempt: int = 1
    replay: int = 0
    ordering: str = ""
    trace: str = ""

    @property
    def identity(self) -> str:
        """What is the same each time that it is dealt with, and another one when it is replayed."""
        told = f"{len(self.source)}.{self.source}.{self.replay}.{self.id}"
        return hashlib.sha256(told.encode()).hexdigest()


def function_event(taken: Taken) -> bytes:
    """Make the event of a function, as JSON text.

    `id`, `type`, `source`; `headers`: those that are kept, by name in lower case, several of a name joined with
    commas; `body`: as it came, base64 where `isBase64Encoded`; `attempt`: counts from 1; `replay`: how often
    an operator has asked for it anew. Frontdesk's own: Lambda has no event for webhooks.
    """
    pairs = sorted(orjson.loads(taken.headers), key=lambda pair: pair[0])
    body, encoded = _text(taken.body)
    return orjson.dumps(
        {
            "id": taken.id,
            "type": taken.type,
            "source": taken.source,
            "headers": {
                name: ", ".join(value for _, value in same)
                for name, same in groupby(pairs, key=lambda pair: pair[0])
            },
            "body": body,
            "isBase64Encoded": encoded,
            "attempt": taken.attempt,
            "replay": taken.replay,
        }
    )


def json_body(taken: Taken) -> str:
    """Return the body as JSON text: itself, or where it is none, a JSON text that holds it."""
    try:
        orjson.loads(taken.body)
        return taken.body.decode()
    except ValueError:
        return orjson.dumps(_text(taken.body)[0]).decode()


def message(taken: Taken) -> tuple[bytes, Mapping[str, Mapping[str, str]]]:
    """Make the body and the attributes of a message: what was sent, and what it is.

    The body is as it came, or base64 with the attribute `encoding`, where it is no text.
    """
    text, encoded = _text(taken.body)
    told = {"webhook": taken.source, "id": taken.id, "type": taken.type}
    if encoded:
        told["encoding"] = "base64"
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in told.items() if value
    }
    return text.encode(), attributes


def message_group(taken: Taken) -> str:
    """Return the group of its message in a FIFO queue: one for each ordering, or for the webhook."""
    group = taken.ordering or taken.source
    return group if _GROUP.fullmatch(group) else hashlib.sha256(group.encode()).hexdigest()


def execution_name(taken: Taken) -> str:
    """Name the execution that it starts, so that starting it again does nothing."""
    name = f"{taken.source}.{taken.id}"  # no webhook has a dot in its name
    if not taken.replay and len(name) <= LONGEST_NAME and not _SIGN.search(name) and is_name(name):
        return name
    mark = f"-{taken.identity[:16]}"
    return _SIGN.sub("_", name)[: LONGEST_NAME - len(mark)] + mark


def _text(body: bytes) -> tuple[str, bool]:
    """Return a body as text, and whether that is base64."""
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return b64encode(body).decode(), True
