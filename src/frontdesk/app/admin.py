"""Composes the admin listener: which faces it has, and who may ask them."""

from collections.abc import Sequence

from frontdesk.base.errors import StartError
from frontdesk.config.models.root import Config
from frontdesk.gateway.admin import AdminDoor, Documents, Face
from frontdesk.gateway.identity.issuer import DevIssuer

ISSUER = "/issuer"


def admin_door(config: Config, faces: Sequence[Face], *, development: bool) -> AdminDoor:
    """Make the door of the admin listener: health, the issuer in development, and `faces`."""
    documents: dict[str, object] = {"/healthz": {"status": "ok"}}
    if development:
        issuer = development_issuer(config)
        documents[f"{ISSUER}/.well-known/openid-configuration"] = issuer.discovery()
        documents[f"{ISSUER}/jwks.json"] = issuer.jwks()
    token = config.admin.token
    return AdminDoor([Documents(documents), *faces], token.reveal() if token is not None else None)


def development_issuer(config: Config) -> DevIssuer:
    """Make the issuer that `frontdesk dev` serves at `/issuer` of the admin listener.

    Raises: StartError when its key in the data folder cannot be used.
    """
    scheme = "http" if config.admin.tls is None else "https"
    return DevIssuer.load_or_create(config.data_dir, f"{scheme}://{config.admin.listen}/issuer")


def refuse_open_admin(config: Config) -> None:
    """Raises: StartError when whoever reaches the admin listener could do everything."""
    if config.admin.token is None and not config.admin.listen.is_loopback:
        raise StartError(
            f"the admin listener is open to others without a token: {config.admin.listen}",
            hint="set admin.token, or listen on 127.0.0.1",
        )
