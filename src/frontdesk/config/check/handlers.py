"""Finds what will hurt in the functions' Python source, by reading it: nothing is imported or run."""

import ast
from collections.abc import Iterator
from pathlib import Path as FilePath
from zipfile import BadZipFile
from zipfile import Path as ZipPath

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.models.function import FunctionVersion, Handler
from frontdesk.config.text import FileText, from_here
from frontdesk.config.tree import Path, dotted
from frontdesk.rules.concurrency import LATEST

_FunctionDef = (ast.FunctionDef, ast.AsyncFunctionDef)
_SHOWING = frozenset({"format_exc", "format_exception", "repr", "str"})
_MUTABLE = frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "dict", "list", "set"})
_MUTATORS = frozenset(
    [
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "setdefault",
        "sort",
        "update",
    ]
)


class _Source:
    """The module of one handler. code: None when the file is missing or no Python.

    path: where the handler is named. elsewhere: its module is not in `code`, and may be in a package.
    """

    def __init__(self, path: Path, handler: str, version: FunctionVersion) -> None:
        module, _, self.callable = handler.rpartition(".")
        *folders, name = module.replace("/", ".").split(".")
        self.path = path
        self.problem = ""
        self.code: ast.Module | None = None
        self.file: FilePath | None = None
        self.elsewhere = False
        try:
            if not version.code.exists():
                self.problem = f"no such folder or zip: {from_here(version.code)}"
                return
            folder = _opened(version.code).joinpath(*folders)
            places = [folder.joinpath(f"{name}.py"), folder.joinpath(name, "__init__.py")]
            found = next((place for place in places if place.is_file()), None)
            self.file = FilePath(str(found)) if found else None
            if found is None:
                self.elsewhere = True
                self.problem = f"no such file: {from_here(FilePath(str(places[0])))}"
                return
            self.code = ast.parse(found.read_bytes())
        except BadZipFile:
            self.problem = f"not readable as a zip: {from_here(version.code)}"
        except (SyntaxError, ValueError, OSError) as error:
            line = getattr(error, "lineno", None) or 1
            self.problem = (
                f"not readable as Python: {from_here(self.file or version.code)}, line {line}"
            )

    def position(self, node: ast.AST) -> Position:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
        where = from_here(self.file or FilePath())
        return Position(where, line, column, dotted(self.path))

    def defines(self, name: str) -> bool:
        """Tell whether the module binds `name` at its top, or may do so by a star import."""
        nodes = [node for top in (self.code.body if self.code else []) for node in ast.walk(top)]
        return any(
            (isinstance(node, (*_FunctionDef, ast.ClassDef)) and node.name == name)
            or (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store))
            or (isinstance(node, ast.alias) and (node.asname or node.name) in (name, "*"))
            for node in nodes
        )

    def reached(self) -> list[ast.AST]:
        """Collect the handler and the module's functions that it calls by name, directly or not."""
        functions = self._functions()
        waiting, found = [self.callable], dict[str, ast.AST]()
        while waiting:
            name = waiting.pop()
            if name in functions and name not in found:
                found[name] = functions[name]
                waiting += [n.id for n in ast.walk(functions[name]) if isinstance(n, ast.Name)]
        return list(found.values())

    def _functions(self) -> dict[str, ast.AST]:
        body = self.code.body if self.code else []
        return {node.name: node for node in body if isinstance(node, _FunctionDef)}


def _opened(code: FilePath) -> FilePath | ZipPath:
    """Enter a folder, or a zip of one. Raises: BadZipFile, OSError."""
    return ZipPath(code) if code.is_file() else code


def _versions(loaded: Loaded) -> Iterator[tuple[Path, FunctionVersion, Handler]]:
    """Yield place, settings and handler of each version that has something of its own to look at."""
    for name, function in loaded.config.local_functions.items():
        for number in (LATEST, *function.versions):
            at: Path = ("functions", name)
            if number != LATEST:
                at = (*at, "versions", number)
                if not {"handler", "code"} & function.versions[number].model_fields_set:
                    continue
            version = function.version(number)
            assert version.handler is not None
            yield (*at, "handler"), version, version.handler


