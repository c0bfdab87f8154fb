"""Composes what the admin listener tells everybody, and refuses to open it to others unguarded."""

from frontdesk.app import features
from frontdesk.base.errors import StartError
from frontdesk.config.models.root import Config
from frontdesk.gateway.admin import Documents


def documents(config: Config, *, development: bool) -> Documents:
    """Make the fixed documents of the admin listener: health, and the issuer in development."""
    found: dict[str, object] = {"/healthz": {"status": "ok"}}
    if development:
        found |= features.issuer_documents()(config)
    return Documents(found)


def refuse_open_admin(config: Config) -> None:
    """Raises: StartError when whoever reaches the admin listener could do everything."""
    if config.admin.token is None and not config.admin.listen.is_loopback:
        raise StartError(
            f"the admin listener is open to others without a token: {config.admin.listen}",
            hint="set admin.token, or listen on 127.0.0.1",
        )
