"""Owns references: `${env:NAME}`, `${env:NAME:-default}`, `${file:path}`; `$${` stands for `${`.

`${secret:name}`, `${ssm:/path}` and `${secretsmanager:name#key}` are looked up by whom the caller hands in.
`${input:ADDRESS}` is what `frontdesk import` leaves for the operator to fill in: it has no value here.
Texts in braces without a colon, such as `${stage.name}`, are left to whoever compiles them.
Messages name the reference, never the value.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path as FilePath
from typing import Any, Final

from frontdesk.base.errors import Finding
from frontdesk.config.text import FileText
from frontdesk.config.tree import Path, Tree

MAX_FILE: Final = 1024 * 1024
"""Bytes of a `${file:…}`, at most."""

_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_]+):([^{}]*)(\}?)")
_READ_OTHERWISE = re.compile(r"(?<=\$)\$\{|\$\{(?=[A-Za-z_]+:)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LITERAL = "write $${ for the two characters themselves"


Known = dict[tuple[FilePath, str], str]
"""What references stand for, by the folder of their file and as they are written there."""

ELSEWHERE: Final = ("secret", "ssm", "secretsmanager")
"""Schemes whose texts are in the vault, or at AWS."""

Lookup = Callable[[str, str], str]
"""Returns what a scheme of `ELSEWHERE` and a name stand for. Raises: ValueError with message and hint."""


def no_vault(scheme: str, name: str) -> str:
    """Be the `Lookup` of whoever has no vault at hand."""
    raise ValueError(
        f"no vault is at hand here: ${{{scheme}:{name}}}", "use ${env:NAME} or ${file:path}"
    )


def elsewhere(known: Known) -> dict[str, str]:
    """Return the references to the vault or AWS among those known, and what they stand for."""
    found = ((written, _REFERENCE.fullmatch(written), text) for (_, written), text in known.items())
    return {written: text for written, match, text in found if match and match[1] in ELSEWHERE}


def split(written: str) -> tuple[str, str]:
    """Return scheme and name of a reference such as `${secret:vendor}`."""
    scheme, _, name = written[2:-1].partition(":")
    return scheme, name


def resolve(
    tree: Tree,
    folder: FilePath,
    environ: Mapping[str, str],
    known: Known,
    *,
    literal: Callable[[Path], bool] = lambda _path: False,
    lookup: Lookup = no_vault,
) -> list[Finding]:
    """Replace the references in `tree.value`. folder: of the file, for relative paths.

    known: is asked first, and told what has been looked up. literal: says of a path that its text has
    no references. lookup: for what is not on this machine.
    The mappings and lists are made anew, so that values shared through aliases stay apart.
    """
    resolver = _Resolver(tree, folder, environ, known, literal=literal, lookup=lookup)
    tree.value = resolver.walk(tree.value, ())
    return resolver.findings


def escaped(text: str) -> str:
    """Write a text so that `resolve` makes this very text of it."""
    return _READ_OTHERWISE.sub("$${", text)


class _Resolver:
    def __init__(
        self,
        tree: Tree,
        folder: FilePath,
        environ: Mapping[str, str],
        known: Known,
        *,
        literal: Callable[[Path], bool],
        lookup: Lookup,
    ) -> None:
        self.tree = tree
        self.folder = folder
        self.environ = environ
        self.known = known
        self.literal = literal
        self.elsewhere = lookup
        self.findings: list[Finding] = []
        self.plain: dict[str, FileText] = {}
        """Texts without references, which are the same wherever they stand."""

    @property
    def sources(self) -> dict[str, Callable[[str], str]]:
        """What looks references up, by their schemes. Kept here it would keep the tree: nobody collects during a reload."""
        return {
            "env": self.variable,
            "file": self.file,
            **{scheme: partial(self.elsewhere, scheme) for scheme in ELSEWHERE},
            "input": self.left_open,
        }

    def walk(self, value: Any, path: Path) -> Any:
        match value:
            case dict():
                return {key: self.walk(item, (*path, key)) for key, item in value.items()}
            case list():
                return [self.walk(item, (*path, index)) for index, item in enumerate(value)]
            case str():
                return self.text(value, path)
        return value

    def text(self, written: str, path: Path) -> FileText:
        if "${" not in written or self.literal(path):
            if written not in self.plain:
                self.plain[written] = FileText(written, self.folder, written)
            return self.plain[written]
        referenced = False

        def replace(found: re.Match[str]) -> str:
            nonlocal referenced
            if found[0] == "$${":
                return "${"
            referenced = True
            return self.lookup(found)

        try:
            text = _REFERENCE.sub(replace, written)
        except ValueError as error:
            where = self.tree.position(path)
            message, *hint = error.args
            self.findings.append(Finding("error", "reference", where, message, hint="".join(hint)))
            text = written
        return FileText(text, self.folder, written, referenced=referenced)

    def lookup(self, found: re.Match[str]) -> str:
        scheme, name, closing = found.groups()
        if not closing:
            raise ValueError(f"reference without its closing brace: {found[0]}", _LITERAL)
        source = self.sources.get(scheme)
        if source is None:
            known = ", ".join(f"${{{scheme}:…}}" for scheme in self.sources if scheme != "input")
            raise ValueError(f"expected a reference, one of {known}: {found[0]}", _LITERAL)
        key = self.folder, found[0]
        if key not in self.known:
            self.known[key] = source(name)
        return self.known[key]

    def variable(self, reference: str) -> str:
        name, dash, default = reference.partition(":-")
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected a variable name in the reference: ${{env:{reference}}}")
        value = self.environ.get(name)
        if dash:
            return value or default
        if value is None:
            hint = f"set it, or give a default: ${{env:{name}:-value}}"
            raise ValueError(f"environment variable not set: {name}", hint)
        return value

    def left_open(self, address: str) -> str:
        hint = f"import again with --set {address}=VALUE, or write the value here"
        raise ValueError(f"an import left this open: {address}", hint)

    def file(self, name: str) -> str:
        shown = f"${{file:{name}}}"
        if not name or "\0" in name:
            raise ValueError(f"expected a path in the reference: {shown}")
        path = self.folder / name
        try:
            if not path.is_file():
                hint = "a relative path starts at the folder of this file"
                raise ValueError(f"no such file: {shown}", hint)
            with path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
            if len(data) > MAX_FILE:
                raise ValueError(f"expected a file of at most 1MB: {shown}")
            return data.decode().removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise ValueError(f"cannot read the file of {shown}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"expected a file of UTF-8 text: {shown}") from None
