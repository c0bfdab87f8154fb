"""Owns the stage that lets a request in by its API key. Source: AWS, "Use API keys" (403 Forbidden)."""

from collections.abc import Callable
from urllib.parse import unquote_plus

from frontdesk.config.models.authorizer import ApiKeyAuthorizer
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.values import bind
from frontdesk.rules.auth.api_keys import KeyList
from frontdesk.rules.lang.selectors import Selector, parse


def api_key_stage(config: ApiKeyAuthorizer) -> Callable[[Exchange], Reply | None]:
    """Build the stage. A key in the query is taken out of it: no backend and no function sees it."""
    keys = KeyList({name: key.reveal() for name, key in config.keys.items()})
    values = [bind(text) for text in config.identity]
    hidden = frozenset(_parameters(config))

    def stage(ex: Exchange) -> Reply | None:
        key = next((found for value in values if (found := value(ex))), None)
        if key is None:
            ex.authorizer_error = "no key"
            return refusal(403, "api_key:missing")
        owner = keys.owner(key)
        if owner is None:
            ex.authorizer_error = "unknown key"
            return refusal(403, "api_key:unknown")
        if hidden and ex.query:
            ex.query = _without(ex.query, hidden)
        ex.principal = owner
        ex.authorizer = context = {"principalId": owner}
        # Differs: [own-authorizers] AWS knows no such authorizer, and no place to show what it learns.
        ex.authorizer_event = {"lambda": context}
        return None

    return stage


def _parameters(config: ApiKeyAuthorizer) -> list[str]:
    selectors = (parse(text)[0] for text in config.identity)
    return [
        selector.name
        for selector in selectors
        if isinstance(selector, Selector) and selector.source == "request.querystring"
    ]


def _without(query: str, names: frozenset[str]) -> str:
    """Return a raw query without the parameters of these names."""
    items = query.split("&")
    return "&".join(item for item in items if unquote_plus(item.partition("=")[0]) not in names)
