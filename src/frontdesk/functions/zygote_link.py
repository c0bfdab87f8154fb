"""Owns the gateway's end of the zygote: starts it by exec, sends orders, hears of births and deaths."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

from frontdesk.functions.frames import CONTROL, FORK, FORKED, KILL

_PROGRAM = Path(__file__).with_name("zygote.py")
_EXIT_GRACE = 5.0


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
    ) -> None:
        self._forked = forked
        self._exited = exited
        self._lost = lost
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._outbox: deque[tuple[bytes, tuple[int, ...]]] = deque()

    def start(self) -> None:
        """Start the process on the running loop, unless it runs."""
        if self._control is not None:
            return
        self._loop = asyncio.get_running_loop()
        if self._process is not None:
            self._process.wait(_EXIT_GRACE)  # it closed its socket by dying
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                # Differs: [importable-packages] functions can import what is installed beside us,
                # after their own packages. AWS offers boto3 alone.
                [sys.executable, "-I", str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "random"},
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a Ctrl-C in the terminal drains the gateway first
            )
        ours.setblocking(False)
        self._control = ours
        self._loop.add_reader(ours, self._readable)

    def fork(self, number: int, channel: int, output: int) -> None:
        """Start a child with these two descriptors, which are closed here once they are sent."""
        self.start()
        self._send(CONTROL.pack(FORK, number, 0), (channel, output))

    def kill(self, number: int) -> None:
        """SIGKILL to the child and its process group. Unknown and ended children: nothing."""
        if self._control is not None:
            self._send(CONTROL.pack(KILL, number, 0), ())

    async def close(self) -> None:
        """End the zygote and every child. Returns when all are gone."""
        self._disconnect()
        if self._process is not None:
            process, self._process = self._process, None
            await asyncio.to_thread(process.wait, _EXIT_GRACE)

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
            self._disconnect()
            self._lost()
            return
        operation, number, value = CONTROL.unpack(message)
        hear = self._forked if operation == FORKED else self._exited
        hear(number, value)

    def _disconnect(self) -> None:
        if self._control is not None:
            self._loop.remove_reader(self._control)
            self._loop.remove_writer(self._control)
            self._control.close()
            self._control = None
        while self._outbox:
            _close(self._outbox.popleft()[1])


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
