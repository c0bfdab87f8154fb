"""Evaluates a folder of Terraform files: variables, locals, resources with their instances, modules.

What a provider would tell is made up where it can be (ARNs, ids) and asked for where it cannot: a text
`${input:address}` stands for it, and a note says at which line.
"""

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.hcl.evaluate import Scope, Value, evaluate
from frontdesk.config.imports.hcl.made_up import ACCOUNT, MADE_UP, NOT_MADE, REGION
from frontdesk.config.imports.hcl.source import Block, Body, Expression, read_hcl
from frontdesk.config.imports.resources import MISSING, Declared, Resource

_META: Final = frozenset(
    ("connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner")
)
"""What tells Terraform how to make a resource, not what it is."""

_DEEPEST: Final = 20
"""Modules within modules."""


def read_terraform(folder: Path, given: Mapping[str, str], environ: Mapping[str, str]) -> Declared:
    """Evaluate the files of a folder, or one file.

    given: values by address (`var.env`, `aws_cognito_user_pool.main.id`), from the command line.
    environ: for TF_VAR_… variables.
    Raises: ConfigError for what is no Terraform, or cannot be evaluated.
    """
    declared = Declared()
    inputs = {
        name.removeprefix("TF_VAR_"): value
        for name, value in environ.items()
        if name.startswith("TF_VAR_")
    }
    Module(folder, inputs=inputs, prefix="", given=given, declared=declared).declare()
    return declared


