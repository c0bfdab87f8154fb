"""Owns which errors Retry and Catch take, and when the next attempt is made. Pure tables and arithmetic.

    a name written     takes
    States.ALL         every error but States.Runtime
    States.TaskFailed  every error but States.Timeout and States.Runtime
    States.Timeout     itself and States.HeartbeatTimeout
    any other          itself

Names are compared as they are written. The first retrier that takes an error is the only one asked:
where its attempts are used up, the catchers follow.
Source: AWS, "Handling errors in Step Functions workflows".
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from frontdesk.rules.asl.data.errors import RUNTIME
from frontdesk.rules.asl.model import Catcher, Retrier

ALL: Final = "States.ALL"
EXCEED_TOLERATED_FAILURE_THRESHOLD: Final = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
ITEM_READER_FAILED: Final = "States.ItemReaderFailed"
NO_CHOICE_MATCHED: Final = "States.NoChoiceMatched"
RESULT_WRITER_FAILED: Final = "States.ResultWriterFailed"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"

_TIMEOUTS: Final = frozenset((TIMEOUT, HEARTBEAT_TIMEOUT))


class Failure(NamedTuple):
    """An error on its way out of a state. None: AWS writes no such field."""

    error: str | None
    cause: str | None

    def output(self) -> dict[str, str]:
        """Return what a catcher is given."""
        return {"Error": self.error or "", "Cause": self.cause or ""}


def takes(written: Sequence[str], error: str) -> bool:
    """Whether names in ErrorEquals take an error."""
    return error != RUNTIME and any(_is(name, error) for name in written)


def _is(name: str, error: str) -> bool:
    if name == ALL:
        return True
    if name == TASK_FAILED:
        return error != TIMEOUT
    return name == error or (name == TIMEOUT and error in _TIMEOUTS)


def retrier_for(retriers: Sequence[Retrier], error: str) -> int | None:
    """Return the index of the one retrier that is asked, None without."""
    return next((at for at, one in enumerate(retriers) if takes(one.error_equals, error)), None)


def catcher_for(catchers: Sequence[Catcher], error: str) -> Catcher | None:
    """Return the catcher that takes an error, None without."""
    return next((one for one in catchers if takes(one.error_equals, error)), None)


def delay(retrier: Retrier, retry: int, chance: float) -> int:
    """Return milliseconds before a retry. retry: from 1. chance: from 0 to 1, for FULL jitter."""
    longest = float(retrier.max_delay_seconds or _LONGEST)
    try:
        seconds = min(retrier.interval_seconds * retrier.backoff_rate ** (retry - 1), longest)
    except OverflowError:
        seconds = longest
    return round(seconds * 1000 * (chance if retrier.full_jitter else 1))


_LONGEST: Final = 99_999_999
"""Seconds: the largest number of seconds that the language knows."""
