"""A package's import graph, read from its source without running it."""

import ast
from collections.abc import Iterator, Mapping
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
            case ast.If(test=test) if _is_type_checking(test):
                yield from _walk(child, file, parent, at_import_time=False)
            case _:
                yield from _walk(child, file, parent, at_import_time=at_import_time)


def _is_type_checking(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
    return False


def _import(module: str, file: Path, line: int, at_import_time: bool) -> Import:
    return Import(module=module, file=file, line=line, at_import_time=at_import_time)


def _absolute(node: ast.ImportFrom, parent: str) -> str:
    if not node.level:
        return node.module or ""
    base = ".".join(parent.split(".")[: len(parent.split(".")) - node.level + 1])
    return f"{base}.{node.module}" if node.module else base


def own_imports(package_folder: Path, package: str) -> dict[str, tuple[Import, ...]]:
    """Return each module's imports of other modules of the package, wherever they are made.

    Imports inside functions and under TYPE_CHECKING count as well. `from .room import module`
    is an import of the module, not of the room's `__init__`.
    """
    files = {module_name(f, package_folder, package): f for f in package_folder.rglob("*.py")}
    graph: dict[str, tuple[Import, ...]] = {}
    for name, file in files.items():
        found = list(imports_of(file, package_folder, package))
        named = {each.module for each in found if each.module in files}
        graph[name] = tuple(
            each
            for each in found
            if each.module in named
            and each.module != name
            and not any(other.startswith(f"{each.module}.") for other in named)
        )
    return graph


def import_order(package_folder: Path, package: str) -> list[str]:
    """Return the package's modules so that each follows the modules that it imports.

    Raises graphlib.CycleError if two modules need each other, even through an import inside a
    function.
    """
    graph = {
        name: {each.module for each in found}
        for name, found in own_imports(package_folder, package).items()
    }
    return list(TopologicalSorter(graph).static_order())


def room_of(module: str, package: str) -> str:
    """Return the folder below the package, or the module itself if it lies in no folder."""
    return module.removeprefix(f"{package}.").partition(".")[0]


def broken_walls(
    package_folder: Path, package: str, may_import: Mapping[str, frozenset[str]]
) -> list[str]:
    """Return imports that cross a wall, as text; rooms that are not in the table have no walls."""
    return [
        f"{each.file.relative_to(package_folder)}:{each.line} imports {each.module}"
        for name, found in own_imports(package_folder, package).items()
        if (room := room_of(name, package)) in may_import
        for each in found
        if room_of(each.module, package) not in {room, *may_import[room]}
    ]
