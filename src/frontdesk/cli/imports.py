"""`frontdesk import`: what others have written, as our configuration."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from frontdesk.cli.configured import output_option, show, write
from frontdesk.cli.groups import Commands

if TYPE_CHECKING:
    from frontdesk.config.openapi.importing import Imported


@click.group("import", cls=Commands)
def import_() -> None:
    """Turn what others have written into our configuration.

    Example: frontdesk import openapi openapi.yaml -o frontdesk.yaml
    """


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

    _print(import_document(file, name or file.stem, base_path), output)


_NAME = click.option("--name", help="Name of the configuration. Default: that of the folder.")
_SET = click.option(
    "--set",
    "given",
    multiple=True,
    metavar="ADDRESS=VALUE",
    callback=lambda _context, _parameter, given: _pairs(given),
    help="What nothing there says; the list of what is missing shows the addresses.",
)
_ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder outside of which nothing is read. Default: the one around it with a .git, or its own.",
)


@import_.command("terraform")
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=".")
@_NAME
@_SET
@click.option(
    "--var-file",
    "var_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Values of variables, beside the files that Terraform finds by itself.",
)
@_ROOT
@output_option
def import_terraform(
    path: Path,
    *,
    name: str | None,
    given: dict[str, str],
    var_files: tuple[Path, ...],
    root: Path | None,
    output: Path | None,
) -> None:
    """Print the API Gateway and Lambda resources of PATH in our own keys.

    PATH is a folder of .tf files, one of them, or what `terraform show -json` has printed. Variables
    come from defaults, TF_VAR_... of the environment, tfvars files, and --set. What is named and not
    there, and what could not be carried, is listed with its line on standard error; in the result
    `${input:ADDRESS}` stands for what is still open. Keep the result in that folder: paths of code
    start there. Exits with 1 where something is wrong.

    Example: frontdesk import terraform infra --set var.env=prod -o infra/frontdesk.yaml
    """
    from frontdesk.config.imports import importing

    imported = importing.import_terraform(
        path, _name(path, name), given, os.environ, var_files=var_files, root=root
    )
    _print(imported, output)


@import_.command("sam")
@click.argument(
    "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), default="template.yaml"
)
@_NAME
@_SET
@_ROOT
@output_option
def import_sam(
    path: Path, *, name: str | None, given: dict[str, str], root: Path | None, output: Path | None
) -> None:
    """Print the template PATH of SAM, or of plain CloudFormation, in our own keys.

    Parameters come from their defaults and --set; so do exports of other stacks, and attributes that
    only AWS knows, such as Pool.Arn. What is missing or not carried is listed as in `import terraform`.

    Example: frontdesk import sam template.yaml --set Stage=prod -o frontdesk.yaml
    """
    from frontdesk.config.imports import importing

    imported = importing.import_sam(path, _name(path, name), given, root=root)
    _print(imported, output)


@import_.command("serverless")
@click.argument(
    "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), default="serverless.yml"
)
@_NAME
@_SET
@_ROOT
@output_option
def import_serverless(
    path: Path, *, name: str | None, given: dict[str, str], root: Path | None, output: Path | None
) -> None:
    """Print the service PATH of the Serverless Framework in our own keys.

    Options and parameters are given by --set stage=prod; environment variables are read. Parameters
    of the Systems Manager become references to environment variables. What is missing or not carried
    is listed as in `import terraform`.

    Example: frontdesk import serverless serverless.yml --set stage=prod -o frontdesk.yaml
    """
    from frontdesk.config.imports import importing

    imported = importing.import_serverless(path, _name(path, name), given, os.environ, root=root)
    _print(imported, output)


def _print(imported: "Imported", output: Path | None) -> None:
    from frontdesk.config.yaml_text import write_yaml

    show(imported.findings)
    write(write_yaml(imported.content), output)
    if any(finding.severity == "error" for finding in imported.findings):
        raise SystemExit(1)


def _name(path: Path, name: str | None) -> str:
    return name or (path if path.is_dir() else path.parent).resolve().name


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in given:
        address, equals, value = text.partition("=")
        if not equals or not address:
            message = f"expected ADDRESS=VALUE, got {text!r}"
            raise click.BadParameter(message)
        pairs[address] = value
    return pairs