class Module:
    """One folder of files with its inputs. A Namespace of its outputs."""

    def __init__(
        self,
        folder: Path,
        *,
        inputs: Mapping[str, Value],
        prefix: str,
        given: Mapping[str, str],
        declared: Declared,
        below: str = ".",
        depth: int = 0,
    ) -> None:
        """prefix: of addresses, "" or `module.name.`. below: the folder as seen from the root's."""
        self.prefix = prefix
        self._folder = folder if folder.is_dir() else folder.parent
        self._given = given
        self._declared = declared
        self._depth = depth
        self._below = below
        self._variables: dict[str, Expression | None] = {}
        self._locals: dict[str, Expression] = {}
        self._outputs: dict[str, Expression] = {}
        self._blocks: dict[tuple[str, str, str], Block] = {}
        self._calls: dict[str, Block] = {}
        self._known: dict[str, Value] = {}
        self._underway: set[str] = set()
        for file in sorted(self._folder.glob("*.tf")) if folder.is_dir() else [folder]:
            self._take(read_hcl(file))
        self._inputs = {**inputs, **self._values_of_files()}

    # -- reading ----------------------------------------------------------------------------------

    def _take(self, body: Body) -> None:
        for block in body.blocks:
            labels, inner = block.labels, block.body
            if block.kind == "variable":
                self._variables[labels[0]] = inner.attributes.get("default")
            elif block.kind == "locals":
                self._locals |= inner.attributes
            elif block.kind == "output" and "value" in inner.attributes:
                self._outputs[labels[0]] = inner.attributes["value"]
            elif block.kind == "module":
                self._calls[labels[0]] = block
            elif block.kind in ("resource", "data"):
                self._blocks[block.kind, labels[0], labels[1]] = block

    def _values_of_files(self) -> dict[str, Value]:
        names = ["terraform.tfvars", "terraform.tfvars.json"]
        found = [self._folder / name for name in names if (self._folder / name).is_file()]
        found += sorted(self._folder.glob("*.auto.tfvars"))
        values: dict[str, Value] = {}
        for file in found:
            if file.suffix == ".json":
                values |= json.loads(file.read_text())
            else:
                body = read_hcl(file)
                values |= {
                    name: evaluate(each.tree, self._scope(each.at))
                    for name, each in body.attributes.items()
                }
        return values

    # -- declaring --------------------------------------------------------------------------------

    def declare(self) -> None:
        """Add the resources of this module and of those that it calls."""
        for (kind, type_name, name), block in self._blocks.items():
            if kind == "resource":
                for instance in _several(self._instances(kind, type_name, name, block)):
                    self._declared.resources.append(instance.resource())
        for name in self._calls:
            for module in _several(self._called(name)):
                if isinstance(module, Module):
                    module.declare()

    def _instances(self, kind: str, type_name: str, name: str, block: Block) -> Value:
        """Make the instance of a block, or a list or dict of them."""
        prefix = f"{self.prefix}{'data.' if kind == 'data' else ''}{type_name}.{name}"

        def make(suffix: str, scope: Scope) -> Instance:
            return Instance(self, block, f"{prefix}{suffix}", scope)

        return self._once(prefix, lambda: self._repeated(block, make))

    def _repeated(self, block: Block, make: Callable[[str, Scope], Value]) -> Value:
        """Make one of a block, or as many as `count` or `for_each` say."""
        scope, attributes = self._scope(block.at), block.body.attributes
        if "count" in attributes:
            number = evaluate(attributes["count"].tree, scope)
            if not isinstance(number, int):
                return [make("[0]", scope.having({"count": _Members({"index": 0})}))]
            return [
                make(f"[{at}]", scope.having({"count": _Members({"index": at})}))
                for at in range(number)
            ]
        if "for_each" in attributes:
            over = evaluate(attributes["for_each"].tree, scope)
            pairs = over.items() if isinstance(over, dict) else ((each, each) for each in over)
            return {
                key: make(
                    f'["{key}"]', scope.having({"each": _Members({"key": key, "value": value})})
                )
                for key, value in pairs
            }
        return make("", scope)

    # -- names ------------------------------------------------------------------------------------

    def _scope(self, at: Position) -> Scope:
        return Scope({}, self._find, str(self._folder), at.file)

    def _find(self, name: str) -> Value:
        """Find what a first name stands for."""
        roots: dict[str, Callable[[], Value]] = {
            "data": lambda: _Found(lambda kind, _at: self._of_type("data", kind)),
            "local": lambda: _Found(self._local),
            "module": lambda: _Found(self._called),
            "path": lambda: _Members({"cwd": ".", "module": self._below, "root": "."}),
            "terraform": lambda: _Members({"workspace": "default"}),
            "var": lambda: _Found(self._variable),
        }
        make = roots.get(name)
        return make() if make is not None else self._of_type("resource", name)

    def _of_type(self, kind: str, type_name: str) -> "_Found":
        def find(name: str, at: Position) -> Value:
            block = self._blocks.get((kind, type_name, name))
            if block is None and kind == "data" and (type_name, "name") in MADE_UP:
                block = Block("data", (type_name, name), Body(), at)
            if block is None:
                return _Unknown(self, f"{'data.' * (kind == 'data')}{type_name}.{name}")
            return self._instances(kind, type_name, name, block)

        return _Found(find)

    def _variable(self, name: str, at: Position) -> Value:
        if name in self._inputs:
            return self._inputs[name]
        default = self._variables.get(name)
        if default is None or f"var.{name}" in self._given:
            return self.asked(f"var.{name}", at)
        return self._once(f"var.{name}", lambda: evaluate(default.tree, self._scope(default.at)))

    def _local(self, name: str, at: Position) -> Value:
        found = self._locals.get(name)
        if found is None:
            return self.asked(f"local.{name}", at)
        return self._once(f"local.{name}", lambda: evaluate(found.tree, self._scope(found.at)))

    def _once(self, key: str, make: Callable[[], Value]) -> Value:
        """Evaluate something when it is first asked for.

        Raises: ConfigError when it needs itself.
        """
        if key in self._known:
            return self._known[key]
        if key in self._underway:
            where = Position(str(self._folder), 1, 1, "")
            raise _circular(where, key)
        self._underway.add(key)
        try:
            self._known[key] = make()
        finally:
            self._underway.discard(key)
        return self._known[key]

    def asked(self, address: str, at: Position) -> Value:
        """Return what the operator has given for an address, or a text that stands for it."""
        address = f"{self.prefix}{address}"
        if address in self._given:
            return self._given[address]
        hint = f"give it with --set {address}=VALUE"
        self._declared.tell(MISSING, at, f"nothing here says what {address} is", hint)
        return f"${{input:{address}}}"

    # -- modules ----------------------------------------------------------------------------------

    def _called(self, name: str, at: Position | None = None) -> Value:
        block = self._calls.get(name)
        if block is None:
            assert at is not None
            return _Unknown(self, f"module.{name}")
        return self._once(
            f"module.{name}",
            lambda: self._repeated(block, lambda suffix, scope: self._call(block, suffix, scope)),
        )

    def _call(self, block: Block, suffix: str, scope: Scope) -> Value:
        name, attributes = block.labels[0], block.body.attributes
        source = evaluate(attributes["source"].tree, scope) if "source" in attributes else ""
        folder = self._folder / str(source)
        if not str(source).startswith(("./", "../")) or not folder.is_dir():
            self._declared.tell(
                MISSING, block.at, f"module {name}: there is no folder {source}", "add it"
            )
            return _Unknown(self, f"module.{name}{suffix}")
        if self._depth >= _DEEPEST:
            raise _circular(block.at, f"module.{name}")
        inputs = {
            key: evaluate(each.tree, scope)
            for key, each in attributes.items()
            if key not in _META | {"source", "version", "providers"}
        }
        prefix = f"{self.prefix}module.{name}{suffix}."
        return Module(
            folder,
            inputs=inputs,
            prefix=prefix,
            given=self._given,
            declared=self._declared,
            below=posixpath.normpath(posixpath.join(self._below, str(source))),
            depth=self._depth + 1,
        )

    def member(self, name: str, at: Position) -> Value:
        """Find an output."""
        found = self._outputs.get(name)
        if found is None:
            return self.asked(f"output.{name}", at)
        return self._once(f"output.{name}", lambda: evaluate(found.tree, self._scope(found.at)))


