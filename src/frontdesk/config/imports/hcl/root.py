"""Begins the reading of Terraform: the root module, and where its variables come from."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.hcl.module import Module
from frontdesk.config.imports.hcl.reading import Reading
from frontdesk.config.imports.hcl.source import Body
from frontdesk.config.imports.hcl.values import Value
from frontdesk.config.imports.resources import Declared

_ENVIRONMENT: Final = "TF_VAR_"


def read_terraform(
    path: Path,
    declared: Declared,
    given: Mapping[str, str],
    environ: Mapping[str, str],
    var_files: Sequence[Path] = (),
) -> None:
    """Evaluate the files of a folder, or one file, and add what they declare.

    given: values by address (`var.env`, `aws_cognito_user_pool.main.id`), from the command line.
    environ: for TF_VAR_… variables. var_files: files of values beside those that Terraform finds.
    Raises: ConfigError for what is no Terraform, or cannot be evaluated.
    """
    folder = path if path.is_dir() else path.parent
    reading = Reading(declared, given, folders=(folder.resolve(),))
    inputs: dict[str, Value] = {}
    module = Module(folder, reading, inputs=inputs, prefix="")
    for body in _bodies(path, reading):
        module.take(body)
    for variable, text in environ.items():
        name = variable.removeprefix(_ENVIRONMENT)
        if name != variable:
            inputs[name] = module.typed(name, text, Position(variable, 1, 1, ""))
    for file in (*_var_files(folder), *var_files):
        inputs |= reading.values_of_file(file)
    module.declare()


def _bodies(path: Path, reading: Reading) -> list[Body]:
    """Read the root module, and tell of what is not read: a folder without it is a mistyped one."""
    for file in sorted(path.glob("*.tf.json")):
        message = "the JSON form of Terraform's language is not read"
        reading.declared.left(Position(str(file), 1, 1, ""), message)
    bodies = list(reading.bodies(path))
    if not bodies:
        where, message = Position(str(path), 1, 1, ""), "expected .tf files in this folder"
        hint = "name the folder that has them: `frontdesk import terraform infra`"
        raise ConfigError((Finding("error", "template", where, message, hint=hint),))
    return bodies


def _var_files(folder: Path) -> Iterator[Path]:
    """Find the files of values that Terraform reads by itself, later ones win."""
    for name in ("terraform.tfvars", "terraform.tfvars.json"):
        if (folder / name).is_file():
            yield folder / name
    yield from sorted((*folder.glob("*.auto.tfvars"), *folder.glob("*.auto.tfvars.json")))
