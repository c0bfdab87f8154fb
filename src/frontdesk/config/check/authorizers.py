"""Finds authorizers whose tokens nobody can have in production."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.issuers import taking_development_tokens
from frontdesk.config.load import Loaded


def of_development(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """JWT authorizers of the issuer that `frontdesk dev` serves."""
    for name, authorizer in taking_development_tokens(loaded.config).items():
        where = loaded.tree.position(("authorizers", name, "issuer"))
        address = loaded.shown(authorizer.issuer, "authorizers", name, "issuer")
        yield where, f"this is the issuer of development: {address}"
