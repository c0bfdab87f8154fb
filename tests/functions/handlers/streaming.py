"""Handlers that answer in parts."""

import asyncio
import os
import time


def plain(event, context):
    yield from event


def response(event, context):
    yield {"statusCode": 201, "headers": {"x-a": "b"}, "cookies": ["c=1"]}
    yield "grü"
    yield b"\xc3\x9fe"


async def gentle(event, context):
    for part in event:
        await asyncio.sleep(0)
        yield part


def fails(event, context):
    if event == "at once":
        raise ValueError("no slot")
    yield "first"
    if event == "garbage":
        os.write(4, b"x" * 50)
        time.sleep(300)
    elif event == "another call's part":
        os.write(4, b"\0\0\0\1\6\1\0\0\0\0\0\x63x")
        time.sleep(300)
    elif event == "closes the channel":
        os.close(4)
    elif event == "no text":
        yield 7
    elif event == "exit":
        os._exit(3)
    elif event == "hang":
        time.sleep(300)
    raise ValueError("no slot")


def endless(event, context):
    """Yields parts of `size` bytes, `parts` of them, and says how far it has come in a file."""
    with open(event["file"], "wb", buffering=0) as told:  # noqa: PTH123 - one byte, one part
        for _ in range(event["parts"]):
            yield b"x" * event["size"]
            told.write(b".")


def waits(event, context):
    """Yields, then waits for a file before it goes on."""
    yield "first"
    while not os.path.exists(event):  # noqa: PTH110 - as handlers do
        time.sleep(0.005)
    yield "second"


def whole(event, context):
    return (part for part in ("a", "b"))


def nothing(event, context):
    yield from ()
