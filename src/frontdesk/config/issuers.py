"""Tells which authorizers take the tokens of the development issuer, which only `frontdesk dev` serves."""

from frontdesk.config.models.authorizer import JwtAuthorizer
from frontdesk.config.models.root import Config


def taking_development_tokens(config: Config) -> dict[str, JwtAuthorizer]:
    """Return these authorizers by name."""
    return {
        name: authorizer
        for name, authorizer in config.authorizers.items()
        if isinstance(authorizer, JwtAuthorizer)
        and authorizer.issuer == config.admin.development_issuer
    }
