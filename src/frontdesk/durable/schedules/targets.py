"""Owns the starting of what a schedule is for: an execution of a state machine, or a call of a function."""

import asyncio
import json
import logging
from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

from frontdesk.base.errors import StoreError
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.executions import ExecutionError, Executions
from frontdesk.ports.invoker import Call, Invocation, Outcome
from frontdesk.ports.journal import Document
from frontdesk.rules.schedules.input import Run, given

_LOG: Final = logging.getLogger(__name__)
_LATEST: Final = "$LATEST"

Tell = Callable[[str], None]
"""Takes what is wrong with a run, "" where nothing is."""


class Targets:
    """State machines and functions that schedules name. functions: see tasks.functions."""

    def __init__(self, executions: Executions, functions: Functions) -> None:
        self._executions = executions
        self._functions = functions

    def begin(self, command: Document, tell: Tell) -> Work | None:
        """Begin a run, and tell once it has started (a machine) or is over (a function).

        command: arn, instant, attempt, input, and machine or function; see `life`.
        """
        run = Run(command["arn"], command["instant"], command["attempt"])
        text = given(command["input"], run)
        if machine := command["machine"]:
            return asyncio.get_running_loop().create_task(self._start(machine, text, run, tell))
        return self._invoke(command["function"], text, run, tell)

    async def _start(self, machine: str, text: str, run: Run, tell: Tell) -> None:
        try:
            await self._executions.start(machine, text, name=run.key)
        except ExecutionError as error:
            # It was started before: by an attempt whose answer was lost, or before a crash.
            tell("" if error.code == "ExecutionAlreadyExists" else f"{error.code}: {error}")
        except StoreError as error:
            tell(error.message)
        except Exception as error:  # noqa: BLE001 - nobody else would tell the schedule
            _LOG.exception("a scheduled execution cannot be started")
            tell(type(error).__name__)
        else:
            tell("")

    def _invoke(self, function: str, text: str, run: Run, tell: Tell) -> Work | None:
        name, _, qualifier = function.partition(":")
        invoker = self._functions(name, "" if qualifier == _LATEST else qualifier)
        if invoker is None:
            tell(f"there is no such function: {function}")
            return None
        # Differs: [idempotency-key] AWS hands functions no key that is the same on every attempt.
        context = json.dumps({"custom": {"idempotency_key": run.key}})
        # The function's own timeout ends it: nobody waits for it here.
        invocation = Invocation(text.encode(), inf, client_context=context, trigger="timer")
        return _Calling(invoker.invoke(invocation, lambda outcome: tell(_fault(outcome))))


class _Calling(NamedTuple):
    call: Call

    def cancel(self) -> None:
        """Wait no more; the function runs to its end."""
        self.call.cancel(kill=False)


def _fault(outcome: Outcome) -> str:
    return f"{outcome.error}: {outcome.reason}" if outcome.error else ""
