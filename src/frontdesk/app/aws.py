"""Composes the wire APIs of AWS: who may ask them, what they serve, where functions find them."""

from collections.abc import Iterable, Iterator, Mapping

from frontdesk.aws.keys import Keys
from frontdesk.aws.lambda_api.asked import Target
from frontdesk.aws.lambda_api.code import CodeFolder
from frontdesk.aws.lambda_api.invocations import Invocations
from frontdesk.aws.lambda_api.registry import Arns, Registry
from frontdesk.aws.lambda_api.service import LambdaService, invoking, managing
from frontdesk.aws.wire import ApiError, Service, WireApi
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.config.models.root import Config
from frontdesk.functions.archives import Archives
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.settings import FunctionDefinition
from frontdesk.gateway.admin import Face
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.invoker import Invoker


class AwsApis:
    """The wire APIs of one gateway. Told of its functions with each configuration."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """Make the keys; nothing is served before `open`."""
        self.keys = make_keys(config)
        self._config = config
        self._clock = clock
        self._functions: Mapping[str, FunctionDefinition] = {}
        self._remote: Mapping[str, Invoker] = {}
        self._registry: Registry | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What processes of functions are told."""
        admin = self._config.admin
        return endpoints(admin.listen, self.keys, secure=admin.tls is not None)

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

    def face(self, states: Service) -> Face:
        """Return what answers for all services, once it is open. states: the Step Functions API."""
        assert self._registry is not None
        operations = {
            **invoking(Invocations(self._registry.invoker)),
            **managing(self._registry, self._clock),
        }
        return WireApi([LambdaService(operations), states], self.keys, self._clock)

    def function(self, name: str, qualifier: str) -> Invoker | None:
        """Find a function of the file or of the API, for whoever runs state machines. None: there is none."""
        assert self._registry is not None
        try:
            return self._registry.invoker(Target(name, qualifier))
        except ApiError:
            return None

    async def adopt(
        self, functions: Iterable[FunctionDefinition], remote: Mapping[str, Invoker]
    ) -> None:
        """Take the functions of the file. remote: those that run elsewhere, by name."""
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


def endpoints(listen: Address, keys: Keys, *, secure: bool) -> dict[str, str]:
    """Make the variables by which boto3 in a handler finds our services and signs for them."""
    scheme = "https" if secure else "http"
    url = f"{scheme}://{listen.from_here}"
    return {"AWS_ENDPOINT_URL_LAMBDA": url, "AWS_ENDPOINT_URL_SFN": url, **keys.environment()}


def environments(functions: Iterable[FunctionDefinition]) -> Iterator[Mapping[str, str]]:
    """List the environments of all versions: they may hold key pairs."""
    for definition in functions:
        for version in (definition.latest, *definition.versions.values()):
            yield version.environment


def make_keys(config: Config) -> Keys:
    """Make the keys of a start: those of the operator, and a pair for functions."""
    token = config.admin.token
    return Keys(token.reveal() if token is not None else None)
