"""Owns who may take part: every server of the bench, ready to be started on a scene."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from bench import frontdesk_under_test as frontdesk
from bench.peers import caddy, envoy, fastapi, nginx
from bench.probe import ORIGIN
from bench.process import Running, Server, running
from bench.scene import AUDIENCE, Scene

SERVERS: Mapping[str, Callable[[Scene], Server]] = {
    "frontdesk": frontdesk.full,
    "frontdesk-cached": frontdesk.cached,
    "envoy": lambda s: envoy.full(s.folder, s.backend, s.keys, s.issuer, AUDIENCE),
    "envoy-cached": lambda s: envoy.full(
        s.folder, s.backend, s.keys, s.issuer, AUDIENCE, cached_tokens=1000
    ),
    "nginx": lambda s: nginx.bare_proxy(s.folder, s.backend),
    "nginx-cache": lambda s: nginx.cache(s.folder, s.backend),
    "caddy": lambda s: caddy.proxy(s.folder, s.backend, ORIGIN),
    "fastapi": lambda s: fastapi.app(s.folder, s.keys, s.issuer, AUDIENCE),
}


@contextmanager
def started(scene: Scene, names: Sequence[str]) -> Iterator[dict[str, Running]]:
    """Start fresh processes of the named servers; all end with the block."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(SERVERS[name](scene))) for name in names}


def settings(servers: Mapping[str, Running]) -> dict[str, str]:
    """Return the configuration texts of all, by file name."""
    return {name: text for one in servers.values() for name, text in one.server.settings.items()}
