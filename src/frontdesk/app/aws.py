"""Composes the wire APIs of AWS: what they serve, and which functions there are for them."""

from collections.abc import Iterable, Mapping

from frontdesk.app.queues import QueueWork
from frontdesk.aws.keys import Keys
from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.code import CodeFolder
from frontdesk.aws.lambda_api.event_sources import EventSourceMappings
from frontdesk.aws.lambda_api.invocations import Invocations
from frontdesk.aws.lambda_api.registry import Arns, Registry
from frontdesk.aws.lambda_api.service import LambdaService, invoking, managing, mapping
from frontdesk.aws.secrets_manager.service import secrets_manager
from frontdesk.aws.secrets_manager.written import Arns as SecretArns
from frontdesk.aws.ssm.service import ssm
from frontdesk.aws.ssm.written import ParameterArns
from frontdesk.aws.wire import ApiError, Service, WireApi
from frontdesk.base.clock import Clock
from frontdesk.config.models.root import Config
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.durable.invocations.subject import Subject
from frontdesk.functions.archives import Archives
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition
from frontdesk.gateway.admin import Face
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.invoker import Invoker
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.stores.vault.vault import Vault


class AwsApis:
    """The wire APIs of one gateway. Told of its functions with each configuration."""

    def __init__(self, config: Config, keys: Keys, clock: Clock) -> None:
        """keys: of who may ask. Nothing is served before `open`."""
        self._keys = keys
        self._config = config
        self._clock = clock
        self._functions: Mapping[str, FunctionDefinition] = {}
        self._remote: Mapping[str, Invoker] = {}
        self._policies: Mapping[str, Policy] = {}
        self._registry: Registry | None = None

    @property
    def registry(self) -> Registry:
        """All functions of this gateway, once it is open."""
        assert self._registry is not None
        return self._registry

    async def open(self, host: FunctionHost, catalog: Catalog) -> None:
        """Run the functions that were made through the API. Raises: StoreError."""
        config = self._config
        folder = config.data_dir
        self._registry = registry = Registry(
            catalog,
            host,
            CodeFolder(folder / "uploads", Archives(folder / "code")),
            self,
            Arns(config.region, config.account),
            pool=config.limits.concurrency,
        )
        await registry.start()

    def face(self, later: DurableInvocations, work: QueueWork, *others: Service) -> Face:
        """Return what answers for all services, once it is open. others: than the Lambda API."""
        registry = self.registry
        mappings = EventSourceMappings(registry, self._clock, work.queues, work.consumers.mappings)
        operations = {
            **invoking(Invocations(registry.invoker, later)),
            **managing(registry, self._clock, later),
            **mapping(mappings),
        }
        return WireApi([LambdaService(operations), *others], self._keys, self._clock)

    def function(self, name: str, qualifier: str) -> Invoker | None:
        """Find a function of the file or of the API, for whoever runs state machines. None: there is none."""
        try:
            return self.registry.invoker(Target(name, qualifier))
        except ApiError:
            return None

    def subject(self, name: str, qualifier: str) -> Subject | None:
        """Find a function for whoever invokes it later. None: there is none."""
        try:
            return self.registry.subject(Target(name, qualifier))
        except ApiError:
            return None

    async def adopt(
        self,
        functions: Iterable[FunctionDefinition],
        remote: Mapping[str, Invoker],
        policies: Mapping[str, Policy],
    ) -> None:
        """Take the functions of the file. remote: those that run elsewhere, by name.

        policies: what is done with asynchronous invocations of either, by name.
        """
        self._policies = policies
        self._functions = {definition.name: definition for definition in functions}
        self._remote = remote
        if self._registry is not None:
            await self._registry.run()

    # -- as registry.FileFunctions ------------------------------------------------------------------

    def definitions(self) -> Mapping[str, FunctionDefinition]:
        """See FileFunctions."""
        return self._functions

    def remote(self, name: str) -> Invoker | None:
        """See FileFunctions."""
        return self._remote.get(name)

    def policy(self, name: str) -> Policy:
        """See FileFunctions."""
        return self._policies[name]


def secret_services(config: Config, vault: Vault) -> tuple[Service, Service]:
    """Make Secrets Manager and Parameter Store, both on the vault."""
    # Differs: [secrets-for-all] AWS asks the role of a function what it may read; here whoever may ask may all.
    place = (config.region, config.account)
    return secrets_manager(vault, SecretArns(*place)), ssm(vault, ParameterArns(*place))
