"""Reads a package's import graph from its source, without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module, absolute, and where it is imported."""

    module: str
    file: Path
    line: int
    at_import_time: bool  # outside functions and outside `if TYPE_CHECKING`


def module_name(file: Path, package_folder: Path, package: str) -> str:
    """Return the dotted name of a file of a package."""
    parts = file.relative_to(package_folder).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join((package, *parts))


def imports_of(file: Path, package_folder: Path, package: str) -> Iterator[Import]:
    """Yield every import in a file, relative ones made absolute."""
    name = module_name(file, package_folder, package)
    parent = name if file.name == "__init__.py" else name.rpartition(".")[0]
    yield from _walk(ast.parse(file.read_text()), file, parent, at_import_time=True)


def _walk(node: ast.AST, file: Path, parent: str, *, at_import_time: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield _import(alias.name, file, child.lineno, at_import_time)
            case ast.ImportFrom():
                base = _absolute(child, parent)
                yield _import(base, file, child.lineno, at_import_time)
                for alias in child.names:
                    yield _import(f"{base}.{alias.name}", file, child.lineno, at_import_time)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _walk(child, file, parent, at_import_time=False)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _walk(child, file, parent, at_import_time=False)
            case _:
                yield from _walk(child, file, parent, at_import_time=at_import_time)


def _import(module: str, file: Path, line: int, at_import_time: bool) -> Import:
    return Import(module=module, file=file, line=line, at_import_time=at_import_time)


def _absolute(node: ast.ImportFrom, parent: str) -> str:
    if not node.level:
        return node.module or ""
    base = ".".join(parent.split(".")[: len(parent.split(".")) - node.level + 1])
    return f"{base}.{node.module}" if node.module else base


def import_order(package_folder: Path, package: str) -> list[str]:
    """Return the package's modules so that each follows what it imports.

    Raises graphlib.CycleError when two modules need each other. A package that only gathers its
    own sub-modules is no circle: an edge runs to the module named, not to the packages above it.
    """
    files = {module_name(f, package_folder, package): f for f in package_folder.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        needed = set()
        found = [i.module for i in imports_of(file, package_folder, package) if i.at_import_time]
        for module in found:
            deeper = any(other.startswith(f"{module}.") for other in found if other in files)
            if module in files and module != name and not deeper:
                needed.add(module)
        graph[name] = needed
    return list(TopologicalSorter(graph).static_order())
