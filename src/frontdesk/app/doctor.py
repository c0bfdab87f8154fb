"""Owns what `frontdesk doctor` looks at: the machine, the file, the store, the ports, a running gateway.

Each check looks and changes nothing, but for a probe file in the data folder. Prints nothing.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from frontdesk.app.asking import ask
from frontdesk.app.data_dir import holder
from frontdesk.app.gateway import compile_offline
from frontdesk.app.history import STORE
from frontdesk.app.store_checks import kept
from frontdesk.app.surroundings import (
    Row,
    State,
    access_log,
    certificates,
    data_dir,
    machine,
    open_files,
    servers,
)
from frontdesk.base.addresses import Address
from frontdesk.base.errors import ConfigError, Finding, StartError
from frontdesk.config.check import check
from frontdesk.config.load import Loaded
from frontdesk.config.models.door import Admin
from frontdesk.config.models.root import Config
from frontdesk.gateway.telemetry.health import PATH as READY_PATH
from frontdesk.stores.sqlite.database import damage

_PATIENCE: Final = 5.0
"""Seconds that a gateway may take to say whether it is ready."""


def examine(loaded: Loaded, environ: Mapping[str, str] = os.environ) -> Iterator[Row]:
    """Look at everything that a valid configuration needs. environ: has the vault's master key, if it is there."""
    yield from machine()
    for look in _CHECKS:
        yield from look(loaded)
    yield from kept(loaded, environ)


def _file(loaded: Loaded) -> Iterator[Row]:
    """Lints and what only compiling can tell, certificates among them."""
    findings = check(loaded)
    try:
        compile_offline(loaded)
    except ConfigError as error:
        findings += error.findings
    files = ", ".join(str(path) for path in loaded.paths)
    yield from of_findings(findings) if findings else [Row("file", "ok", files)]


def of_findings(findings: Iterable[Finding]) -> Iterator[Row]:
    """Write findings about the file as rows."""
    for finding in findings:
        state: State = "fail" if finding.severity == "error" else "warn"
        subject = ": ".join(filter(None, (str(finding.where), finding.where.path, finding.message)))
        yield Row("file", state, subject, finding.why, finding.hint)


def _store(loaded: Loaded) -> Iterator[Row]:
    path = loaded.config.data_dir / STORE
    of_this_machine = "" if loaded.config.store.url is None else ", for what no gateway shares"
    if not path.exists():
        yield Row("store", "ok", f"{path} is made at the first start{of_this_machine}")
        return
    wrong = damage(path)
    if wrong:
        why = "the history and functions made through the API are kept there"
        yield Row("store", "fail", f"{path}: {wrong}", why, "put a backup of the file in its place")
    else:
        yield Row("store", "ok", f"{path}{of_this_machine}")


def _gateway(loaded: Loaded) -> Iterator[Row]:
    """Ports that a start needs, or what a gateway that runs already answers."""
    config = loaded.config
    running = holder(config.data_dir)
    if running is None:
        yield Row("gateway", "ok", "does not run")
        yield from _ports(config)
        return
    yield Row("gateway", "ok", f"runs as process {running}")
    for key, address in _addresses(config):
        if address.port == 0 or _answers(address):
            yield Row(key, "ok", f"{address} answers")
        else:
            why = f"process {running} does not listen there"
            fix = "restart it where the address has changed, else look into its log"
            yield Row(key, "fail", f"{address} does not answer", why, fix)
    yield from _readiness(config.admin)


def _readiness(admin: Admin) -> Iterator[Row]:
    """Ask the gateway itself; one that does not answer there has its row already."""
    try:
        status, said = ask(admin, "GET", READY_PATH, patience=_PATIENCE)
    except StartError:
        return
    if status == 200:
        yield Row("readiness", "ok", "requests may come")
    else:
        why = f"{READY_PATH} answers {status}: load balancers send it no requests"
        fix = "mend the reason; its log says more. While it starts or stops, wait"
        yield Row("readiness", "fail", "; ".join(said.get("reasons", ["unknown"])), why, fix)


def _ports(config: Config) -> Iterator[Row]:
    for key, address in _addresses(config):
        problem = _bind_problem(address)
        if problem:
            why, fix = "the gateway could not start", f"set {key} to another address"
            yield Row(key, "fail", f"{address}: {problem}", why, fix)
        else:
            yield Row(key, "ok", f"{address} is free")


def _addresses(config: Config) -> Iterator[tuple[str, Address]]:
    yield from (("listen", listener.address) for listener in config.listen)
    yield "admin.listen", config.admin.listen


def _bind_problem(address: Address) -> str:
    try:
        family, kind, protocol, place = _resolved(address)
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except socket.gaierror as error:
        return error.strerror or "unknown address"
    except OSError as error:
        return os.strerror(error.errno or errno.EINVAL).lower()
    return ""


def _answers(address: Address) -> bool:
    try:
        family, kind, protocol, place = _resolved(address)
        with socket.socket(family, kind, protocol) as probe:
            probe.settimeout(2.0)
            return probe.connect_ex(place) == 0
    except OSError:
        return False


def _resolved(address: Address) -> tuple[int, int, int, Any]:
    found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = found[0]
    return family, kind, protocol, place


_CHECKS: Final[tuple[Callable[[Loaded], Iterator[Row]], ...]] = (
    _file,
    certificates,
    data_dir,
    _store,
    servers,
    _gateway,
    open_files,
    access_log,
)
