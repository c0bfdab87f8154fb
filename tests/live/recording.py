"""A process that writes records, several writers to each, and says so after each commit. Arguments: URL, name."""

import asyncio
import sys

from frontdesk import records

KEYS = 3
WRITERS = 8
ME = records.UserContext("u", "", "acme")


def acknowledged(text):
    """Read which versions of which records the process has said to be written."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {(key, int(version)) for key, version in lines}


async def _write(orders, name, writer):
    number = 0
    while True:
        number += 1
        key = f"k{(writer + number) % KEYS}"
        order = {"pk": "ORDER#acme", "sk": key, "version": -1, "code": f"{name}-{writer}-{number}"}
        try:
            written = await orders.publish_async(order, ME)
        except records.ConflictRecordError:
            continue
        sys.stdout.write(f"{key} {written.version}\n")
        sys.stdout.flush()


async def _main(url, name):
    async with records.open(url) as opened:
        orders = opened.commands("orders")
        await asyncio.gather(*(_write(orders, name, writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
