"""`frontdesk new`: a folder that runs."""

import re
import shutil
from pathlib import Path

import click

_SCAFFOLD = Path(__file__).parent / "scaffold"


def _name(_ctx: click.Context, _param: click.Parameter, value: Path) -> Path:
    name = value.resolve().name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", name):
        message = f"start with a letter, then letters, digits, - and _: {name!r}"
        raise click.BadParameter(message)
    if value.exists() and any(value.iterdir()):
        message = f"the folder is not empty: {value}"
        raise click.BadParameter(message)
    return value


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), callback=_name)
def new(folder: Path) -> None:
    """Make FOLDER with a configuration and a function that run at once.

    The folder's name becomes the name of the gateway and of its API. `.` is the folder where you are,
    if it is empty.

    Example: frontdesk new clinic
    """
    shutil.copytree(
        _SCAFFOLD, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    config = folder / "frontdesk.yaml"
    config.write_text(config.read_text().replace("NAME", folder.resolve().name))
    (folder / ".gitignore").write_text(".frontdesk/\n__pycache__/\n")
    click.echo(f"made {folder}: frontdesk.yaml, functions/hello.py")
    click.echo("next:")
    if folder != Path():
        click.echo(f"  cd {folder}")
    click.echo("  frontdesk dev")
    click.echo(
        '  curl -H "Authorization: Bearer $(frontdesk token --claim sub=me)" localhost:8080/hello/you'
    )
