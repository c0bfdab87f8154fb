"""`frontdesk export`: what the configuration says, in a form that others read."""

import json
from pathlib import Path
from typing import Literal

import click

from frontdesk.cli.configured import config_option, output_option, read, write
from frontdesk.cli.groups import Commands


@click.group(cls=Commands)
def export() -> None:
    """Write what the configuration says in a form that others read.

    Example: frontdesk export openapi -o openapi.yaml
    """


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
@output_option
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
    from frontdesk.config.yaml_text import write_yaml

    loaded = read(paths)
    apis = loaded.config.apis
    if api in apis and apis[api].type == "websocket":
        message = f"OpenAPI has no words for WebSocket APIs: {api}"
        raise click.UsageError(message)
    names = [name for name, each in apis.items() if each.type != "websocket"]
    name = api or (names[0] if len(names) == 1 else "")
    if name not in names:
        which = f"there is no such API: {api}; there is" if api else "say which API:"
        message = f"{which} {', '.join(names)}" if names else "the file has no API"
        raise click.UsageError(message)
    document = write_api(loaded.config, loaded.tree, name, version)
    as_json = (form or (output.suffix.removeprefix(".") if output else "")) == "json"
    text = (
        json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        if as_json
        else write_yaml(document)
    )
    write(text, output)
