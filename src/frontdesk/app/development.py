"""Composes the issuer of tokens that `frontdesk dev` serves."""

from frontdesk.config.models.door import DEVELOPMENT_ISSUER
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.issuer import DevIssuer


def issuer_documents(config: Config) -> dict[str, object]:
    """Make its documents by path. Raises: as `development_issuer`."""
    issuer = development_issuer(config)
    return {
        f"{DEVELOPMENT_ISSUER}/.well-known/openid-configuration": issuer.discovery(),
        f"{DEVELOPMENT_ISSUER}/jwks.json": issuer.jwks(),
    }


def development_issuer(config: Config) -> DevIssuer:
    """Make the issuer that `frontdesk dev` serves at `/issuer` of the admin listener.

    Raises: StartError when its key in the data folder cannot be used.
    """
    return DevIssuer.load_or_create(config.data_dir, config.admin.development_issuer)