class Instance:
    """One instance of a resource or data block. A Namespace of its attributes."""

    def __init__(self, module: Module, block: Block, address: str, scope: Scope) -> None:
        self.address = address
        self._module = module
        self._block = block
        self._scope = scope.having({"self": self})
        self._known: dict[str, Value] = {}
        self._underway: set[str] = set()

    def member(self, name: str, at: Position) -> Value:
        """Find an attribute: said in the block, or what stands for a provider's."""
        body, key = self._block.body, (self._block.labels[0], name)
        made_up = MADE_UP.get(key)
        if name in body.attributes and key not in NOT_MADE:
            return self._attribute(name, body.attributes[name])
        blocks = _block_values(body, name, self._scope)
        if blocks:
            return blocks
        if made_up is not None:
            return made_up(self)
        if name == "id":
            return self.address
        if name == "arn":
            return f"arn:aws:{key[0]}:{REGION}:{ACCOUNT}:{self.address}"
        return self._module.asked(f"{self.address.removeprefix(self._module.prefix)}.{name}", at)

    def told(self, *names: str) -> Value:
        """Return the first of some attributes that the block has; its label where it has none."""
        for name in names:
            if name in self._block.body.attributes:
                return self.member(name, self._block.at)
        return self._block.labels[-1]

    def resource(self) -> Resource:
        """Evaluate everything."""
        type_name, name = self._block.labels[:2]
        body = self._block.body
        values = {
            key: self._attribute(key, each)
            for key, each in body.attributes.items()
            if key not in _META
        }
        kinds = {
            block.labels[0] if block.kind == "dynamic" else block.kind for block in body.blocks
        }
        for kind in sorted(kinds - _META):
            values[kind] = _block_values(body, kind, self._scope)
        at = self._block.at
        return Resource(type_name, name, self.address, values, at, str(self.member("id", at)))

    def _attribute(self, name: str, expression: Expression) -> Value:
        if name not in self._known:
            if name in self._underway:
                raise _circular(expression.at, f"{self.address}.{name}")
            self._underway.add(name)
            try:
                self._known[name] = evaluate(expression.tree, self._scope)
            finally:
                self._underway.discard(name)
        return self._known[name]


def _block_values(body: Body, kind: str, scope: Scope) -> list[dict[str, Value]]:
    """Evaluate the blocks of a kind inside a body, those that `dynamic` makes among them."""
    found = [_values(block.body, scope) for block in body.of(kind)]
    for dynamic in body.of("dynamic"):
        if dynamic.labels[0] != kind:
            continue
        attributes = dynamic.body.attributes
        over = evaluate(attributes["for_each"].tree, scope)
        pairs = over.items() if isinstance(over, dict) else enumerate(over)
        for content in dynamic.body.of("content"):
            for key, value in pairs:
                bound = {kind: _Members({"key": key, "value": value})}
                found.append(_values(content.body, scope.having(bound)))
    return found


def _values(body: Body, scope: Scope) -> dict[str, Value]:
    values = {name: evaluate(each.tree, scope) for name, each in body.attributes.items()}
    kinds = {block.labels[0] if block.kind == "dynamic" else block.kind for block in body.blocks}
    return values | {kind: _block_values(body, kind, scope) for kind in sorted(kinds)}


class _Members(dict[str, Value]):
    """A fixed set of members."""


class _Found:
    """Members that are looked for."""

    def __init__(self, find: Callable[[str, Position], Value]) -> None:
        self.member = find


class _Unknown:
    """Something that is not here, whose attributes are asked for."""

    def __init__(self, module: Module, address: str) -> None:
        self._module = module
        self._address = address

    def member(self, name: str, at: Position) -> Value:
        return self._module.asked(f"{self._address}.{name}", at)


def _several(made: Value) -> Iterator[Any]:
    """Go through what a block became: one, or a list or dict of them."""
    if isinstance(made, dict):
        yield from made.values()
    elif isinstance(made, list):
        yield from made
    else:
        yield made


def _circular(where: Position, address: str) -> ConfigError:
    return ConfigError((Finding("error", "terraform", where, f"{address} needs itself"),))
