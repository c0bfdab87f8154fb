"""Owns the form of Frontdesk's own messages on standard error: JSON lines, or text for a developer."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

import click

from frontdesk.rules.redaction import mask_secrets

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 and C1 controls but tab and line end, which could make a terminal do or hide something; and halves of surrogates,
which cannot be written.
"""


def visible(text: str) -> str:
    """Write the controls of a text that somebody else has made as escapes, for a terminal."""
    return _CONTROLS.sub(_escaped, text)


def _escaped(control: re.Match[str]) -> str:
    code = ord(control[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def log_to_console(level: str, *, readable: bool) -> None:
    """Send the messages of this process to standard error. level: debug, info, warning or error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Readable(coloured=sys.stderr.isatty()) if readable else JsonLines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class JsonLines(logging.Formatter):
    """One JSON object a line: ts (RFC 3339, UTC), level, logger, message, what `extra` gave, exc.

    exc: type, message and stack of an exception.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "ts": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask_secrets(record.getMessage()),
            **_extra(record),
        }
        if record.exc_info:
            kind, error, _ = record.exc_info
            line["exc"] = {
                "type": kind.__name__ if kind is not None else "",
                "message": mask_secrets(str(error)),
                "stack": mask_secrets(self.formatException(record.exc_info)),
            }
        return json.dumps(line, default=str)


class Readable(logging.Formatter):
    """`12:03:11 warning keys cannot be fetched: … (issuer=…)`, with a traceback below where there is one."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        time = self.formatTime(record, "%H:%M:%S")
        level = record.levelname.lower()
        if self._coloured and record.levelname in _COLOURS:
            level = click.style(level, fg=_COLOURS[record.levelname])
        extra = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        text = f"{time} {level} {record.getMessage()}" + (f" ({extra})" if extra else "")
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return mask_secrets(text)
