"""Owns making a project in a folder and running it, in a process of its own or in this one."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from frontdesk.app import Frontdesk
from frontdesk.config.load import load
from tests.live.calls import call, free_port
from tests.live.processes import Running, frontdesk


def project(folder: Path, config: str, **modules: str) -> Path:
    """Write frontdesk.yaml, with a name, free ports and no access log where it tells none, and modules beside it."""
    usual = {
        "name": "name: test",
        "listen": "listen: 127.0.0.1:0",
        "admin": f"admin: {{listen: 127.0.0.1:{free_port()}}}",
        "logs": "logs: {access: off}",
    }
    text = dedent(config).lstrip("\n")
    said = {line.partition(":")[0] for line in text.splitlines()}
    lines = [line for key, line in usual.items() if key not in said]
    path = folder / "frontdesk.yaml"
    path.write_text("\n".join([*lines, text]))
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(dedent(code).lstrip("\n"))
    return path


@contextlib.asynccontextmanager
async def serving(path: Path, env=None, **keywords):
    """Run a project on this event loop."""
    app = Frontdesk(load([path], env or {}), **keywords)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


@dataclass
class Gateway:
    """A `frontdesk run` in a process of its own."""

    address: str
    process: Running
    folder: Path

    def call(self, method="GET", target="/", **keywords):
        return call(self.address, method, target, **keywords)


@contextlib.contextmanager
def gateway(path: Path, env=None):
    """Run a project in a process of its own; yields when clients can connect."""
    with frontdesk("run", "-c", path, cwd=path.parent, env=env) as process:
        address = process.wait_for(r"listening on ([^\"\s,]+)")[1]
        yield Gateway(address, process, path.parent)
