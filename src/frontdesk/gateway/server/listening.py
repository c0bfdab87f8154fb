"""Owns the making of listening sockets: one for a process, or a group that shares an address.

Every error names the key of the file to change. Knows nothing of who accepts.
"""

import errno
import os
import socket
from typing import Final

from frontdesk.base.errors import StartError

BACKLOG: Final = 2048
"""Connections that may wait to be accepted."""

_BIND_ERRORS: Final[dict[int, tuple[str, str]]] = {
    errno.EADDRINUSE: (
        "address already in use",
        "set `{key}` to another port, or stop the process that uses this one",
    ),
    errno.EADDRNOTAVAIL: (
        "not an address of this machine",
        "set `{key}` to 127.0.0.1, 0.0.0.0 or an address of a network interface",
    ),
    errno.EACCES: (
        "not permitted to listen",
        "ports below 1024 need a privilege; set `{key}` to a higher port",
    ),
}


def listen(host: str, port: int, key: str) -> socket.socket:
    """Listen on an address that nobody else listens on. port 0: any that is free.

    key: what the address is called in the file.
    Raises: StartError when the address cannot be had.
    """
    return _listen(host, port, key, shared=False)


def listen_together(host: str, port: int, key: str, count: int) -> list[socket.socket]:
    """Listen on one address with several sockets; the kernel spreads connections over them.

    Raises: StartError, also when another gateway of this user shares the address already.
    """
    if port:
        listen(host, port, key).close()
    first = _listen(host, port, key, shared=True)
    return [first, *(join(first.getsockname()[:2], key) for _ in range(count - 1))]


def join(address: tuple[str, int], key: str) -> socket.socket:
    """Listen on an address beside the sockets that share it.

    Raises: StartError.
    """
    return _listen(*address, key, shared=True)


def _listen(host: str, port: int, key: str, *, shared: bool) -> socket.socket:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise StartError(
            f"unknown address to listen on: {shown}", hint=f"set `{key}` to ADDRESS:PORT"
        ) from error
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it
        listening.bind(address)
        listening.listen(BACKLOG)  # a second listener is told by this call at the latest
    except OSError as error:
        listening.close()
        reason, hint = _BIND_ERRORS.get(error.errno or 0, (os.strerror(error.errno or 0), ""))
        raise StartError(f"{reason}: {shown}", hint=hint.format(key=key)) from error
    listening.setblocking(False)
    return listening
