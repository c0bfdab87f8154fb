"""Owns which execution an operator means: by its ARN, as MACHINE:NAME, or by the beginning of its name."""

from typing import Final

from frontdesk.durable.machines import Machines
from frontdesk.ports.executions import Execution, ExecutionError, Executions

_LOOKED_AT: Final = 1000
"""The newest executions of each machine whose names are compared with a beginning."""

_SHOWN: Final = 3
"""Names that are told where several begin alike."""


class AmbiguousError(ExecutionError):
    """Several executions have names that begin so."""


async def find_execution(executions: Executions, machines: Machines, text: str) -> str:
    """Return the ARN of an execution. Raises: ExecutionError, StoreError."""
    if text.startswith("arn:"):
        return text
    machine, colon, name = text.rpartition(":")
    if colon:
        return _arn(machines.target(machine, 0.0).arn, name)
    found: list[Execution] = []
    for arn in standard_machines(machines):
        try:
            return (await executions.describe(_arn(arn, text))).arn
        except ExecutionError:
            page = await executions.list(machine=arn, most=_LOOKED_AT)
            found += [one for one in page.executions if one.name.startswith(text)]
    if len(found) == 1:
        return found[0].arn
    if found:
        names = ", ".join(one.name for one in found[:_SHOWN])
        told = f"{names} and {len(found) - _SHOWN} more" if len(found) > _SHOWN else names
        raise AmbiguousError(
            "Ambiguous",
            f"several executions begin so: {told}",
            hint="write more of the name, or MACHINE:NAME",
        )
    raise ExecutionError("ExecutionDoesNotExist", f"no execution begins so: {text}")


def standard_machines(machines: Machines) -> list[str]:
    """List the ARNs of machines whose executions are kept."""
    of_file = [name for name, one in machines.of_file().items() if not one.revision.express]
    of_api = [name for name, one in machines.entries().items() if not one.express]
    return [machines.arn(name) for name in sorted(of_file + of_api)]


def _arn(machine: str, name: str) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
