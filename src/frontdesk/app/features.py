"""Owns which parts of a gateway are loaded only where something asks for them, and what asks.

Each function imports one part with all that it needs. What is imported at the top of `gateway` every gateway has.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeAlias

from frontdesk.config.models.root import Config
from frontdesk.config.models.websocket_api import WebSocketApi

if TYPE_CHECKING:
    from frontdesk.app.premises import Premises
    from frontdesk.app.secrets_in_use import SecretsInUse
    from frontdesk.app.supervisor import Supervisor
    from frontdesk.app.vault import LookUp
    from frontdesk.app.works import Works
    from frontdesk.gateway.admin import AdminDoor, Face

OpenOffice: TypeAlias = (
    "Callable[[AsyncExitStack, Premises, Works, Sequence[Face]], Awaitable[AdminDoor]]"
)
"""See `office.open_office`."""

_WORK: Final = (
    "state_machines",
    "schedules",
    "queues",
    "topics",
    "event_buses",
    "webhooks",
    "records",
    "outgoing_webhooks",
)
"""Keys of the file for which a gateway works without being asked, or is better told at the start what is wrong."""


def asks_for_work(config: Config) -> bool:
    """Tell whether a file has something of durable work."""
    return any(getattr(config, key) for key in _WORK)


def speaks_websocket(config: Config) -> bool:
    """Tell whether a file has a WebSocket API."""
    return any(isinstance(api, WebSocketApi) for api in config.apis.values())


def websocket() -> None:
    """Load what speaks WebSocket with clients: a handshake on the loop must not wait for it."""
    import frontdesk.gateway.server.ws  # noqa: F401


def works() -> "type[Works]":
    """Load state machines, queues, webhooks, topics, later invocations, records, the vault, the Lambda API's functions."""
    from frontdesk.app.works import Works

    return Works


def office() -> OpenOffice:
    """Load the admin API, the wire APIs of AWS, the console."""
    from frontdesk.app.office import open_office

    return open_office


def look_up() -> "type[LookUp]":
    """Load what looks up secrets that a file names: the vault, or the way to AWS's."""
    from frontdesk.app.vault import LookUp

    return LookUp


def secrets_in_use() -> "type[SecretsInUse]":
    """Load what follows secrets that the file names."""
    from frontdesk.app.secrets_in_use import SecretsInUse

    return SecretsInUse


def supervisor() -> "type[Supervisor]":
    """Load what runs workers."""
    from frontdesk.app.supervisor import Supervisor

    return Supervisor


def issuer_documents() -> "Callable[[Config], dict[str, object]]":
    """Load the issuer of tokens of `frontdesk dev`."""
    from frontdesk.app.development import issuer_documents

    return issuer_documents
