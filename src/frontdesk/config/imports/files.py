"""Owns the files that an import may read: below the project's folder, of bounded size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.placed import Placed
from frontdesk.config.yaml_source import NO_TAGS, read_yaml

MAX_FILE: Final = 4 * 1024 * 1024
"""Bytes of one file."""


class FileRefused(ValueError):  # noqa: N818 - a reason, which who asked for the file makes an error of
    """A file cannot be read. str(): why, for the operator."""


class Project:
    """The files below one folder. Links that lead out of it are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @classmethod
    def around(cls, path: Path) -> "Project":
        """Find the project of what is imported: the nearest folder with a `.git`, or else its own."""
        folder = (path if path.is_dir() else path.parent).resolve()
        around = (each for each in (folder, *folder.parents) if (each / ".git").exists())
        return cls(next(around, folder))

    def find(self, path: Path) -> Path:
        """Return a path, relative or not, as it is below the folder.

        Raises: FileRefused where it is not.
        """
        # Differs: [import-project] Terraform and Serverless read whatever file a template names.
        try:
            if path.resolve().is_relative_to(self.root):
                return path
        except RecursionError:
            raise
        except (OSError, ValueError, RuntimeError) as error:  # a null byte; links in a circle
            raise FileRefused(f"cannot read {str(path)!r}: {error}") from None
        raise FileRefused(f"{path} is outside of {self.root}: give a folder with both as --root")

    def read(self, path: Path) -> bytes:
        """Read a file.

        Raises: FileRefused where it is not below the folder, too large, no file, or cannot be read.
        """
        found = self.find(path)
        try:
            if not found.is_file():
                raise FileRefused(f"there is no file {path}")
            with found.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as error:
            raise FileRefused(f"cannot read {path}: {error.strerror}") from None
        if len(data) > MAX_FILE:
            raise FileRefused(f"{path} has more than {MAX_FILE // 1024**2}MB")
        return data

    def text(self, path: Path) -> str:
        """Read a file of text.

        Raises: FileRefused, see `read`; also where it is not UTF-8.
        """
        try:
            return self.read(path).decode()
        except UnicodeDecodeError:
            raise FileRefused(f"{path} is not UTF-8 text") from None

    def tree(self, path: Path, named_at: Position, tags: Mapping[str, str] = NO_TAGS) -> Placed:
        """Read a file of YAML or JSON. named_at: where it is asked for.

        Raises: ConfigError.
        """
        try:
            data = self.read(path)
        except FileRefused as error:
            raise ConfigError((Finding("error", "import", named_at, str(error)),)) from None
        tree, findings = read_yaml(data, str(path), tags)
        if tree is None or findings:
            raise ConfigError(tuple(findings))
        return Placed(tree.value, tree.node)
