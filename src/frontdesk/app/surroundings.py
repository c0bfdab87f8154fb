"""Owns what a gateway needs of the machine that it runs on, whether it runs or not: each look as rows.

Each looks and changes nothing, but for a probe file in the data folder. Prints nothing.
"""

import ctypes
import importlib.metadata
import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Literal

from frontdesk.app.stores import troubles
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.config.models.websocket_api import WebSocketApi
from frontdesk.functions.memory import own_cgroup
from frontdesk.rules.tls.reading import read_server_certificate
from frontdesk.rules.tls.server_certificate import CertificateError, expires_soon, faults

State = Literal["ok", "warn", "fail"]

ENOUGH_SPACE: Final = 512 * 1024**2
"""Free bytes in the data folder below which logs and packages may soon fill it."""

_OWN_FILES: Final = 200
"""Descriptors that a gateway needs beside connections: children, logs, store, listeners."""

_UVLOOP: Final = "0.22"


@dataclass(frozen=True, slots=True)
class Row:
    """What one check found. why: what it leads to. fix: what to do. Both "" where all is well."""

    check: str
    state: State
    found: str
    why: str = ""
    fix: str = ""


def look_around(loaded: Loaded) -> Iterator[Row]:
    """Look at all of it from within a gateway that runs."""
    yield from machine()
    for look in (certificates, data_dir, servers, open_files, access_log):
        yield from look(loaded)


def machine() -> Iterator[Row]:
    """Look at what needs no configuration."""
    yield Row("python", "ok", f"{platform.python_implementation()} {platform.python_version()}")
    yield _loop(importlib.metadata.version("uvloop") if sys.platform != "win32" else "")
    yield _clock(_clock_is_synchronised())
    yield _cgroup()


def _loop(version: str) -> Row:
    if version.startswith(_UVLOOP):
        return Row("event loop", "ok", f"uvloop {version}")
    why = f"Frontdesk is tested and measured with uvloop {_UVLOOP}"
    return Row("event loop", "warn", f"uvloop {version}", why, f"install uvloop {_UVLOOP}")


def _clock(synchronised: bool | None) -> Row:
    if synchronised is None:
        return Row("clock", "ok", "this system does not tell whether it is synchronised")
    if synchronised:
        return Row("clock", "ok", "synchronised")
    why = "tokens, signatures and certificates are judged by this clock"
    return Row("clock", "warn", "not synchronised", why, "run chrony, ntpd or systemd-timesyncd")


