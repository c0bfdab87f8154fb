"""Composes what the admin listener tells everybody, and refuses to open it to others unguarded."""

from frontdesk.base.errors import StartError
from frontdesk.config.models.root import Config
from frontdesk.gateway.admin import Documents
from frontdesk.gateway.identity.issuer import DevIssuer

ISSUER = "/issuer"


def documents(config: Config, *, development: bool) -> Documents:
    """Make the fixed documents of the admin listener: health, and the issuer in development."""
    found: dict[str, object] = {"/healthz": {"status": "ok"}}
    if development:
        issuer = development_issuer(config)
        found[f"{ISSUER}/.well-known/openid-configuration"] = issuer.discovery()
        found[f"{ISSUER}/jwks.json"] = issuer.jwks()
    return Documents(found)


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
