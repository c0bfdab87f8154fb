"""Finds webhooks that anybody may send, that their vendor cannot ask, or whose secrets stand in the file."""

from collections.abc import Iterator
from typing import Final

from frontdesk.base.errors import Position
from frontdesk.config.check.routes import routes
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.config.models.webhook import Target
from frontdesk.config.route_keys import DEFAULT
from frontdesk.config.tree import Path
from frontdesk.rules.webhooks.keys import WebhookSecret, read_keys
from frontdesk.rules.webhooks.methods import SharedSecret
from frontdesk.rules.webhooks.scheme import is_certified

_ASKS_WITH: Final = {
    "cloudevents": "OPTIONS",
    "dropbox": "GET",
    "meta": "GET",
    "websub": "GET",
    "x": "GET",
}
"""Vendors whose handshake has another method than their deliveries. Okta's scheme is used by others, too."""


def open_to_all(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Routes that take webhooks from everywhere, as often as anybody likes."""
    for path, api, route in routes(loaded):
        if route.webhook is None or loaded.config.webhooks[route.webhook].allow_ips:
            continue
        if not (route.throttle or api.throttle or all(s.throttle for s in api.stages.values())):
            where = loaded.tree.position(path, of_key=True)
            yield where, "webhook route without a throttle or a list of addresses"


def never_asked(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Webhooks whose vendor asks with a method that none of their routes takes."""
    for name, hook in loaded.config.webhooks.items():
        method = _ASKS_WITH.get(hook.shakes)
        keys = [str(path[-1]) for path, _, route in routes(loaded) if route.webhook == name]
        taken = {"ANY" if key == DEFAULT else key.partition(" ")[0] for key in keys}
        if method is not None and taken and taken.isdisjoint({method, "ANY"}):
            where = loaded.tree.position(("webhooks", name), of_key=True)
            yield where, f"{hook.shakes} asks with {method}, which no route of {name} takes"


def functions_waited_for(loaded: Loaded, name: str) -> Iterator[str]:
    """Yield the functions whose results a webhook answers with."""
    hook = loaded.config.webhooks[name]
    if hook.mode == "sync":
        for target in hook.dispatch.values():
            if isinstance(target, Target) and target.function is not None:
                yield target.function


def is_secret(config: Config, path: Path, text: str) -> bool | None:
    """Tell whether a text of the file is the secret of a webhook; None: it is none of its secrets' places.

    Public keys, networks, and the names of topics are no secrets.
    """
    if path[0] != "webhooks" or path[2] not in ("secret", "secrets"):
        return None
    hook = config.webhooks[str(path[1])]
    if path[-1] in ("id", "not_after") or is_certified(hook.row.form):
        return False
    (key,) = read_keys(hook.row.key, [WebhookSecret(text)]).keys
    return isinstance(key.material, SharedSecret)
