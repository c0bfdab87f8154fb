"""Owns processes of a test: started with their output read, waited for by what they say, ended by id."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.live.calls import PATIENCE


def until(condition, *, seconds=PATIENCE):
    """Ask again and again until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"never: {condition}"
        time.sleep(0.01)
    return answer


def state(status: Path) -> str:
    """Read the letter of a process or thread from its `stat`. Raises: FileNotFoundError, ProcessLookupError."""
    return status.read_text().rpartition(")")[2].split()[0]


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        return state(Path(f"/proc/{pid}/stat")) not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def stands(status: Path) -> bool:
    """Tell whether a thread was stopped by a signal, or is gone."""
    try:
        return state(status) in "TZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


LASTING: set[int] = set()
"""Processes that several tests share, which end with the last one."""


def descendants(pid: int) -> set[int]:
    """List the processes below a process, without those that only wait to be reaped and the lasting ones."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(path.parent.name)] = int(parent)
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - LASTING
        found |= new
    return found


class Running:
    """A process and what it has said so far."""

    def __init__(self, arguments, *, cwd=None, env=None) -> None:
        self._process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._said = threading.Condition()
        self._texts = {"stdout": "", "stderr": ""}
        self._open = 2
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._texts
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return self._texts["stdout"]

    @property
    def stderr(self) -> str:
        return self._texts["stderr"]

    def wait_for(self, pattern: str, *, times=1) -> re.Match[str]:
        """Wait until it has said something on either stream; return the last of `times` matches."""

        def found():
            text = "\n".join(self._texts.values())
            return list(re.finditer(pattern, text, re.MULTILINE))[times - 1 : times]

        with self._said:
            self._said.wait_for(lambda: found() or not self._open, PATIENCE)
            matches = found()
        assert matches, f"never said {pattern!r}:\n{self.stdout}\n{self.stderr}"
        return matches[0]

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stand_still(self) -> None:
        """Stop all its threads, and wait until they are: a signal comes to them one after the other."""
        self.signal(signal.SIGSTOP)
        until(
            lambda: all(stands(status) for status in Path(f"/proc/{self.pid}/task").glob("*/stat"))
        )

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        code = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def end(self, by: int | None = None) -> None:
        """End it if it still runs. by: the signal that asks it to; None: SIGTERM."""
        asks = by or signal.SIGTERM
        for number in (asks, asks, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
        for reader in self._readers:
            reader.join(5)

    def _read(self, name: str) -> None:
        with getattr(self._process, name) as stream:
            while data := os.read(stream.fileno(), 65536):
                with self._said:
                    self._texts[name] += data.decode("utf-8", "replace")
                    self._said.notify_all()
        with self._said:
            self._open -= 1
            self._said.notify_all()


@contextlib.contextmanager
def running(*arguments, cwd=None, env=None):
    """Run a program; end it on leaving."""
    process = Running(arguments, cwd=cwd, env=env)
    try:
        yield process
    finally:
        process.end()


@contextlib.contextmanager
def starting(module, *words):
    """Give what starts processes of one of these modules, each with `words` and its own; they are killed on leaving."""
    started = []

    def start(*more):
        command = [sys.executable, "-m", module, *words, *more]
        started.append(Running(command, cwd=Path(__file__).parents[2]))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.end(signal.SIGKILL)


def frontdesk(*arguments, cwd, env=None):
    """Run a command of Frontdesk in a process of its own; end it on leaving."""
    return running(sys.executable, "-m", "frontdesk", *arguments, cwd=cwd, env=env)
