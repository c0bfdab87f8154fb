"""Owns the gateway's end of the zygote: starts it by exec, sends orders, hears of births and deaths."""

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.functions.descendants import kill_descendants, kill_group
from frontdesk.functions.frames import CONTROL, FORK, FORKED, KILL

_PROGRAM = Path(__file__).with_name("zygote.py")

_EXIT_GRACE = 2.0
"""Seconds that the zygote has to end all children at the end, before it is ended with them."""

_KILL_GRACE = 0.5
"""Seconds from KILL to EXITED, after which the gateway kills the child itself."""

_PATIENCE = 5.0
"""Seconds for any answer, after which the zygote hangs (a function can stop it) and is replaced."""

_SET_DUMPABLE = 4  # prctl, linux/prctl.h


class ZygoteLink:
    """One zygote. After its death the next `fork` starts another.

    forked: called with child number and process id. exited: with child number and exit status
    (negative: the signal). lost: the zygote has died; the kernel ends all its children.
    """

    def __init__(
        self,
        forked: Callable[[int, int], None],
        exited: Callable[[int, int], None],
        lost: Callable[[], None],
        *,
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        self._forked = forked
        self._exited = exited
        self._lost = lost
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._outbox: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._clock = clock
        self._timer = wheel.timer(self._look_at_answers)
        self._pids: dict[int, int] = {}  # child number → process id, of those that live
        self._births: dict[int, float] = {}  # FORK sent and not answered → when
        self._deaths: dict[int, float] = {}  # KILL likewise
        self._funerals: set[asyncio.Future[None]] = set()  # of zygotes that were lost

    def start(self) -> None:
        """Start the process on the running loop, unless it runs."""
        if self._control is not None:
            return
        self._loop = asyncio.get_running_loop()
        # Functions are of our user and could read our environment in /proc, with secrets in it; root
        # can in any case.
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                # Differs: [importable-packages] functions can import what is installed beside us,
                # after their own packages. AWS offers boto3 alone.
                [sys.executable, "-I", str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "random"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C in the terminal drains the gateway first
            )
            undo.pop_all()
        ours.setblocking(False)
        self._control = ours
        self._loop.add_reader(ours, self._readable)

    def fork(self, number: int, descriptors: tuple[int, ...]) -> None:
        """Start a child with what FORK hands on, which is closed here once it is sent."""
        self.start()
        self._births[number] = self._expect(_PATIENCE)
        self._send(CONTROL.pack(FORK, number, 0), descriptors)

    def kill(self, number: int) -> None:
        """SIGKILL to the child and its process group. Unknown and ended children: nothing."""
        if number in self._pids or number in self._births:
            self._deaths.setdefault(number, self._expect(_KILL_GRACE))
            self._send(CONTROL.pack(KILL, number, 0), ())

    async def close(self) -> None:
        """End the zygote and every child. Returns when all are gone."""
        self._disconnect()
        process, self._process = self._process, None
        if process is not None:
            try:
                await asyncio.to_thread(_wait, process)
            finally:
                _end(process)
                await asyncio.to_thread(_wait, process)
        await asyncio.gather(*self._funerals)

    def _expect(self, seconds: float) -> float:
        """Look after `seconds` at the latest whether the zygote has answered. Answer: now."""
        now = self._clock.monotonic()
        if self._timer.deadline > now + seconds:
            self._timer.at(now + seconds)
        return now

    def _look_at_answers(self) -> None:
        """Do without a zygote that does not answer."""
        now = self._clock.monotonic()
        orders = [*self._births.values(), *self._deaths.values()]
        if orders and min(orders) + _PATIENCE <= now:
            self._replace()
            return
        for number, since in self._deaths.items():
            if number in self._pids and since + _KILL_GRACE <= now:
                kill_group(self._pids[number])
        if orders:
            self._timer.at(now + _KILL_GRACE)

    def _send(self, message: bytes, descriptors: tuple[int, ...]) -> None:
        self._outbox.append((message, descriptors))
        self._flush()

    def _flush(self) -> None:
        control = self._control
        if control is None:
            return
        try:
            while self._outbox:
                message, descriptors = self._outbox[0]
                socket.send_fds(control, [message], descriptors)
                self._outbox.popleft()
                _close(descriptors)
        except BlockingIOError:
            self._loop.add_writer(control, self._flush)
        except OSError:
            self._loop.remove_writer(control)  # it died; the reader is told
        else:
            self._loop.remove_writer(control)

    def _readable(self) -> None:
        control = self._control
        if control is None:
            return
        try:
            message = control.recv(CONTROL.size)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._replace()
            return
        operation, number, value = CONTROL.unpack(message)
        self._births.pop(number, None)
        if operation == FORKED:
            self._pids[number] = value
            self._forked(number, value)
        else:
            self._pids.pop(number, None)
            self._deaths.pop(number, None)
            self._exited(number, value)

    def _replace(self) -> None:
        """End a zygote that is dead or might as well be; the next `fork` starts another."""
        # The kernel ends children with their zygote, but not what these have started.
        for pid in self._pids.values():
            kill_group(pid)
        self._disconnect()
        process, self._process = self._process, None
        if process is not None:
            _end(process)
            funeral = self._loop.run_in_executor(None, _wait, process)
            self._funerals.add(funeral)
            funeral.add_done_callback(self._funerals.discard)
        self._lost()

    def _disconnect(self) -> None:
        if self._control is not None:
            self._loop.remove_reader(self._control)
            self._loop.remove_writer(self._control)
            self._control.close()
            self._control = None
        self._timer.stop()
        self._pids.clear()
        self._births.clear()
        self._deaths.clear()
        while self._outbox:
            _close(self._outbox.popleft()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a zygote, unless it has ended, and to all that descends from it."""
    if process.poll() is None:
        kill_descendants(process.pid)
        process.kill()


def _wait(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_EXIT_GRACE)


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
