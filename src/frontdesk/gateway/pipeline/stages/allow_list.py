"""Owns the networks that may send a webhook: all others are refused before their body is read."""

from functools import lru_cache

from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.http.forwarding import read_address


def allow_list(build: RouteBuild) -> Step | None:
    """Build the check of the client's address, where the route takes a webhook that has a list."""
    route = build.route
    hook = build.config.webhooks[route.webhook] if route is not None and route.webhook else None
    if hook is None or not hook.allow_ips:
        return None
    networks = hook.allow_ips

    @lru_cache(1024)
    def is_allowed(client: str) -> bool:
        address = read_address(client)
        return address is not None and any(address in network for network in networks)

    def stage(ex: Exchange) -> Reply | None:
        return None if is_allowed(ex.client_ip) else refusal(403, "webhook:address")

    at = ("webhooks", str(route and route.webhook), "allow_ips")
    return Step("allow list", stage, ", ".join(map(str, networks)), at)
