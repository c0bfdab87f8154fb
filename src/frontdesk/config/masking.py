"""Owns showing a configuration file to people as it was written: references as such, what is secret masked."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Final, get_args

import yaml

from frontdesk.config.models.model import Model
from frontdesk.config.secrets import MASK, Secret
from frontdesk.config.validation import SECRET_NAME, USER_INFO
from frontdesk.config.yaml_source import plain_value

_TELLING: Final = 6
"""Characters from which on a secret is looked for wherever it may stand: in a comment, within a longer text."""


def secret_texts(value: object) -> Iterator[str]:
    """Find all texts that a model takes as secret."""
    match value:
        case Secret():
            yield value.reveal()
        case Model():
            for name in _telling(type(value)) & value.model_fields_set:
                yield from secret_texts(getattr(value, name))
        case dict():
            for item in value.values():
                yield from secret_texts(item)
        case list() | tuple():
            for item in value:
                yield from secret_texts(item)


@cache
def _telling(model: type[Model]) -> frozenset[str]:
    """Name the fields below which there may be secrets: routes, of which there are many, have none."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _may_tell(field.annotation))


def _may_tell(kind: object) -> bool:
    if isinstance(kind, type) and issubclass(kind, Model):
        return bool(_telling(kind))
    return kind is Secret or any(map(_may_tell, get_args(kind)))


def masked_source(text: str, secrets: Collection[str]) -> str:
    """Return a YAML text with its secrets masked. secrets: of the configuration that it makes.

    A value is masked where it is one of them, or where its key says so; one with a reference shows which.
    Raises: yaml.YAMLError where it is none.
    """
    spans: dict[int, tuple[int, str]] = {}  # an alias leads to a value twice
    top = yaml.compose(text, Loader=yaml.CSafeLoader)
    for key, node in _scalars("", top) if top is not None else ():
        begin, end = node.start_mark.index, node.end_mark.index
        spans[begin] = end, _shown(key, node, text[begin:end], secrets)
    pieces, at = [], 0
    for begin in sorted(spans):
        end, shown = spans[begin]
        pieces += [text[at:begin], shown]
        at = end
    masked = "".join((*pieces, text[at:]))
    for secret in secrets:
        if len(secret) >= _TELLING:
            masked = masked.replace(secret, MASK)
    return masked


def _shown(key: str, node: yaml.ScalarNode, written: str, secrets: Collection[str]) -> str:
    if "${" in node.value:
        return written
    is_text = bool(node.style) or isinstance(plain_value(node.value), str)
    if node.value in secrets or (is_text and SECRET_NAME.search(key)):
        return MASK + "\n" * written.endswith("\n")  # of a block, which ends with its line
    return USER_INFO.sub(f"{MASK}@", written)


def _scalars(key: str, node: yaml.Node) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Yield all values with their keys; members of a list have that of the list."""
    match node:
        case yaml.ScalarNode():
            yield key, node
        case yaml.SequenceNode():
            for member in node.value:
                yield from _scalars(key, member)
        case yaml.MappingNode():
            for of_it, value in node.value:
                yield from _scalars(of_it.value, value)