def _clock_is_synchronised() -> bool | None:
    """Ask the kernel, see adjtimex(2); None where there is no such call."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except AttributeError:
        return None
    state = adjtimex(ctypes.create_string_buffer(512))  # all zeros: only look
    return None if state < 0 else state != 5  # TIME_ERROR


def _cgroup() -> Row:
    root = own_cgroup()
    if root is not None:
        return Row("cgroup", "ok", str(root))
    return Row(
        "cgroup",
        "warn",
        "not delegated to this user",
        "the memory of functions is looked at four times a second, not limited by the kernel",
        "run the service with Delegate=yes (systemd), or as the container's own cgroup",
    )


def certificates(loaded: Loaded) -> Iterator[Row]:
    """Certificates that will be a problem; those that are one already are findings about the file."""
    config, now = loaded.config, SystemClock().time()
    for tls in (*(listener.tls for listener in config.listen), config.admin.tls):
        for files in tls.all_certificates if tls is not None else ():
            yield _certificate(files.cert, files.key, now)


def _certificate(cert: Path, key: Path, now: float) -> Row:
    try:
        certificate = read_server_certificate(cert.read_bytes(), key.read_bytes())
    except (OSError, CertificateError) as error:
        why, fix = "the gateway could not start", "give the files of a certificate and its key"
        return Row("certificate", "fail", f"{cert}: {error}", why, fix)
    wrong = faults(certificate, now)
    if wrong:
        fix = "renew it; the files are looked at every few seconds"
        return Row("certificate", "fail", f"{cert}: {'; '.join(wrong)}", "clients refuse it", fix)
    soon = expires_soon(certificate, now)
    if soon:
        return Row("certificate", "warn", f"{cert}: {soon}", "then clients refuse it", "renew it")
    return Row("certificate", "ok", f"{cert}: {', '.join(certificate.names)}")


def data_dir(loaded: Loaded) -> Iterator[Row]:
    """Whether there is room in the data folder, for the gateway alone."""
    folder = loaded.config.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with TemporaryFile(dir=existing):
            pass
    except OSError as error:
        why = "logs, packages and the store are kept there"
        fix = "give it to the user of the gateway, or set data_dir to another folder"
        yield Row("data_dir", "fail", f"{existing}: {os.strerror(error.errno or 0)}", why, fix)
        return
    if existing == folder and folder.stat().st_mode & 0o007:
        why = "function logs and the store hold what your clients send"
        yield Row("data_dir", "warn", f"{folder} is open to everybody", why, f"chmod o= {folder}")
    else:
        yield Row("data_dir", "ok", str(folder))
    free = shutil.disk_usage(existing).free
    if free < ENOUGH_SPACE:
        why = "without space log lines are lost and functions cannot be installed"
        fix = "remove old logs, or set data_dir to a larger disk"
        yield Row("disk", "warn", f"{free // 1024**2} MB free in {existing}", why, fix)
    else:
        yield Row("disk", "ok", f"{free // 1024**2} MB free in {existing}")


def servers(loaded: Loaded) -> Iterator[Row]:
    """PostgreSQL and Redis, where the file names one, and what WebSocket connections need of them."""
    config = loaded.config
    try:
        found = dict(troubles(config))
    except StartError as error:
        yield Row("drivers", "fail", error.message, "the gateway could not start", error.hint)
        return
    for name, wrong in found.items():
        if wrong:
            why, key = _WITHOUT[name]
            yield Row(name, "fail", wrong, why, f"start the server, or correct {key}")
        else:
            yield Row(name, "ok", "it answers")
    if any(isinstance(api, WebSocketApi) for api in config.apis.values()):
        yield _registry(config, found)


def _registry(config: Config, found: Mapping[str, str]) -> Row:
    """Look at the registry of WebSocket connections. found: what is wrong with each server, "" for nothing."""
    alone = "pushes would not reach the WebSocket connections of other gateways"
    if "Redis" in found:
        if found["Redis"]:
            fix = "start the server, or correct shared"
            return Row(
                "sockets", "fail", f"the registry is not reached: {found['Redis']}", alone, fix
            )
        return Row("sockets", "ok", "connections are found through Redis")
    if config.store.url is not None:
        fix = "name a Redis: shared: redis://…; with one gateway alone nothing is to be done"
        return Row("sockets", "warn", "the registry is in this gateway alone", alone, fix)
    return Row("sockets", "ok", "the registry is in this gateway")


_WITHOUT: Final = {
    "PostgreSQL": ("the gateway could not start", "store"),
    "Redis": ("limits would not be kept together with other gateways", "shared"),
}


def open_files(loaded: Loaded) -> Iterator[Row]:
    """Each client connection is a descriptor, and so is the connection to a backend that it waits for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = loaded.config.limits.max_connections
    needed = 2 * most + _OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        yield Row("open files", "ok", f"ulimit -n {soft}")
        return
    why = f"max_connections {most} may need {needed}: clients would be turned away"
    more = f" (at most {hard} here)" if hard < needed else ""
    fix = f"ulimit -n {needed}{more}, LimitNOFILE={needed} (systemd), or lower max_connections"
    yield Row("open files", "warn", f"ulimit -n {soft}", why, fix)


def access_log(loaded: Loaded) -> Iterator[Row]:
    """Whether it can be written."""
    access = loaded.config.logs.access
    if access is None or access.path == "-":
        return
    path = Path(access.path)
    if os.access(path if path.exists() else path.parent, os.W_OK):
        yield Row("access log", "ok", str(path))
    else:
        why, fix = "the gateway could not start", "make its folder, or set logs.access.path"
        yield Row("access log", "fail", f"{path} cannot be written", why, fix)
