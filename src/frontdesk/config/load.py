"""Owns the way from files to a Config: read, resolve references, merge, join, validate, check names.

Everything that is wrong is told at once, in file order.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.caches import unsafe_caches
from frontdesk.config.conflicts import conflicts
from frontdesk.config.definitions import Definitions, read_definitions
from frontdesk.config.mappings import unknown_targets
from frontdesk.config.models.root import Config
from frontdesk.config.names import unknown_names
from frontdesk.config.openapi.document import DOCUMENTS, Note, is_literal
from frontdesk.config.plans import unfit_plans
from frontdesk.config.references import Known, Lookup, no_vault, resolve
from frontdesk.config.releases import unknown_aliases
from frontdesk.config.schemas import unusable_schemas
from frontdesk.config.templates import unreadable_templates
from frontdesk.config.text import FileText
from frontdesk.config.tree import Path as TreePath
from frontdesk.config.tree import Tree
from frontdesk.config.urls import unusable_urls
from frontdesk.config.validation import located, validate
from frontdesk.config.yaml_source import read_yaml


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration, and where it says what.

    tree: the files' content as written, its texts knowing their references. paths: the files, in order.
    sources: their bytes by path, and those of the documents that they name. references: what theirs
    stood for. `load` makes the same again of these three. notes: what documents have for `check` to tell.
    definitions: those of state machines as JSON text, by name.
    """

    config: Config
    tree: Tree
    paths: tuple[Path, ...]
    sources: Mapping[Path, bytes]
    references: Known = field(repr=False)
    notes: tuple[Note, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)

    def place(self, *path: str | int) -> Position | None:
        """Say where the key at `path` stands, or None where the files say nothing.

        For example `place("apis", "scheduling", "throttle")`.
        """
        return self.tree.place(path)

    def shown(self, value: object, *path: str | int) -> str:
        """Write a value of the configuration for people: where a reference made it, as the file has it.

        path: where the file says it; positions in lists count from 0, also where one stands alone.
        """
        text = self.tree.value_at(self.tree.known(path))
        return text.written if isinstance(text, FileText) and text.referenced else str(value)


def load(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    read: Callable[[Path], bytes] = Path.read_bytes,
    *,
    only: Container[str] | None = None,
    known: Known | None = None,
    lookup: Lookup = no_vault,
) -> Loaded:
    """Load one file, or merge several: later ones may only add keys.

    paths: at least one; relative paths inside a file start at its folder. environ: for `${env:…}`.
    read: gives the bytes of a path. only: the keys of the top to load, whatever is wrong with others.
    known: what references stand for that are not to be looked up. lookup: for those to the vault.
    Raises: ConfigError with every finding.
    """
    files = _Files(environ, read, dict(known or {}), lookup)
    merged = files.merged(paths, only)
    config, notes, definitions = None, [], Definitions()
    findings = files.findings
    if merged is not None:
        notes = files.join_documents(merged)
        config, found = validate(merged, paths[0].parent.absolute())
        told = {finding.where for finding in findings}  # a reference that is not resolved, say
        found += [
            *unknown_names(merged),
            *unknown_targets(merged),
            *conflicts(merged),
            *unfit_plans(merged),
        ]
        if config is not None:
            definitions = read_definitions(config, merged, files.content)
            found += [
                *definitions.findings,
                *unusable_urls(config, merged),
                *unknown_aliases(config, merged),
                *unusable_schemas(config, merged),
                *unsafe_caches(config, merged),
                *unreadable_templates(config, merged, files.sources),
            ]
        findings += [finding for finding in found if finding.where not in told]
    if config is None or merged is None or findings:
        raise ConfigError(located(findings, [*map(str, paths), *map(str, files.sources)]))
    return Loaded(
        config,
        merged,
        tuple(paths),
        files.sources,
        files.references,
        (*notes, *definitions.notes),
        definitions.texts,
    )


@dataclass(slots=True)
class _Files:
    """The files of a configuration, and documents that they name, as they are read."""

    environ: Mapping[str, str]
    read: Callable[[Path], bytes]
    references: Known
    lookup: Lookup
    sources: dict[Path, bytes] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def merged(self, paths: Sequence[Path], only: Container[str] | None) -> Tree | None:
        """Read the files and merge them; what is wrong is among the findings."""
        merged: Tree | None = None
        for path in paths:
            try:
                tree, found = self._parsed(path)
            except OSError as error:
                self.findings.append(_unreadable(path, error))
                continue
            if tree is not None:
                if only is not None:
                    tree.value = {key: item for key, item in tree.value.items() if key in only}
                found += self._resolved(tree, path)
            self.findings += found
            if merged is None:
                merged = tree
            elif tree is not None:
                self.findings += _merge(merged, tree)
        return merged

    def join_documents(self, merged: Tree) -> list[Note]:
        """Add what documents say; what is wrong with them is among the findings."""
        if next(merged.match(DOCUMENTS), None) is None:
            return []
        # What reads OpenAPI is for files that name some.
        from frontdesk.config.openapi.joining import join_documents

        joined = join_documents(merged, self.document)
        self.findings += joined.findings
        return joined.notes

    def document(self, path: Path) -> tuple[Tree | None, list[Finding]]:
        """Read a document: references stand in our own keys there. Raises: OSError."""
        tree, found = self._parsed(path)
        if tree is not None:
            found += self._resolved(tree, path, is_literal)
        return tree, found

    def content(self, path: Path) -> bytes:
        """Read a file that belongs to the configuration. Raises: OSError."""
        self.sources[path] = self.read(path)
        return self.sources[path]

    def _resolved(
        self, tree: Tree, path: Path, literal: Callable[[TreePath], bool] = lambda _path: False
    ) -> list[Finding]:
        folder = path.parent.absolute()
        return resolve(
            tree, folder, self.environ, self.references, literal=literal, lookup=self.lookup
        )

    def _parsed(self, path: Path) -> tuple[Tree | None, list[Finding]]:
        return read_yaml(self.content(path), str(path))


def _unreadable(path: Path, error: OSError) -> Finding:
    where = Position(str(path), 1, 1, "")
    message = f"cannot read the file: {error.strerror}"
    hint = "--config FILE names another; `frontdesk new FOLDER` makes one"
    return Finding("error", "file", where, message, hint=hint)


def _merge(merged: Tree, later: Tree) -> list[Finding]:
    findings = []
    for path, where in merged.merge(later):
        first = merged.position(path, of_key=True)
        message = f"already given in {first}"
        findings.append(
            Finding("error", "merge", where, message, hint="a later file may only add keys")
        )
    return findings
