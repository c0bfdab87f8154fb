"""Turns `functions` of the file into what the function host takes."""

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.secrets import revealed
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.logs import LogSink
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings


def function_definition(config: Config, name: str) -> FunctionDefinition:
    """Turn an entry of `functions` into what the function host takes. Secrets are revealed here."""
    function = config.functions[name]
    latest = FunctionSettings(
        name=name,
        handler=function.handler,
        code=function.code,
        requirements=function.requirements,
        timeout=function.timeout,
        memory=-(-function.memory // 1024**2),
        environment=revealed(function.environment),
        region=config.region,
        account=config.account,
    )
    return FunctionDefinition(
        name=name, latest=latest, reserved_concurrency=function.reserved_concurrency
    )


def all_functions(config: Config) -> list[FunctionDefinition]:
    """Turn all entries of `functions` into definitions."""
    return [function_definition(config, name) for name in config.functions]


def function_host(config: Config, clock: Clock, wheel: Wheel, log: LogSink) -> FunctionHost:
    """Make the host; nothing runs before its `start`."""
    return FunctionHost(
        clock, wheel, data_dir=config.data_dir, concurrency=config.limits.concurrency, log=log
    )
