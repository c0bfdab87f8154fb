"""Composes what goes on behind the door of a gateway: the vault, functions of the Lambda API, durable work.

Loaded and opened where the file or the store has some of it, or when it is first asked for.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import NamedTuple, Self

from frontdesk.app.aws import AwsApis
from frontdesk.app.background import aside
from frontdesk.app.durable import DurableWork
from frontdesk.app.functions import all_functions, policies, remote_invokers
from frontdesk.app.stores import Stores, vault_catalog
from frontdesk.aws.keys import Keys
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogFiles
from frontdesk.functions.remote import RemoteFunctions
from frontdesk.ports.services import Services
from frontdesk.ports.tracing import Tracer
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.vault import Vault


class Works(NamedTuple):
    """All of it, open. Used on one event loop."""

    vault: Vault
    aws: AwsApis
    durable: DurableWork
    remote: RemoteFunctions

    @classmethod
    async def open(
        cls,
        opened: AsyncExitStack,
        loaded: Loaded,
        stores: Stores,
        clock: Clock,
        wheel: Wheel,
        *,
        host: FunctionHost,
        remote: RemoteFunctions,
        keys: Keys,
        environ: Mapping[str, str],
        registry: Registry,
        news: News,
        tracer: Tracer | None,
    ) -> Self:
        """Begin to work. Raises: StartError, StoreError.

        opened: takes what is to be closed. host, remote: run functions here and elsewhere. keys: of who may ask the
        wire APIs. environ: may have the master keys of the vault. news: is told what executions do.
        """
        config, work = loaded.config, await aside(stores.work)
        master_keys = MasterKeys(environ, config.data_dir)
        vault = Vault(vault_catalog(config, stores), work.deliveries, master_keys, clock)
        await vault.secrets.sweep()
        lines = LogFiles(config.data_dir / "logs" / "states", wheel, clock)
        opened.callback(lines.flush)
        aws = AwsApis(config, keys, clock)
        durable = DurableWork(
            config,
            stores,
            work,
            clock,
            wheel,
            functions=aws.function,
            subjects=aws.subject,
            endpoints=vault.endpoints,
            log=lines,
            registry=registry,
            news=news,
            tracer=tracer,
        )
        works = cls(vault, aws, durable, remote)
        await works._adopt_functions(config)
        await aws.open(host, stores.own)
        opened.push_async_callback(durable.stop, config.limits.drain)
        await durable.start(loaded)
        return works

    @property
    def services(self) -> Services:
        """What the door asks for."""
        durable = self.durable
        return Services(
            executions=durable.executions,
            queues=durable.queues.queues,
            hooks=durable.inbox.hooks,
            actions=durable.publishing.actions,
            invocations=durable.invocations.all,
        )

    async def adopt(self, loaded: Loaded) -> None:
        """Take another configuration. Raises: StoreError."""
        await self._adopt_functions(loaded.config)
        await self.durable.adopt(loaded)

    async def _adopt_functions(self, config: Config) -> None:
        await self.aws.adopt(
            all_functions(config), remote_invokers(config, self.remote), policies(config)
        )
