"""Owns the list of what an operator can look at of a gateway that runs. The parts are `gateway`'s."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from frontdesk.app.canary import CanaryRuns
from frontdesk.app.data_plane import Candidate, DataPlane
from frontdesk.app.keys import LiveKeys
from frontdesk.app.observing import Observing
from frontdesk.app.reloading import Reloads
from frontdesk.app.stores import Stores
from frontdesk.app.usage import UsageKeeper
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost

if TYPE_CHECKING:
    from frontdesk.app.supervisor import Supervisor


class Premises(NamedTuple):
    """What has been there since the start.

    config: of the start. host: of functions. loaded: gives the configuration in force, in_force what was compiled of it.
    addresses: gives where clients connect, none at first.
    """

    config: Config
    clock: Clock
    wheel: Wheel
    news: News
    data: "DataPlane | Supervisor"
    stores: Stores
    host: FunctionHost
    reloads: Reloads
    keys: LiveKeys
    usage: UsageKeeper
    canaries: CanaryRuns
    observing: Observing
    loaded: Callable[[], Loaded]
    in_force: Callable[[], Candidate]
    addresses: Callable[[], Sequence[Address]]