def _sources(loaded: Loaded) -> Iterator[tuple[FunctionVersion, _Source]]:
    for at, version, handler in _versions(loaded):
        if handler.python is not None:
            yield version, _Source(at, handler.python, version)


def _missing_programs(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    for at, version, handler in _versions(loaded):
        if handler.command is not None and "/" in handler.command[0]:
            try:
                there = _opened(version.code).joinpath(handler.command[0]).is_file()
            except (BadZipFile, OSError):
                there = False
            if not there:
                yield loaded.tree.position(at), "its program is not there"


def unusable_handlers(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Handlers whose file or callable is not there. Packages and layers are not looked into."""
    for version, source in _sources(loaded):
        where = loaded.tree.position(source.path)
        if source.elsewhere and (version.requirements or version.layers):
            continue
        if _referenced(loaded, source.path) or _referenced(loaded, (*source.path[:-1], "code")):
            if source.problem or not source.defines(source.callable):
                yield where, "the file or its callable is not there, or is no Python"
        elif source.problem:
            yield where, source.problem
        elif not source.defines(source.callable):
            yield where, f"{from_here(source.file or FilePath())} defines no {source.callable}"
    yield from _missing_programs(loaded)


def _referenced(loaded: Loaded, path: Path) -> bool:
    """Tell whether a text came from a reference, and must not be shown."""
    text = loaded.tree.value_at(path)
    return isinstance(text, FileText) and text.referenced


def leaked_exceptions(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Answers made in an except clause from the exception's text or traceback."""
    for _, source in _sources(loaded):
        for function in source.reached():
            for clause in ast.walk(function):
                if isinstance(clause, ast.ExceptHandler):
                    for node in _leaks(clause):
                        yield source.position(node), "the answer shows the exception to the client"


def _leaks(clause: ast.ExceptHandler) -> Iterator[ast.Return]:
    nodes = [node for statement in clause.body for node in ast.walk(statement)]
    tainted = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _shows(node.value, clause.name, frozenset())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        match node:
            case ast.Return(value=ast.expr() as value) if _shows(
                value, clause.name, frozenset(tainted)
            ):
                yield node


def _shows(value: ast.expr, exception: str | None, tainted: frozenset[str]) -> bool:
    """Tell whether an expression holds the exception's text: str(e), f"{e}", e.args, a traceback."""
    for node in ast.walk(value):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if (
                name in _SHOWING
            ):
                if name.startswith("format_exc") or any(_is(arg, exception) for arg in args):
                    return True
            case ast.FormattedValue(value=inner) if _is(inner, exception):
                return True
            case ast.Attribute(value=inner, attr="args" | "message") if _is(inner, exception):
                return True
            case ast.Name(id=name) if name in tainted:
                return True
    return False


def _is(node: ast.expr, name: str | None) -> bool:
    return name is not None and isinstance(node, ast.Name) and node.id == name


def shared_state(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Module-level values that the handler changes: they outlive the call, but only in one process."""
    for _, source in _sources(loaded):
        shared = _module_state(source.code) if source.code else set()
        for function in source.reached():
            rebound, own = _names_bound(function)
            for node in ast.walk(function):
                if isinstance(node, ast.Global):
                    changed = rebound.intersection(node.names)
                else:
                    changed = (shared - own).intersection(_changed(node))
                for name in sorted(changed):
                    yield source.position(node), f"the handler changes module state: {name}"


def _names_bound(function: ast.AST) -> tuple[set[str], set[str]]:
    """Collect the names that a function binds: by `global` in its module, and of its own."""
    declared: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Global(names=names):
                declared.update(names)
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
    return bound & declared, bound - declared


def _module_state(code: ast.Module) -> set[str]:
    """Collect the names that the module binds to something that can change."""
    names = set()
    for node in code.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and _mutable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _mutable(value: ast.expr) -> bool:
    match value:
        case ast.Dict() | ast.List() | ast.Set() | ast.DictComp() | ast.ListComp() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _MUTABLE
    return False


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield the name whose value this one node changes in place."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)) if verb in _MUTATORS:
            yield name
