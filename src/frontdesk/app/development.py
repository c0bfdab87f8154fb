"""Composes the issuer of tokens that `frontdesk dev` serves."""

from typing import Final

from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.issuer import DevIssuer

_ISSUER: Final = "/issuer"


def issuer_documents(config: Config) -> dict[str, object]:
    """Make its documents by path. Raises: as `development_issuer`."""
    issuer = development_issuer(config)
    return {
        f"{_ISSUER}/.well-known/openid-configuration": issuer.discovery(),
        f"{_ISSUER}/jwks.json": issuer.jwks(),
    }


def development_issuer(config: Config) -> DevIssuer:
    """Make the issuer that `frontdesk dev` serves at `/issuer` of the admin listener.

    Raises: StartError when its key in the data folder cannot be used.
    """
    scheme = "http" if config.admin.tls is None else "https"
    return DevIssuer.load_or_create(config.data_dir, f"{scheme}://{config.admin.listen}{_ISSUER}")
