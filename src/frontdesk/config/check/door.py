"""Finds what will hurt outside of routes: the admin face, secrets, the pool, unused entries."""

import re
from collections.abc import Iterator
from typing import Any

from frontdesk.base.errors import Position
from frontdesk.config.check import destinations, function_urls, state_machines, webhooks
from frontdesk.config.load import Loaded
from frontdesk.config.names import SECTIONS, used_names
from frontdesk.config.tree import Path
from frontdesk.config.validation import SECRET_NAME

_SECRET_VALUE = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bsk_live_[A-Za-z0-9]{10,}|\bxox[abprs]-[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{10,}\.eyJ[\w-]{5,}\.[\w-]{10,}"
    r"|\w://[^/\s:@]*:[^/\s@]+@|\bfd_[a-z]+_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b"
)
"""Cloud and chat keys, private keys, signed tokens, URLs with a password, keys that were made here."""


def admin_without_token(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """An admin face beyond this machine that asks for nothing."""
    admin = loaded.config.admin
    if not admin.listen.is_loopback and admin.token is None:
        where = loaded.tree.position(("admin", "listen"))
        address = loaded.shown(admin.listen, "admin", "listen")
        yield where, f"the admin face is open beyond loopback: {address}"


def literal_secrets(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Texts that are secrets by their key's name or by their form. The value is not repeated."""
    for path, text in _texts(loaded.tree.value, ()):
        if "mock" in path or text.written.startswith("$") or "${" in text.written:
            continue
        named = webhooks.is_secret(loaded.config, path, text)
        if named is None:
            named = bool((SECRET_NAME.search(str(path[-1])) or _is_api_key(path, text)) and text)
        if named or _SECRET_VALUE.search(text):
            yield loaded.tree.position(path), "this looks like a secret, written out"


def _is_api_key(path: Path, text: str) -> bool:
    of_authorizer = path[0] == "authorizers" and path[2:3] == ("keys",)
    of_keys = of_authorizer or (path[0] == "keys" and path[2:] == ("value",))
    return of_keys and not text.lower().startswith("sha256:")


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _texts(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _texts(item, (*path, index))
        case str():
            yield path, value


def unused_entries(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Authorizers, functions and upstreams that no other entry names."""
    used_elsewhere = {
        *function_urls.uses(loaded),
        *state_machines.uses(loaded),
        *destinations.uses(loaded),
    }
    for section in SECTIONS:
        used = used_names(loaded.tree, section)
        for name in getattr(loaded.config, section):
            if name not in used and (section, name) not in used_elsewhere:
                where = loaded.tree.position((section, name), of_key=True)
                yield where, f"nothing uses this entry of {section}"
