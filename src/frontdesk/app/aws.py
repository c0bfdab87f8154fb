"""Composes the wire APIs of AWS: who may ask them, what they serve, where functions find them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

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
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.config.references import elsewhere
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

_ALWAYS: Final = ("LAMBDA", "SFN", "SQS", "APIGATEWAYMANAGEMENTAPI")
"""Services that functions find here, whatever the file says."""


class AwsApis:
    """The wire APIs of one gateway. Told of its functions with each configuration."""

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        """Make the keys; nothing is served before `open`."""
        self.keys = make_keys(loaded.config)
        self._config = loaded.config
        self._has_secrets = has_local_secrets(loaded)
        self._clock = clock
        self._functions: Mapping[str, FunctionDefinition] = {}
        self._remote: Mapping[str, Invoker] = {}
        self._policies: Mapping[str, Policy] = {}
        self._registry: Registry | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What processes of functions are told."""
        admin = self._config.admin
        services = (
            *_ALWAYS,
            *(("SECRETS_MANAGER", "SSM") if self._has_secrets else ()),
            *(("SNS",) if self._config.topics else ()),
            *(("EVENTBRIDGE",) if self._config.event_buses else ()),
        )
        return endpoints(admin.listen, self.keys, services, secure=admin.tls is not None)

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
        return WireApi([LambdaService(operations), *others], self.keys, self._clock)

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
        self.keys.accept(environments(self._functions.values()))
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


def endpoints(
    listen: Address, keys: Keys, services: Iterable[str] = _ALWAYS, *, secure: bool
) -> dict[str, str]:
    """Make the variables by which boto3 in a handler finds our services and signs for them.

    services: as AWS's variables call them.
    """
    scheme = "https" if secure else "http"
    url = f"{scheme}://{listen.from_here}"
    return {**{f"AWS_ENDPOINT_URL_{name}": url for name in services}, **keys.environment()}


def secret_services(config: Config, vault: Vault) -> tuple[Service, Service]:
    """Make Secrets Manager and Parameter Store, both on the vault."""
    # Differs: [secrets-for-all] AWS asks the role of a function what it may read; here whoever may ask may all.
    place = (config.region, config.account)
    return secrets_manager(vault, SecretArns(*place)), ssm(vault, ParameterArns(*place))


def has_local_secrets(loaded: Loaded) -> bool:
    """Whether functions' calls about secrets come here: the file says so, or has a secret of the vault."""
    source = loaded.config.secrets
    if source is not None:
        return source.provider == "vault"
    return bool(elsewhere(loaded.references))


def environments(functions: Iterable[FunctionDefinition]) -> Iterator[Mapping[str, str]]:
    """List the environments of all versions: they may hold key pairs."""
    for definition in functions:
        for version in (definition.latest, *definition.versions.values()):
            yield version.environment


def make_keys(config: Config) -> Keys:
    """Make the keys of a start: those of the operator, and a pair for functions."""
    token = config.admin.token
    return Keys(token.reveal() if token is not None else None)
