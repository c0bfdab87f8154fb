"""`frontdesk export openapi` and `frontdesk import openapi`: an API as a document, and a document as our keys."""

import json
from pathlib import Path
from typing import Any, Literal

import click

from frontdesk.cli.configured import config_option, read, show


@click.group("export")
def export() -> None:
    """Write what the configuration says in a form that others read."""


@click.group("import")
def import_() -> None:
    """Turn what others have written into our configuration."""


_OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)


@export.command("openapi")
@click.argument("api", required=False)
@config_option
@click.option(
    "--version",
    type=click.Choice(["2.0", "3.0", "3.1"]),
    default="3.0",
    show_default=True,
    help="Version of OpenAPI.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    help="Default: yaml, or as the file's name says.",
)
@_OUTPUT
def export_openapi(
    api: str | None,
    paths: tuple[Path, ...],
    version: Literal["2.0", "3.0", "3.1"],
    form: str | None,
    output: Path | None,
) -> None:
    """Write API as an OpenAPI document with AWS's extensions; it may be left out where there is one only.

    What AWS has no words for stands in x-frontdesk-... keys, and is read back from there. Keys,
    passwords and what references stand for are not written. Keep the document beside the
    configuration: relative paths in it start at its folder.

    Example: frontdesk export openapi scheduling -o openapi.yaml
    """
    from frontdesk.config.openapi.writing import write_api

    loaded = read(paths)
    names = list(loaded.config.apis)
    name = api or (names[0] if len(names) == 1 else "")
    if name not in names:
        message = f"say which API: {', '.join(names)}" if names else "the file has no API"
        raise click.UsageError(message)
    document = write_api(loaded.config, loaded.tree, name, version)
    as_json = (form or (output.suffix.removeprefix(".") if output else "")) == "json"
    _write(document, output, as_json=as_json)


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
@_OUTPUT
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

    imported = import_document(file, name or file.stem, base_path)
    show(imported.findings)
    _write(imported.content, output, as_json=False)
    if any(finding.severity == "error" for finding in imported.findings):
        raise SystemExit(1)


def _write(document: dict[str, Any], output: Path | None, *, as_json: bool) -> None:
    from frontdesk.config.yaml_text import write_yaml

    text = (
        json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        if as_json
        else write_yaml(document)
    )
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"wrote {output}", err=True)
