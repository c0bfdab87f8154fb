"""Owns what the processes of functions are told of AWS: where its services are, and with which keys to ask them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from frontdesk.aws.keys import Keys
from frontdesk.base.addresses import Address
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.config.references import elsewhere
from frontdesk.functions.settings import FunctionDefinition

_ALWAYS: Final = ("LAMBDA", "SFN", "SQS", "APIGATEWAYMANAGEMENTAPI")
"""Services that functions find here, whatever the file says."""


def make_keys(config: Config) -> Keys:
    """Make the keys of a start: those of the operator, and a pair for functions."""
    token = config.admin.token
    return Keys(token.reveal() if token is not None else None)


def environments(functions: Iterable[FunctionDefinition]) -> Iterator[Mapping[str, str]]:
    """List the environments of all versions: they may hold key pairs."""
    for definition in functions:
        for version in (definition.latest, *definition.versions.values()):
            yield version.environment


def aws_environment(loaded: Loaded, keys: Keys) -> dict[str, str]:
    """Make the variables of a gateway's functions."""
    config, admin = loaded.config, loaded.config.admin
    services = (
        *_ALWAYS,
        *(("SECRETS_MANAGER", "SSM") if _has_local_secrets(loaded) else ()),
        *(("SNS",) if config.topics else ()),
        *(("EVENTBRIDGE",) if config.event_buses else ()),
    )
    return endpoints(admin.listen, keys, services, secure=admin.tls is not None)


def endpoints(
    listen: Address, keys: Keys, services: Iterable[str] = _ALWAYS, *, secure: bool
) -> dict[str, str]:
    """Make the variables by which boto3 in a handler finds our services and signs for them.

    services: as AWS's variables call them.
    """
    scheme = "https" if secure else "http"
    url = f"{scheme}://{listen.from_here}"
    return {**{f"AWS_ENDPOINT_URL_{name}": url for name in services}, **keys.environment()}


def _has_local_secrets(loaded: Loaded) -> bool:
    """Whether functions' calls about secrets come here: the file says so, or has a secret of the vault."""
    source = loaded.config.secrets
    if source is not None:
        return source.provider == "vault"
    return bool(elsewhere(loaded.references))
