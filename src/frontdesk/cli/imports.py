"""`frontdesk import`: what others have written, as our configuration."""

import os
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


@import_.command("terraform")
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=".")
@click.option("--name", help="Name of the configuration. Default: that of the folder.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="ADDRESS=VALUE",
    help="What nothing there says, such as var.env=prod or aws_cognito_user_pool.main.id=x.",
)
@output_option
def import_terraform(
    path: Path, name: str | None, given: tuple[str, ...], output: Path | None
) -> None:
    """Print the API Gateway and Lambda resources of PATH in our own keys.

    PATH is a folder of .tf files, one of them, or what `terraform show -json` has printed. Variables
    come from defaults, tfvars files, TF_VAR_... of the environment, and --set. What is named and not
    there, and what could not be carried, is listed with its line on standard error; in the result
    `${input:ADDRESS}` stands for what is still open. Keep the result in that folder: paths of code
    start there. Exits with 1 where something is wrong.

    Example: frontdesk import terraform infra --set var.env=prod -o infra/frontdesk.yaml
    """
    from frontdesk.config.imports import terraform
    from frontdesk.config.yaml_text import write_yaml

    pairs = dict(_pair(text) for text in given)
    folder = path if path.is_dir() else path.parent
    imported = terraform.import_terraform(path, name or folder.resolve().name, pairs, os.environ)
    show(imported.findings)
    write(write_yaml(imported.content), output)
    if any(finding.severity == "error" for finding in imported.findings):
        raise SystemExit(1)


def _pair(text: str) -> tuple[str, str]:
    address, equals, value = text.partition("=")
    if not equals or not address:
        message = f"expected ADDRESS=VALUE, got {text!r}"
        raise click.BadParameter(message)
    return address, value
