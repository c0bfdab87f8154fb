"""The form of Frontdesk's own messages."""

import json
import logging
import sys

from frontdesk.cli.console import JsonLines, Readable


def record(message, *arguments, level=logging.WARNING, exc_info=None, **extra):
    made = logging.LogRecord("frontdesk.x", level, "x.py", 1, message, arguments, exc_info)
    vars(made).update(extra)
    made.created = 1_700_000_000.25
    return made


def failed():
    try:
        raise ValueError("no slot")
    except ValueError:
        return sys.exc_info()


def test_a_json_line_has_time_level_logger_message_and_what_was_added():
    line = json.loads(JsonLines().format(record("lost %d lines", 3, issuer="i")))
    assert line == {
        "ts": "2023-11-14T22:13:20.250Z",
        "level": "warning",
        "logger": "frontdesk.x",
        "message": "lost 3 lines",
        "issuer": "i",
    }


def test_a_json_line_stays_one_line_with_an_exception_in_it():
    text = JsonLines().format(record("failed", exc_info=failed()))
    assert "\n" not in text
    told = json.loads(text)["exc"]
    assert (told["type"], told["message"]) == ("ValueError", "no slot")
    assert "ValueError: no slot" in told["stack"]


def test_a_readable_line_ends_with_what_was_added():
    text = Readable(coloured=False).format(record("keys cannot be fetched", issuer="i"))
    assert text.endswith(" warning keys cannot be fetched (issuer=i)")


def test_only_a_terminal_gets_colours():
    assert "\x1b[" in Readable(coloured=True).format(record("careful"))
    assert "\x1b[" not in Readable(coloured=True).format(record("fine", level=logging.INFO))


def test_a_traceback_stands_below_the_message():
    text = Readable(coloured=False).format(record("failed", exc_info=failed()))
    assert text.splitlines()[0].endswith("failed")
    assert text.splitlines()[-1] == "ValueError: no slot"
