"""Composes the operator's side of a gateway: the admin API, the wire APIs of AWS, the console, and their door.

Loaded and opened with the first request that is for it: health, readiness and metrics are answered without.
"""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

from frontdesk.app.aws import secret_services
from frontdesk.app.cache_api import CacheApi
from frontdesk.app.config_api import ConfigApi
from frontdesk.app.console import Reception
from frontdesk.app.door_calls import Door
from frontdesk.app.executions_api import ExecutionsApi
from frontdesk.app.function_facts import FunctionFacts
from frontdesk.app.functions_api import FunctionsApi
from frontdesk.app.keys_api import KeysApi
from frontdesk.app.method_tests import MethodTests
from frontdesk.app.metrics_api import MetricsApi
from frontdesk.app.premises import Premises
from frontdesk.app.releases_api import ReleasesApi, VersionCalls
from frontdesk.app.requests_api import RequestsApi
from frontdesk.app.routes_api import RoutesApi
from frontdesk.app.seal import seal_key
from frontdesk.app.secrets_api import LIST, SecretsApi
from frontdesk.app.sockets import places_of
from frontdesk.app.sockets_api import SocketsApi
from frontdesk.app.state_machines_api import StateMachinesApi
from frontdesk.app.upstreams_api import UpstreamsApi
from frontdesk.app.works import Works
from frontdesk.aws.connections.service import ConnectionsService
from frontdesk.gateway.admin import AdminDoor, Face


async def open_office(
    opened: AsyncExitStack, premises: Premises, works: Works, early: Sequence[Face]
) -> AdminDoor:
    """Make the door to all of it. Raises: StoreError.

    opened: takes what is to be closed. early: what is answered without an office, and by it, too.
    """
    config, clock, data = premises.config, premises.clock, premises.data
    reception = Reception(
        config,
        premises.stores.shared,
        clock,
        premises.wheel,
        key=await seal_key(premises.stores.shared),
        news=premises.news,
    )
    await reception.start()
    opened.callback(reception.stop)
    config_api = ConfigApi(premises.reloads)
    keys_api = KeysApi(premises.keys, premises.usage, clock, data.samples)
    secrets_api = SecretsApi(works.vault)
    versions = VersionCalls(lambda: premises.loaded().config, premises.stores.usage, clock)
    durable = works.durable
    return reception.door(
        (
            *early,
            config_api,
            CacheApi(data, lambda: premises.loaded().config),
            MethodTests(premises.in_force),
            UpstreamsApi(data, data.samples),
            ReleasesApi(versions, premises.canaries),
            keys_api,
            StateMachinesApi(durable.executions, durable.executions, durable.machines),
            ExecutionsApi(durable.executions, durable.executions, durable.machines),
            _functions_api(premises, works),
            SocketsApi(lambda: data.pushes),
            *durable.faces,
            secrets_api,
            *_observing(premises, works),
            works.aws.face(
                durable.invocations.all,
                durable.queues,
                *durable.wires,
                *secret_services(config, works.vault),
                ConnectionsService(data.pushes, lambda: places_of(premises.loaded().config)),
            ),
        ),
        reserved=(config_api, keys_api, secrets_api),
        private=(LIST,),
    )


def _functions_api(premises: Premises, works: Works) -> Face:
    registry, counted = works.aws.registry, premises.data.telemetry.registry
    logs = premises.config.data_dir / "logs"
    facts = FunctionFacts(premises.loaded, registry, premises.host, counted.samples, logs)
    return FunctionsApi(facts, registry, works.durable.invocations.all, premises.clock)


def _observing(premises: Premises, works: Works) -> Iterator[Face]:
    config, queues = premises.config, works.durable.queues.queues
    tls = config.listen[0].tls is not None

    def dead_letters() -> Iterator[str]:
        return (queue.rules.dead_letter for queue in queues.all() if queue.rules.dead_letter)

    def door() -> Door | None:
        return next((Door(address, tls) for address in premises.addresses()), None)

    counts = config.metrics is not None
    yield MetricsApi(premises.observing.history, dead_letters, premises.clock, counts=counts)
    yield RequestsApi(premises.observing.live, door)
    yield RoutesApi(premises.in_force, door, premises.clock)
