"""Evaluates a folder of Terraform files: variables, locals, resources with their instances, modules.

What a provider would tell is made up where it can be (ARNs, ids) and asked for where it cannot: a text
`${input:address}` stands for it, and a note says at which line.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import Position
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate, failed
from frontdesk.config.imports.hcl.instance import META, Instance
from frontdesk.config.imports.hcl.made_up import MADE_UP
from frontdesk.config.imports.hcl.reading import Reading
from frontdesk.config.imports.hcl.source import Block, Body, Expression
from frontdesk.config.imports.hcl.values import EvaluationError, Value, entries, is_open

_LABELS: Final = {"data": 2, "module": 1, "output": 1, "resource": 2, "variable": 1}
"""Kind of block → how many labels it has."""

_STEPS_OF_A_MODULE: Final = 500


class Module:
    """One folder of files with its inputs. A Namespace of its outputs."""

    def __init__(
        self,
        folder: Path,
        reading: Reading,
        *,
        inputs: Mapping[str, Value],
        prefix: str,
        below: str = ".",
    ) -> None:
        """prefix: of addresses, "" or `module.name.`. below: the folder as seen from the root's."""
        self.prefix = prefix
        self.reading = reading
        self._folder = folder
        self._below = below
        self._inputs = inputs
        self._variables: dict[str, Block] = {}
        self._locals: dict[str, Expression] = {}
        self._outputs: dict[str, Block] = {}
        self._blocks: dict[tuple[str, str, str], Block] = {}
        self._calls: dict[str, Block] = {}
        self._known: dict[str, Value] = {}
        self._underway: set[str] = set()

    def take(self, body: Body) -> None:
        """Add what a file declares."""
        for block in body.blocks:
            if len(block.labels) != _LABELS.get(block.kind, len(block.labels)):
                raise failed(block.at, f"expected {block.kind} with {_LABELS[block.kind]} labels")
            match block.kind, block.labels:
                case "variable", (name,):
                    self._variables[name] = block
                case "locals", ():
                    self._locals |= block.body.attributes
                case "output", (name,):
                    self._outputs[name] = block
                case "module", (name,):
                    self._calls[name] = block
                case ("resource" | "data") as kind, (type_name, name):
                    self._blocks[kind, type_name, name] = block

    def declare(self) -> None:
        """Add the resources of this module and of those that it calls."""
        for (kind, type_name, name), block in self._blocks.items():
            if kind == "resource":
                for instance in _several(self._instances(kind, type_name, name, block)):
                    if isinstance(instance, Instance):
                        self.reading.declared.resources.append(instance.resource())
        for name, block in self._calls.items():
            for module in _several(self._called(name, block.at)):
                if isinstance(module, Module):
                    module.declare()

    # -- instances --------------------------------------------------------------------------------

    def _instances(self, kind: str, type_name: str, name: str, block: Block) -> Value:
        """Make the instance of a block, or a list or dict of them."""
        address = f"{'data.' if kind == 'data' else ''}{type_name}.{name}"

        def make(suffix: str, scope: Scope) -> Instance:
            return Instance(self, block, f"{self.prefix}{address}{suffix}", scope)

        return self._once(address, block.at, lambda: self._repeated(block, address, make))

    def _repeated(self, block: Block, address: str, make: Callable[[str, Scope], Value]) -> Value:
        """Make one of a block, or as many as `count` or `for_each` say."""
        scope, attributes = self._scope(block.at), block.body.attributes
        for word, several in (("count", self._counted), ("for_each", self._for_each)):
            if word not in attributes:
                continue
            value = evaluate(attributes[word].tree, scope)
            if is_open(value):
                message = f"{self.prefix}{address}: without its {word} none is made"
                self.reading.declared.left(block.at, message)
                return Unknown(self, address)
            try:
                return several(value, scope, make)
            except EvaluationError as error:
                raise failed(attributes[word].at, f"{word}: {error}") from None
        return make("", scope)

    def _counted(self, value: Value, scope: Scope, make: Callable[[str, Scope], Value]) -> Value:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise EvaluationError("expected a whole number")
        self.reading.limits.spend(value)
        return [make(f"[{at}]", scope.having({"count": {"index": at}})) for at in range(value)]

    def _for_each(self, value: Value, scope: Scope, make: Callable[[str, Scope], Value]) -> Value:
        pairs = ((each, each) for each in value) if isinstance(value, list) else entries(value)
        made = {}
        for key, each in pairs:
            if not isinstance(key, str):
                raise EvaluationError("expected a set of texts, or an object")
            names = {"each": {"key": key, "value": each}}
            made[key] = make(f'["{key}"]', scope.having(names))
        return made

    # -- names ------------------------------------------------------------------------------------

    def _scope(self, at: Position) -> Scope:
        reading = self.reading
        return Scope({}, self._find, self._folder, at.file, reading.project, reading.limits)

    def _find(self, name: str) -> Value:
        """Find what a first name stands for."""
        return self._roots.get(name) or self._of_type("resource", name)

    @cached_property
    def _roots(self) -> Mapping[str, Value]:
        return {
            "data": _Found(lambda type_name, _at: self._of_type("data", type_name)),
            "local": _Found(self._local),
            "module": _Found(self._called),
            "path": {"cwd": ".", "module": self._below, "root": "."},
            "terraform": {"workspace": "default"},
            "var": _Found(self._variable),
        }

    def _of_type(self, kind: str, type_name: str) -> "_Found":
        def find(name: str, at: Position) -> Value:
            block = self._blocks.get((kind, type_name, name))
            if block is None and kind == "data" and (type_name, "name") in MADE_UP:
                block = Block("data", (type_name, name), Body(), at)
            if block is None:
                return Unknown(self, f"{'data.' * (kind == 'data')}{type_name}.{name}")
            return self._instances(kind, type_name, name, block)

        return _Found(find)

    def _variable(self, name: str, at: Position) -> Value:
        address, block = f"var.{name}", self._variables.get(name)
        if f"{self.prefix}{address}" in self.reading.given:
            return self.typed(name, self.asked(address, at), at)
        if name in self._inputs:
            return self._inputs[name]
        default = block.body.attributes.get("default") if block is not None else None
        if default is None:
            return self.asked(address, at)
        return self._once(address, at, lambda: evaluate(default.tree, self._scope(default.at)))

    def typed(self, name: str, text: str, at: Position) -> Value:
        """Read the text of a variable as its type says: only texts stand without quotes."""
        block = self._variables.get(name)
        kind = block.body.attributes.get("type") if block is not None else None
        if kind is None or kind.word in ("string", "any"):
            return text
        return self.reading.value_of(text, at)

    def _local(self, name: str, at: Position) -> Value:
        found = self._locals.get(name)
        if found is None:
            return self.asked(f"local.{name}", at)
        return self._once(f"local.{name}", at, lambda: evaluate(found.tree, self._scope(found.at)))

    def member(self, name: str, at: Position) -> Value:
        """Find an output."""
        block = self._outputs.get(name)
        value = block.body.attributes.get("value") if block is not None else None
        if value is None:
            return self.asked(f"output.{name}", at)
        return self._once(f"output.{name}", at, lambda: evaluate(value.tree, self._scope(value.at)))

    def _once(self, key: str, at: Position, make: Callable[[], Value]) -> Value:
        """Evaluate something when it is first asked for.

        Raises: ConfigError when it needs itself.
        """
        if key in self._known:
            return self._known[key]
        if key in self._underway:
            raise failed(at, f"{self.prefix}{key} needs itself")
        self._underway.add(key)
        try:
            self._known[key] = make()
        finally:
            self._underway.discard(key)
        return self._known[key]

    def asked(self, address: str, at: Position) -> str:
        """Return what the operator has given for an address, or a text that stands for it."""
        address, reading = f"{self.prefix}{address}", self.reading
        if address in reading.given:
            return reading.given[address]
        return reading.declared.asked(address, at)

    # -- modules ----------------------------------------------------------------------------------

    def _called(self, name: str, at: Position) -> Value:
        block = self._calls.get(name)
        if block is None:
            return Unknown(self, f"module.{name}")
        address = f"module.{name}"

        def make(suffix: str, scope: Scope) -> Value:
            return self._call(block, f"{address}{suffix}", scope)

        return self._once(address, at, lambda: self._repeated(block, address, make))

    def _call(self, block: Block, address: str, scope: Scope) -> Value:
        attributes = block.body.attributes
        source = str(evaluate(attributes["source"].tree, scope)) if "source" in attributes else ""
        folder = self._folder / source
        if not source.startswith(("./", "../")) or not folder.is_dir():
            message = f"module {block.labels[0]}: there is no folder {source}"
            self.reading.declared.missing(block.at, message, "add it, and import again")
            return Unknown(self, address)
        inputs = {
            key: evaluate(each.tree, scope)
            for key, each in attributes.items()
            if key not in META | {"source", "version", "providers"}
        }
        try:
            reading = self.reading.within(folder)
            reading.limits.spend(_STEPS_OF_A_MODULE)
        except EvaluationError as error:
            raise failed(block.at, f"{self.prefix}{address}: {error}") from None
        prefix = f"{self.prefix}{address}."
        below = posixpath.normpath(posixpath.join(self._below, source))
        module = Module(folder, reading, inputs=inputs, prefix=prefix, below=below)
        for body in reading.bodies(folder):
            module.take(body)
        return module


class _Found:
    """Members that are looked for."""

    def __init__(self, find: Callable[[str, Position], Value]) -> None:
        self.member = find


class Unknown:
    """Something that is not here, whose attributes are asked for."""

    def __init__(self, module: Module, address: str) -> None:
        self._module = module
        self._address = address

    def member(self, name: str, at: Position) -> Value:
        """Ask for an attribute."""
        return self._module.asked(f"{self._address}.{name}", at)


def _several(made: Value) -> Iterator[Any]:
    """Go through what a block became: one, or a list or dict of them."""
    if isinstance(made, dict):
        yield from made.values()
    elif isinstance(made, list):
        yield from made
    else:
        yield made
