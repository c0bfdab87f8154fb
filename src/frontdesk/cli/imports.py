"""`frontdesk import`: what others have written, as our configuration."""

from pathlib import Path
from typing import Literal

import click

from frontdesk.cli.configured import output_option, show, write


@click.group("import")
def import_() -> None:
    """Turn what others have written into our configuration."""


@import_.command("openapi")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", help="Name of the API. Default: that of the file.")
@click.option(
    "--base-path",
    type=click.Choice(["ignore", "prepend", "split"]),
    default="ignore",
    show_default=True,
    help="What becomes of the path of the document's server.",
)
@output_option
def import_openapi(
    file: Path,
    name: str | None,
    base_path: Literal["ignore", "prepend", "split"],
    output: Path | None,
) -> None:
    """Print the OpenAPI document FILE in our own keys, for those who want to leave OpenAPI.

    `openapi: FILE` in an API serves the document as it is, without an import. What could not be
    carried is listed with its line, on standard error. Exits with 1 where that leaves a gap.

    Example: frontdesk import openapi openapi.yaml -o frontdesk.yaml
    """
    from frontdesk.config.openapi.importing import import_document
    from frontdesk.config.yaml_text import write_yaml

    imported = import_document(file, name or file.stem, base_path)
    show(imported.findings)
    write(write_yaml(imported.content), output)
    if any(finding.severity == "error" for finding in imported.findings):
        raise SystemExit(1)
