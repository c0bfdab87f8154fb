"""One instance of a resource or data block: its attributes, evaluated when they are asked for."""

from typing import TYPE_CHECKING, Final

from frontdesk.base.errors import Position
from frontdesk.config.imports.arns import arn_of
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate, failed
from frontdesk.config.imports.hcl.made_up import MADE_UP, NEVER_MADE_UP, NOT_COPIED
from frontdesk.config.imports.hcl.source import Block, Body, Expression
from frontdesk.config.imports.hcl.values import EvaluationError, Value, entries, is_open
from frontdesk.config.imports.resources import Resource

if TYPE_CHECKING:
    from frontdesk.config.imports.hcl.module import Module

META: Final = frozenset(
    ("connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner")
)
"""What tells Terraform how to make a resource, not what it is."""


class Instance:
    """A Namespace of the attributes of one instance."""

    def __init__(self, module: "Module", block: Block, address: str, scope: Scope) -> None:
        """scope: with `each` or `count`."""
        self.address = address
        self._module = module
        self._block = block
        self._scope = scope.having({"self": self})
        self._known: dict[str, Value] = {}
        self._underway: set[str] = set()

    def member(self, name: str, at: Position) -> Value:
        """Find an attribute: said in the block, or what stands for a provider's."""
        body, key = self._block.body, (self._block.labels[0], name)
        if name in body.attributes and key not in NOT_COPIED:
            return self._attribute(name, body.attributes[name])
        blocks = block_values(body, name, self._scope)
        if blocks:
            return blocks
        if key in MADE_UP:
            return MADE_UP[key](self)
        if key[0] not in NEVER_MADE_UP:
            if name == "id":
                return self.address
            if name == "arn":
                return arn_of(key[0], self.address)
        return self._module.asked(f"{self.address.removeprefix(self._module.prefix)}.{name}", at)

    def told(self, *names: str) -> Value:
        """Return the first of some attributes that the block has; its label where it has none."""
        for name in names:
            if name in self._block.body.attributes:
                return self.member(name, self._block.at)
        return self._block.labels[-1]

    def secret(self, name: str) -> str:
        """Return a reference to the environment in place of a secret."""
        return self._module.reading.declared.secret(name, self._block.at)

    def resource(self) -> Resource:
        """Evaluate everything."""
        type_name, name = self._block.labels
        body, at = self._block.body, self._block.at
        values = {
            key: self._attribute(key, each)
            for key, each in body.attributes.items()
            if key not in META and (type_name, key) not in NOT_COPIED
        }
        for kind in _kinds(body) - META:
            values[kind] = block_values(body, kind, self._scope)
        try:
            self._scope.limits.weigh(values)
        except EvaluationError as error:
            raise failed(at, f"{self.address}: {error}") from None
        own = self.address if type_name in NEVER_MADE_UP else str(self.member("id", at))
        return Resource(_plain(values), self.address, at, type_name, name, own)

    def _attribute(self, name: str, expression: Expression) -> Value:
        if name not in self._known:
            if name in self._underway:
                raise failed(expression.at, f"{self.address}.{name} needs itself")
            self._underway.add(name)
            try:
                self._known[name] = evaluate(expression.tree, self._scope)
            finally:
                self._underway.discard(name)
        return self._known[name]


def block_values(body: Body, kind: str, scope: Scope) -> list[dict[str, Value]]:
    """Evaluate the blocks of a kind inside a body, those that `dynamic` makes among them."""
    found = [_values(block.body, scope) for block in body.of(kind)]
    for dynamic in body.of("dynamic"):
        if dynamic.labels == (kind,):
            found += _dynamic_values(dynamic, kind, scope)
    return found


def _dynamic_values(dynamic: Block, kind: str, scope: Scope) -> list[dict[str, Value]]:
    attributes = dynamic.body.attributes
    if "for_each" not in attributes:
        raise failed(dynamic.at, "expected for_each in a dynamic block")
    iterator = attributes.get("iterator")
    name = iterator.word if iterator is not None else kind
    over = evaluate(attributes["for_each"].tree, scope)
    try:
        pairs = [] if over is None or is_open(over) else list(entries(over))
    except EvaluationError as error:
        raise failed(attributes["for_each"].at, f"for_each: {error}") from None
    return [
        _values(content.body, scope.having({name: {"key": key, "value": value}}))
        for key, value in pairs
        for content in dynamic.body.of("content")
    ]


def _values(body: Body, scope: Scope) -> dict[str, Value]:
    values = {name: evaluate(each.tree, scope) for name, each in body.attributes.items()}
    return values | {kind: block_values(body, kind, scope) for kind in _kinds(body)}


def _kinds(body: Body) -> set[str]:
    """List the kinds of blocks that a body has, or `dynamic` makes."""
    return {
        block.labels[0] if block.kind == "dynamic" and block.labels else block.kind
        for block in body.blocks
    }


def _plain(value: Value) -> Value:
    """Write a value with texts only: a whole resource is known by its address."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return getattr(value, "address", "")
