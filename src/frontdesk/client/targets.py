"""Owns the equal places of a backend as one identity of ours reaches them, and the choice of one."""

import ssl
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Network, IPv6Network

from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.client.dial import Dialer
from frontdesk.client.pool import Pool, PoolLimits
from frontdesk.client.proxies import Identity
from frontdesk.client.target import Target
from frontdesk.rules.resilience.balance import Balance
from frontdesk.rules.resilience.health import TargetHealth, eligible


class Targets:
    """A pool for each target."""

    def __init__(
        self,
        targets: Sequence[Target],
        healths: Sequence[TargetHealth],
        balance: Balance,
        most: float,
        *,
        kind: type[Pool],
        tls: ssl.SSLContext | None,
        limits: PoolLimits,
        identity: Identity,
        public: bool = False,
        inside: Collection[IPv4Network | IPv6Network] = (),
        wheel: Wheel,
        monotonic: Callable[[], float],
    ) -> None:
        """healths: of each target. most: share of them that may be ejected. identity: who we are there.

        public, inside: see Dialer.
        """
        # With a single target there is nothing to choose, and no use in knowing its health.
        alone = len(targets) == 1
        self._healths = healths
        self._balance = balance
        self._most = most
        self._monotonic = monotonic
        self._turn = 0
        self.pools = [
            kind(
                target,
                Dialer(
                    target,
                    tls if target.scheme == "https" else None,
                    limits.connect,
                    monotonic,
                    identity,
                    public=public,
                    inside=inside,
                ),
                proxy=identity.proxy,
                health=None if alone else health,
                limits=limits,
                wheel=wheel,
                monotonic=monotonic,
            )
            for target, health in zip(targets, healths, strict=True)
        ]
        self.send: Callable[[Call], None] = self.pools[0].send if alone else self._send_to_one
        """Send a request; `call.respond` or `call.fail` tells what came of it."""

    def _send_to_one(self, call: Call) -> None:
        pools = self.pools
        candidates = eligible(self._healths, self._monotonic(), self._most)
        at = self._balance(self._turn, [pools[at].load for at in candidates])
        self._turn += 1
        pools[candidates[at]].send(call)
