"""Handlers that do what handlers should not."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time


def spin(event, context):
    if event == "well":
        return os.getpid()
    while True:
        pass


def deaf(event, context):
    """Ignores every signal that can be ignored, in a group of processes."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        while True:
            time.sleep(1)
    while True:
        time.sleep(1)


async def sleepy(event, context):
    await asyncio.sleep(300)


def fail(event, context):
    raise ValueError("no slot", event)


async def fail_later(event, context):
    await asyncio.sleep(0)
    raise KeyError("slot")


def end(event, context):
    how = {
        "well": lambda: None,
        "os._exit(127)": lambda: os._exit(127),
        "os._exit(0)": lambda: os._exit(0),
        "exit(0)": lambda: sys.exit(0),
        "exit()": sys.exit,
        "exit(3)": lambda: sys.exit(3),
        "exit(text)": lambda: sys.exit("bye"),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crash": lambda: ctypes.string_at(0),
        "closes everything": lambda: os.closerange(3, 64),
        "writes to the channel": lambda: os.write(4, b"HTTP/1.1 200 OK\r\n\r\n"),
        "writes a frame": lambda: os.write(4, b"\0\0\0\0\x06\0\0\0\0\0\0\x07"),
        "exits in a thread": exit_in_a_thread,
        "fails without words": fail_without_words,
    }
    return how[event]()


def exit_in_a_thread():
    threading.Thread(target=lambda: os._exit(5)).start()
    time.sleep(300)


class WordlessError(Exception):
    """One that cannot be shown: AWS's runtime ends over it."""

    def __str__(self):
        raise ValueError("no words")


def fail_without_words():
    raise WordlessError


def dies_later(event, context):
    """Answers, and ends the process when nobody looks."""
    threading.Timer(0.05, lambda: os._exit(0)).start()
    return os.getpid()


def nonsense(event, context):
    results = {
        "set": {1, 2},
        "object": object(),
        "function": nonsense,
        "key": {(1, 2): 3},
        "loop": loop(),
        "generator": (n for n in range(3)),
    }
    return results[event]


def loop():
    a = []
    a.append(a)
    return a


def flood(event, context):
    line = "x" * 1023 + "\n"
    for _ in range(event):
        sys.stdout.write(line)
    return "done"


def has_no_stdout(event, context):
    sys.stdout = sys.stderr = None
    return "done"


def closes_stdout(event, context):
    sys.stdout.close()
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    return "done"


def forks(event, context):
    """Lets two processes come back from the handler."""
    os.fork()
    return "done"


def hungry(event, context):
    if event != "well":
        kept = bytearray(400 << 20)
        kept[::4096] = b"x" * len(kept[::4096])
        time.sleep(300)
    return "well"


def hungry_child(event, context):
    """Lets another process take the memory."""
    if os.fork() == 0:
        hungry(event, context)
    time.sleep(300)


def deep(event, context):
    return deep(event, context)


def escapes(event, context):
    """Starts processes out of its reach: of a session of their own, and one whose parents end."""
    away = subprocess.Popen(["sleep", "300"], start_new_session=True)
    shell = ["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"]
    daemon = subprocess.run(shell, stdout=subprocess.PIPE, check=True)
    print("escaped", away.pid, daemon.stdout.decode(), flush=True)  # noqa: T201 - as handlers do
    while event == "spin":
        pass


def stops_its_zygote(event, context):
    if event != "well":
        print("spins", os.getpid(), flush=True)  # noqa: T201 - as handlers do
        os.kill(os.getppid(), signal.SIGSTOP)
        while True:
            pass
    return os.getpid()
