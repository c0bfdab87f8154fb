"""Owns asking the gateway that runs with the files of a command. What a request needs is loaded when one is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontdesk.cli.configured import Paths, read

if TYPE_CHECKING:
    from frontdesk.config.models.door import Admin


def ask(
    paths: Paths, method: str, target: str, document: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Have the gateway of these files answer; refusals and errors as of `operator.command`."""
    from frontdesk.cli.operator import command

    return command(admin_of(paths), target, document, method=method)


def ask_all(paths: Paths, target: str, member: str) -> list[dict[str, Any]]:
    """Have the gateway of these files tell a whole list; see `operator.everything`."""
    from frontdesk.cli.operator import everything

    return everything(admin_of(paths), target, member)


def admin_of(paths: Paths) -> "Admin":
    """Read where the gateway of these files is asked, whatever is wrong with the rest of them."""
    return read(paths, ("name", "admin")).config.admin
