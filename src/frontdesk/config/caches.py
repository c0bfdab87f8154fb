"""Owns what caches need of their routes: no answer to one caller may be given to another by mistake."""

from collections.abc import Iterator

from frontdesk.base.errors import Finding
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_api import Method
from frontdesk.config.models.root import Config
from frontdesk.config.tree import Tree


def unsafe_caches(config: Config, tree: Tree) -> Iterator[Finding]:
    """Find caches of routes with an authorizer or API keys that neither tell callers apart nor need not.

    And caches in mode rfc9111 where no HTTP backend says anything.
    """
    for name, api in config.apis.items():
        for below, key, operation in api.operations():
            cache = api.cache_of(operation)
            if cache is None:
                continue
            own = ("apis", name, *below, "cache")
            at = own if tree.node_at(own) else ("apis", name, "cache")
            part = "api_key" if operation.api_key else "authorizer.principalId"
            authorized = (operation.authorizer or api.authorizer or "none") != "none"
            if (
                (authorized or operation.api_key)
                and not cache.shared
                and not cache.tells_callers_apart
            ):
                yield Finding(
                    "error",
                    "cache-without-identity",
                    tree.position(at, of_key=True),
                    f"expected a part of who asks in the key of {key}",
                    why="one caller would be given what was meant for another",
                    hint=f"add such as {part} to key, or `shared: true` if all get the same",
                )
            if cache.mode == "rfc9111" and not _is_proxy(operation):
                where = tree.position((*at, "mode"))
                message = f"expected mode ttl on {key}, which passes no backend's answers on"
                yield Finding("error", "cache-mode", where, message)


def _is_proxy(operation: Operation) -> bool:
    if isinstance(operation, Method):
        return operation.integration.type == "http_proxy"
    return isinstance(operation, Route) and operation.http is not None
