"""The walls of docs/architecture.md stand where it says."""

from pathlib import Path

import pytest

from tests.meta.imports import import_order, imports_of

INTEGRATION = Path("custom_components/home_security_intelligence")
HEAVY = {
    "PIL",
    "llama_cpp",
    "numpy",
    "ollama",
    "onnxruntime",
    "openvino",
    "pynvml",
    "simplejpeg",
    "torch",
    "transformers",
    "ultralytics",
    "xllamacpp",
}


def top(module: str) -> str:
    return module.partition(".")[0]


def python_files(folder: Path) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"nothing to check in {folder}"
    return files


def test_core_knows_nothing_of_home_assistant(root: Path) -> None:
    core = root / INTEGRATION / "core"
    found = [
        f"{i.file.relative_to(root)}:{i.line} imports {i.module}"
        for file in python_files(core)
        for i in imports_of(file, core, "core")
        if top(i.module) in {"homeassistant", "voluptuous", "custom_components"}
    ]
    assert not found


def test_core_imports_stay_inside_the_core(root: Path) -> None:
    core = root / INTEGRATION / "core"
    found = [
        f"{i.file.relative_to(root)}:{i.line} imports {i.module or 'from above the core'}"
        for file in python_files(core)
        for i in imports_of(file, core, "core")
        if top(i.module) in {"", "inference_server", "testbed", "tests"}
    ]
    assert not found


def test_glue_leaves_database_and_file_system_events_to_the_core(root: Path) -> None:
    glue = root / INTEGRATION
    found = [
        f"{i.file.relative_to(root)}:{i.line} imports {i.module}"
        for file in python_files(glue)
        if "core" not in file.relative_to(glue).parts
        for i in imports_of(file, glue, "glue")
        if top(i.module) in {"sqlalchemy", "asyncpg", "asyncinotify", "alembic"}
    ]
    assert not found


def test_server_imports_nothing_heavy_at_import_time(root: Path) -> None:
    """Heavy packages are imported inside functions, or by modules that only those import."""
    server = root / "inference_server"
    light = {"__main__.py", "app.py", "settings.py", "errors.py", "identity.py"}
    entry = [f for f in python_files(server) if f.name in light or f.parent.name in {"api", "http"}]
    found = [
        f"{i.file.relative_to(root)}:{i.line} imports {i.module}"
        for file in entry
        for i in imports_of(file, server, "inference_server")
        if i.at_import_time and top(i.module) in HEAVY
    ]
    assert not found


def test_server_knows_no_database_and_no_home_assistant(root: Path) -> None:
    server = root / "inference_server"
    found = [
        f"{i.file.relative_to(root)}:{i.line} imports {i.module}"
        for file in python_files(server)
        for i in imports_of(file, server, "inference_server")
        if top(i.module) in {"homeassistant", "sqlalchemy", "asyncpg", "custom_components"}
    ]
    assert not found


@pytest.mark.parametrize(
    ("folder", "package"),
    [
        (INTEGRATION, "custom_components.home_security_intelligence"),
        (Path("inference_server"), "inference_server"),
        (Path("testbed"), "testbed"),
    ],
)
def test_imports_have_no_circles(root: Path, folder: Path, package: str) -> None:
    assert import_order(root / folder, package)


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "a.py").write_text("from .b import thing\n")
    (tmp_path / "b.py").write_text("from . import a\n")
    with pytest.raises(ValueError, match="cycle"):
        import_order(tmp_path, "package")
