"""Owns what a connection is to the tasks that name it, and the backends that they reach, by origin."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.client.dial import TlsFileError, TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.origins import MOST_ORIGINS, Origins
from frontdesk.client.pool import PoolLimits
from frontdesk.client.target import parse_target
from frontdesk.client.upstreams import Upstream, UpstreamSettings
from frontdesk.config.backends import credentials, egress_settings, tls_settings
from frontdesk.config.models.connection import Additions as AdditionsModel
from frontdesk.config.models.connection import OAuth
from frontdesk.config.models.root import Config
from frontdesk.config.secrets import revealed
from frontdesk.durable.tasks.tokens import OAuthClient
from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.http_tasks import NOTHING, Additions

_LIMITS: Final = PoolLimits(connect=10.0, read=90.0)
"""Beyond the longest time of a task, which is what ends it."""


class Way(NamedTuple):
    """How a backend is reached."""

    tls: TlsSettings = TlsSettings()
    egress: EgressSettings | None = None


DIRECTLY: Final = Way()


@dataclass(frozen=True, slots=True)
class Connection:
    """An entry of `connections`. added: to every request, credentials among it."""

    way: Way = DIRECTLY
    added: Additions = field(default=NOTHING, repr=False)
    oauth: OAuthClient | None = None


NO_CONNECTION: Final = Connection()
"""Of tasks that name none."""


def connections_of(config: Config) -> dict[str, Connection]:
    """Return all connections of a configuration by name. Reveals their secrets."""
    connections = {}
    for name, model in config.connections.items():
        egress = config.egress[model.egress] if model.egress is not None else None
        way = Way(
            tls_settings(model.tls), egress_settings(egress, failover=True) if egress else None
        )
        added, oauth = _additions(model), None
        if model.auth is not None and model.auth.oauth is not None:
            oauth = _oauth_client(model.auth.oauth)
        elif model.auth is not None:
            header, value = credentials(model.auth)
            added = added._replace(headers={**added.headers, header.decode(): value.decode()})
        connections[name] = Connection(way, added, oauth)
    return connections


def _additions(model: AdditionsModel) -> Additions:
    return Additions(revealed(model.headers), revealed(model.query), revealed(model.body))


def _oauth_client(model: OAuth) -> OAuthClient:
    return OAuthClient(
        model.token_url,
        model.client_id,
        model.client_secret.reveal(),
        model.auth_method == "client_secret_post",
        model.scope,
        _additions(model),
    )


class Backends:
    """The backends that tasks have called, each with connections of its own. Used on one event loop."""

    def __init__(self, clock: Clock, wheel: Wheel, most: int = MOST_ORIGINS) -> None:
        """most: how many are kept."""
        self._origins = Origins[UpstreamSettings, Upstream](
            lambda settings: Upstream(settings, wheel, clock), most
        )

    async def get(self, url: str, way: Way) -> Upstream:
        """Return the backend of a URL. Raises: StateError(States.Runtime) where it cannot be one."""
        try:
            target = parse_target(url)
        except ValueError as error:
            raise StateError(RUNTIME, f"The endpoint cannot be called: {error}") from None
        origin = f"{target.scheme}://{target.address}"
        settings = UpstreamSettings((origin,), limits=_LIMITS, tls=way.tls, egress=way.egress)
        try:
            return await self._origins.get(settings)
        except TlsFileError as error:
            message = f"The tls.{error.setting} of the connection cannot be used: {error}"
            raise StateError(RUNTIME, message) from None

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        self._origins.close()
