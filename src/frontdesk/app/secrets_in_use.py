"""Owns following the secrets that the configuration in force names: one that changes is put in force.

Says which references have changed, never what they stand for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from frontdesk.app.vault import LookUp
from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.references import elsewhere, split
from frontdesk.ports.catalog import Catalog
from frontdesk.stores.following import Following
from frontdesk.stores.vault import parameters, secrets

_log = logging.getLogger("frontdesk.secrets")


class SecretsInUse:
    """The secrets of one gateway. Used on its event loop."""

    def __init__(
        self,
        loaded: Callable[[], Loaded],
        renew: Callable[[str], None],
        environ: Mapping[str, str],
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        """loaded: the configuration in force. renew: looks its references up anew; told why."""
        self._loaded = loaded
        self._renew = renew
        self._environ = environ
        self._clock = clock
        self._timer = wheel.timer(self._ask_again)
        self._following = Following(self._follow)

    def start(self, catalog: Catalog) -> None:
        """Follow. catalog: of the vault."""
        for kind in (secrets.KIND, parameters.KIND):
            catalog.watch(kind, self._following.changed)
        self._arm()

    def stop(self) -> None:
        """Follow no longer."""
        self._timer.stop()
        self._following.stop()

    def _arm(self) -> None:
        source = self._loaded().config.secrets
        if source is not None and source.provider == "aws":
            self._timer.at(self._clock.monotonic() + source.refresh)

    def _ask_again(self) -> None:
        self._arm()
        self._following.changed()

    async def _follow(self) -> None:
        changed, lost = await asyncio.to_thread(compare, self._loaded(), self._environ)
        for why in lost:
            _log.warning("a secret in use cannot be read any more, its value stays: %s", why)
        if changed:
            names = ", ".join(changed)
            _log.info("secrets in use have changed: %s", names)
            self._renew(names)


def compare(loaded: Loaded, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the references that stand for something else by now, and why others cannot be read.

    Not for event loops: it waits.
    """
    changed, lost = [], []
    with LookUp(lambda: loaded.config, environ) as lookup:
        for written, text in elsewhere(loaded.references).items():
            try:
                if lookup(*split(written)) != text:
                    changed.append(written)
            except ValueError as error:
                lost.append(str(error.args[0]))
    return changed, lost
