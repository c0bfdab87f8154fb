"""Composes the vault: where it is, and how references to it, or to AWS, are looked up while files are read.

Looking up waits, and has an event loop of its own: it happens before a gateway serves, or in a thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property
from typing import Final, Self

from frontdesk.app.stores import open_vault_stores
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import ConfigError, FrontdeskError
from frontdesk.config.models.root import Config
from frontdesk.stores.vault.aws import AwsSecrets
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.refusals import VaultError
from frontdesk.stores.vault.vault import Vault

_UNKNOWN: Final = ("ResourceNotFoundException", "ParameterNotFound")


@asynccontextmanager
async def open_vault(
    config: Config, environ: Mapping[str, str], *, make: bool
) -> AsyncIterator[Vault]:
    """Open the vault of a configuration, beside a gateway that may run. Raises: StartError.

    make: its store, where there is none.
    """
    clock = SystemClock()
    async with open_vault_stores(config, clock, make=make) as (catalog, deliveries):
        yield Vault(catalog, deliveries, MasterKeys(environ, config.data_dir), clock)


class LookUp:
    """Looks references up, of `ELSEWHERE`; opens what it needs when it is first asked."""

    def __init__(self, settings: Callable[[], Config], environ: Mapping[str, str]) -> None:
        """settings: reads the keys that say where secrets are. Raises: ConfigError."""
        self._settings = settings
        self._environ = environ
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if "_vault" in vars(self):
            self._runner.run(self._opened.aclose())
        self._runner.close()

    def __call__(self, scheme: str, name: str) -> str:
        """See references.Lookup."""
        shown = f"${{{scheme}:{name}}}"
        try:
            return self._look_up(scheme, name)
        except VaultError as error:
            if error.code not in _UNKNOWN or self._is_at_aws(scheme):
                raise ValueError(f"cannot read {shown}: {error.message}", error.hint) from None
            raise ValueError(
                f"this secret is not in the vault: {shown}", _how_to_set(scheme, name)
            ) from None
        except ConfigError as error:
            why = error.findings[0]
            message = f"cannot tell where the vault is for {shown}: {why.where.path}: {why.message}"
            raise ValueError(message, why.hint) from None
        except FrontdeskError as error:
            raise ValueError(
                f"cannot open the vault for {shown}: {error.message}", error.hint
            ) from None

    def _look_up(self, scheme: str, name: str) -> str:
        if self._is_at_aws(scheme):
            return self._aws.parameter(name) if scheme == "ssm" else self._aws.secret(name)
        vault = self._vault
        reading = vault.parameter(name) if scheme == "ssm" else vault.secret(name)
        return self._runner.run(reading)

    def _is_at_aws(self, scheme: str) -> bool:
        source = self._config.secrets
        return scheme != "secret" and source is not None and source.provider == "aws"

    @cached_property
    def _config(self) -> Config:
        return self._settings()

    @cached_property
    def _vault(self) -> Vault:
        opening = open_vault(self._config, self._environ, make=False)
        return self._runner.run(self._opened.enter_async_context(opening))

    @cached_property
    def _aws(self) -> AwsSecrets:
        source = self._config.secrets
        assert source is not None
        return AwsSecrets(source.region, source.profile)


def _how_to_set(scheme: str, name: str) -> str:
    if scheme != "ssm":
        return f"frontdesk secrets set {name.partition('#')[0]}"
    bare = name.partition(":")[0]
    return f"frontdesk secrets set {bare if bare.startswith('/') else f'ssm:{bare}'}"
