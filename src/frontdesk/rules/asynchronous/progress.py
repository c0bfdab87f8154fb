"""Owns when an invocation is tried again, and when and how it is over. Pure: takes times, returns waits.

Source: AWS, "How Lambda handles errors and retries with asynchronous invocation".
"""

from typing import Final, Literal, NamedTuple

Condition = Literal["Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"]
"""How an invocation is over, in AWS's words."""

MOST_RETRIES: Final = 2
MAX_AGE: Final = (60.0, 21_600.0)
"""Seconds: how short and how long the maximum age may be."""

_AFTER_FAILURE: Final = (60.0, 120.0)
_DOUBLINGS: Final = 9
_LONGEST_BACKOFF: Final = 300.0


class Policy(NamedTuple):
    """What is to be done with the asynchronous invocations of a function.

    retries: how often it runs again after it has failed, up to 2. max_age: seconds after which an event is
    given up. on_success, on_failure: destinations of a record of the end, dead_letter: of the bare event
    that failed; "": none.
    """

    retries: int = MOST_RETRIES
    max_age: float = MAX_AGE[1]
    on_success: str = ""
    on_failure: str = ""
    dead_letter: str = ""


class Answer(NamedTuple):
    """What a function has answered. failed: whether with an error. payload: JSON text, as a rule."""

    version: str
    failed: bool
    payload: str


class Progress(NamedTuple):
    """How far an invocation has come.

    runs: how often the function has run; all but a last one have failed. refusals: how often in a row it
    could not run since. answer: of the last run.
    """

    runs: int = 0
    refusals: int = 0
    answer: Answer | None = None

    def ran(self, answer: Answer) -> "Progress":
        """Return it after a run."""
        return Progress(self.runs + 1, 0, answer)

    def refused(self) -> "Progress":
        """Return it after an attempt in which the function could not run."""
        return self._replace(refusals=self.refusals + 1)


def going_on(progress: Progress, policy: Policy, *, sent: float, now: float) -> float | Condition:
    """Tell how many seconds to wait after a failure or a refusal, or how the invocation is over.

    sent: when it was accepted, now: both in seconds since 1970. What would be tried when it is too old is
    over at once.
    """
    if progress.refusals:
        wait = min(2.0 ** min(progress.refusals - 1, _DOUBLINGS), _LONGEST_BACKOFF)
    elif progress.runs > policy.retries:
        return "RetriesExhausted"
    else:
        wait = _AFTER_FAILURE[progress.runs - 1]
    return wait if now + wait < sent + policy.max_age else "EventAgeExceeded"
