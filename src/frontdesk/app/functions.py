"""Turns `functions` of the file into what the function host takes."""

from collections.abc import Mapping

from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import FunctionObserver
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.secrets import revealed
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogSink
from frontdesk.functions.remote import RemoteFunctions, RemoteSettings, Signing
from frontdesk.functions.settings import Alias, FunctionDefinition, FunctionSettings
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.rules.auth.sigv4 import Credentials
from frontdesk.rules.concurrency import LATEST


def function_definition(config: Config, name: str) -> FunctionDefinition:
    """Turn an entry of `functions` into what the function host takes. Secrets are revealed here."""
    function = config.local_functions[name]
    return FunctionDefinition(
        name=name,
        latest=_settings(config, name, LATEST),
        versions={number: _settings(config, name, number) for number in function.versions},
        aliases={
            alias: Alias(version=entry.version, weights=entry.weights)
            for alias, entry in function.aliases.items()
        },
        reserved_concurrency=function.reserved_concurrency,
        provisioned=function.provisioned_concurrency,
    )


def _settings(config: Config, name: str, number: str) -> FunctionSettings:
    version = config.local_functions[name].version(number)
    assert version.handler is not None
    return FunctionSettings(
        name=name,
        version=number,
        handler=version.handler.python or "",
        command=version.handler.command or (),
        code=version.code,
        layers=version.layers,
        requirements=version.requirements,
        timeout=version.timeout,
        memory=-(-version.memory // 1024**2),
        environment=revealed(version.environment),
        region=config.region,
        account=config.account,
    )


def all_functions(config: Config) -> list[FunctionDefinition]:
    """Turn all entries of `functions` into definitions."""
    return [function_definition(config, name) for name in config.local_functions]


def policies(config: Config) -> dict[str, Policy]:
    """Tell what is done with asynchronous invocations of each entry of `functions`, by name."""
    return {
        name: Policy(
            function.retries,
            function.max_age,
            function.on_success or "",
            function.on_failure or "",
        )
        for name, function in config.functions.items()
    }


def function_host(
    config: Config,
    clock: Clock,
    wheel: Wheel,
    log: LogSink,
    environment: Mapping[str, str],
    *,
    observer: FunctionObserver | None = None,
    tracer: Tracer | None = None,
) -> FunctionHost:
    """Make the host; nothing runs before its `start`. environment: variables of every function."""
    return FunctionHost(
        clock,
        wheel,
        data_dir=config.data_dir,
        concurrency=config.limits.concurrency,
        log=log,
        environment=environment,
        observer=observer,
        tracer=tracer,
    )


def remote_settings(config: Config, name: str) -> RemoteSettings:
    """Turn an entry that runs elsewhere into what its invoker takes. Secrets are revealed here."""
    function = config.remote_functions[name]
    signing = None
    if function.auth is not None:
        told = function.auth.sigv4
        token = told.session_token
        credentials = Credentials(
            told.access_key_id,
            told.secret_access_key.reveal(),
            token.reveal() if token is not None else "",
        )
        signing = Signing(credentials, told.region or config.region, told.service)
    return RemoteSettings(
        name=name,
        url=function.url,
        timeout=function.timeout,
        signing=signing,
        arn=f"arn:aws:lambda:{config.region}:{config.account}:function:{name}",
    )


def remote_invokers(config: Config, remote: RemoteFunctions) -> dict[str, Invoker]:
    """Make the invokers of functions that run elsewhere, by name."""
    return {name: remote.invoker(remote_settings(config, name)) for name in config.remote_functions}


def invokers(config: Config, host: FunctionHost, remote: RemoteFunctions) -> dict[str, Invoker]:
    """Make an invoker for each way in which the file may name a function: `name` and `name:qualifier`."""
    found = remote_invokers(config, remote)
    for name, function in config.local_functions.items():
        found[name] = host.invoker(name)
        for qualifier in function.qualifiers:
            found[f"{name}:{qualifier}"] = host.invoker(name, qualifier)
    return found
