"""The zygote's program: a clean, single-threaded process that forks children when told to.

Started by exec with its control socket as the only argument; imports nothing but the standard library
and this package's own child side. It outlives no gateway: end of file on the control socket ends it,
and every child with it, whatever those have started. It knows nothing of functions.
"""

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import types
from pathlib import Path

_SET_DEATH_SIGNAL = 1  # prctl, linux/prctl.h
_SET_CHILD_SUBREAPER = 36
_OUT_OF_RESOURCES = 71  # EX_OSERR of sysexits.h
_GENERATIONS = 1000  # of orphans that are ended in one go: a bound for those that fork on and on


def main() -> None:
    """Serve fork requests until the gateway goes away."""
    # The child's side is imported by path under its real name, without running the package root of
    # the gateway: user code must find neither of them loaded.
    here = Path(__file__).parent
    package = types.ModuleType("frontdesk")
    package.__path__ = [str(here.parent)]
    sys.modules["frontdesk"] = package
    control = socket.socket(fileno=int(sys.argv[1]))
    libc = ctypes.CDLL(None)
    # Orphans of children (a subprocess left running) come here to be reaped.
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # A child may have stopped us, and a gateway that is killed replaces us no more: go on then, and see its end.
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGCONT, 0, 0, 0)
    zygote = _Zygote(control)
    gc.collect()
    gc.freeze()  # children share these pages for as long as their collector leaves them alone
    zygote.serve()


class _Zygote:
    def __init__(self, control: socket.socket) -> None:
        from frontdesk.functions import bootstrap, descendants, frames

        for name in [name for name in sys.modules if name.split(".")[0] == "frontdesk"]:
            del sys.modules[name]
        self._bootstrap = bootstrap
        self._descendants = descendants
        self._frames = frames
        self._control = control
        self._children: dict[int, int] = {}  # process id → child number
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # They are the gateway's business, and come to all of its processes from a terminal or a service
        # manager. To stop it drains, then closes the control socket.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._reap()
            if self._control.fileno() in ready and not self._obey():
                break
        for pid in self._children:
            self._descendants.kill_group(pid)
        self._descendants.kill_descendants(os.getpid())
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()

    def _obey(self) -> bool:
        """Carry out one order; False when the gateway has gone."""
        frames = self._frames
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, frames.CONTROL.size, 3)
        except ConnectionResetError:  # it was killed before it had read all that we told it
            return False
        if not message:
            return False
        operation, number, _ = frames.CONTROL.unpack(message)
        if operation == frames.FORK:
            self._fork(number, descriptors)
        elif operation == frames.KILL:
            for pid, child in self._children.items():
                if child == number:
                    self._descendants.kill_group(pid)
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            sys.stderr.write(f"cannot fork a function child: {error}\n")
            self._tell(self._frames.EXITED, number, _OUT_OF_RESOURCES)
            pid = -1
        if pid == 0:
            orders, answers, output = descriptors
            self._bootstrap.run(orders, answers, output, zygote)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid > 0:
            self._children[pid] = number
            self._tell(self._frames.FORKED, number, pid)

    def _reap(self) -> None:
        """Collect every process that has ended, and with a child all that it has left."""
        while True:
            try:
                # Without reaping yet: the group's number is the child's, safe while it is a zombie.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            if ended.si_pid in self._children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(ended.si_pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            number = self._children.pop(ended.si_pid, None)
            if number is not None:
                self._end_orphans()
                self._tell(self._frames.EXITED, number, os.waitstatus_to_exitcode(status))

    def _end_orphans(self) -> None:
        """Kill and reap what children that have ended left behind: it has come to us.

        Differs: [daemons] a process whose parents have ended may be of a child that still lives; nobody
        can tell, so it goes too. At AWS each environment is a machine of its own.
        """
        for _ in range(_GENERATIONS):  # those of an orphan come to us when it is reaped
            orphans = set(self._descendants.children(os.getpid())) - self._children.keys()
            if not orphans:
                return
            for pid in orphans:
                self._descendants.kill(pid)
            for pid in orphans:
                os.waitpid(pid, 0)

    def _tell(self, operation: int, number: int, value: int) -> None:
        with contextlib.suppress(OSError):  # the gateway has gone; the next read says so
            self._control.send(self._frames.CONTROL.pack(operation, number, value))


if __name__ == "__main__":
    main()
