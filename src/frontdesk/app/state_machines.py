"""Composes the state machines of a configuration as those who run them want them."""

from frontdesk.config.load import Loaded
from frontdesk.durable.machines import FileMachine


def file_machines(loaded: Loaded) -> dict[str, FileMachine]:
    """Return the state machines of a configuration by name."""
    return {
        name: FileMachine(
            name,
            loaded.definitions[name],
            machine.type == "express",
            machine.retention,
            machine.log.upper(),
        )
        for name, machine in loaded.config.state_machines.items()
    }
