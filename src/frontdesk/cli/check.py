"""`frontdesk check` and `frontdesk schema`: the file, without starting anything."""

import json
from pathlib import Path

import click

from frontdesk.base.errors import ConfigError
from frontdesk.cli.configured import config_option, read, show


@click.command()
@config_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
def check(paths: tuple[Path, ...], strict: bool) -> None:
    """Validate the configuration and lint it: each finding with id, place, why and fix.

    Exits with 1 when there is an error, with 0 when there are only warnings.

    Example: frontdesk check --strict
    """
    from frontdesk.app import compile_offline
    from frontdesk.config.check import check as lint

    loaded = read(paths)
    findings = lint(loaded)
    try:
        compile_offline(loaded)
    except ConfigError as error:
        findings += error.findings
    show(findings)
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    click.echo(
        f"{', '.join(str(path) for path in paths)}: {len(loaded.config.apis)} API(s), "
        f"{sum(1 for api in loaded.config.apis.values() for _ in api.operations())} route(s), "
        f"{len(loaded.config.functions)} function(s): {errors} error(s), {warnings} warning(s)"
    )
    if errors or (strict and warnings):
        raise SystemExit(1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors.

    Save it beside the file and start the YAML with: # yaml-language-server: $schema=schema.json

    Example: frontdesk schema > schema.json
    """
    from frontdesk.config.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
