"""Owns joining documents with the file that names them: what the file says itself wins."""

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple, get_args

from frontdesk.base.errors import Finding
from frontdesk.config.models.root import Config
from frontdesk.config.openapi.document import DOCUMENTS, Document, Note, Open
from frontdesk.config.openapi.reading import BasePath, read_api
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Tree

_BY_NAME: Final = {"gateway_responses": 1, "models": 1, "resources": 2, "routes": 1}
"""Keys of an API with entries of their own: how deep these are. Other keys come from one place whole."""


class Joined(NamedTuple):
    """What was told about the documents. notes: for `check`."""

    findings: list[Finding]
    notes: list[Note]


def join_documents(tree: Tree, open_file: Open) -> Joined:
    """Add to the APIs of a file what their documents say, each with its own place."""
    joined = Joined([], [])
    authorizers = tree.value.get("authorizers")
    own = dict(authorizers) if isinstance(authorizers, dict) else {}
    for path, setting in list(tree.match(DOCUMENTS)):
        named = setting.get("file") if isinstance(setting, dict) else setting
        api = tree.value_at(path[:-1])
        if not isinstance(named, str) or not named or "\0" in named:
            continue  # told by the model
        at = tree.position((*path, "file") if isinstance(setting, dict) else path)
        document = Document(FilePath(at.file).parent / named, open_file, at, _substitutes(tree))
        if document.is_usable:
            reading = read_api(document, api, own, _base_path(setting))
            _join(document, _placed(tree, path[:-1]), reading.api, _BY_NAME)
            if reading.authorizers.value:
                _join_authorizers(document, tree, reading.authorizers)
        joined.findings.extend(document.findings)
        joined.notes.extend(document.notes)
    return joined


def _join(
    document: Document, file: Branch, read: Branch, depths: Mapping[str, int], depth: int = 0
) -> None:
    for key, value in read.value.items():
        child = read.node.children[key]
        below = depths.get(key, 0) if not depth else depth - 1
        if key not in file.value:
            file.value[key], file.node.children[key] = value, child
        elif below and isinstance(file.value[key], dict):
            inner = Branch(file.value[key], file.node.children[key])
            _join(document, inner, Branch(value, child), {}, below)
        elif key != "type":
            document.tell(
                "openapi-overridden", Placed(value, child, (key,)), f"the file's own {key} wins"
            )


def _join_authorizers(document: Document, tree: Tree, made: Branch) -> None:
    entries = _placed(tree, ()).branch("authorizers", Placed(made.value, made.node))
    for name, entry in made.value.items():
        former = entries.value.get(name)
        if former is None:
            entries.value[name], entries.node.children[name] = entry, made.node.children[name]
        elif former != entry:
            at = Placed(entry, made.node.children[name], ("securitySchemes", name))
            first = tree.position(("authorizers", name), of_key=True)
            hint = "name one of the two schemes otherwise"
            document.refuse(at, f"another document has made this authorizer ({first})", hint)


def _substitutes(tree: Tree) -> dict[str, str]:
    """Say what AWS's import puts in place of `${AWS::AccountId}` and the like."""
    account, region = (
        str(tree.value.get(key, Config.model_fields[key].default)) for key in ("account", "region")
    )
    return {"AccountId": account, "Partition": "aws", "Region": region}


def _placed(tree: Tree, path: tuple[str | int, ...]) -> Branch:
    node = tree.node_at(path)
    assert node is not None
    return Branch(tree.value_at(path), node)


def _base_path(setting: Any) -> BasePath:
    named = setting.get("base_path") if isinstance(setting, dict) else None
    known: tuple[BasePath, ...] = get_args(BasePath)
    return next((each for each in known if each == named), "ignore")  # others: told by the model
