"""Imports respect the layers of docs/architecture.md, and no file is too long."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta.imports import broken_walls, import_order, imports_of, own_imports, room_of

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

# Rooms of the core from the top down: each may import the rooms of lower rows, never its own row.
CORE_LAYERS = (
    ("__main__",),
    ("cli",),
    ("pipeline",),
    ("stages",),
    ("queue",),
    ("events", "files", "inference"),
    ("store",),
    ("risk", "watch"),
    ("aio",),
    ("domain",),
)

# Every room may import these modules at the top of the server.
SERVER_BASE = frozenset({"inference_server", "deadline", "errors", "identity", "settings"})
SERVER_ROOMS = {
    "api": frozenset({"assessment", "detection", "gpu", "http", "observability"}),
    "assessment": frozenset({"observability"}),
    "detection": frozenset({"gpu", "observability"}),
    "http": frozenset({"observability"}),
    "observability": frozenset({"gpu"}),
    "gpu": frozenset[str](),
}
SERVER_EXCEPTIONS = {
    # An image for a model meets the same limits as an image for the detector.
    "assessment/images.py": "inference_server.detection.decoding.limits",
    # A span is named by the route and the request id, which the error middleware defines.
    "observability/tracing.py": "inference_server.http.problems",
}
# Inside detection, a runtime or decoder knows nothing of the service that uses it.
DETECTION_ROOMS = {
    "runtimes": frozenset({"decoding"}),
    "decoding": frozenset[str](),
    "selection": frozenset({"runtimes", "decoding"}),
}
DETECTION_TOP = frozenset({"batch_queue", "engine", "service"})

TESTBED_ROOMS = {
    "demo": frozenset({"drawing", "services"}),
    "drawing": frozenset[str](),
    "fuzz": frozenset({"drawing", "services"}),
    "risk": frozenset({"core", "services"}),
    "services": frozenset({"core"}),
    "training": frozenset({"drawing"}),
}

MAX_LINES = 400
MEASURED = ("custom_components", "inference_server", "addon", "testbed", "benchmarks", "tests")


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


def core_walls() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each room of the core with the rooms that it may import."""
    for row, rooms in enumerate(CORE_LAYERS):
        lower = frozenset(room for below in CORE_LAYERS[row + 1 :] for room in below)
        for room in rooms:
            yield room, lower


def test_the_rooms_of_the_core_import_downwards_only(root: Path) -> None:
    core = root / INTEGRATION / "core"
    walls = dict(core_walls())

    unknown = {room_of(name, "core") for name in own_imports(core, "core")} - {"core", *walls}
    assert not unknown, "give new rooms a row in CORE_LAYERS"
    assert not broken_walls(core, "core", walls)


def test_the_core_imports_modules_and_not_packages(root: Path) -> None:
    core = root / INTEGRATION / "core"
    found = [
        f"{each.file.relative_to(root)}:{each.line} imports {each.module}"
        for imports in own_imports(core, "core").values()
        for each in imports
        if (core.parent / Path(*each.module.split("."))).is_dir()
    ]
    assert not found


def test_the_rooms_of_the_server_keep_their_walls(root: Path) -> None:
    server = root / "inference_server"
    walls = {room: allowed | SERVER_BASE for room, allowed in SERVER_ROOMS.items()}

    broken = broken_walls(server, "inference_server", walls)
    assert [each for each in broken if not is_excepted(each)] == []


def is_excepted(broken: str) -> bool:
    file = broken.partition(":")[0]
    module = broken.rpartition(" ")[2]
    allowed = SERVER_EXCEPTIONS.get(file)
    return allowed is not None and f"{module}.".startswith(f"{allowed}.")


def test_runtimes_and_decoders_know_nothing_of_the_service(root: Path) -> None:
    detection = root / "inference_server/detection"
    package = "inference_server.detection"
    modules = {room_of(name, package) for name in own_imports(detection, package)}
    below = frozenset(modules - DETECTION_TOP - set(DETECTION_ROOMS))
    walls = {room: allowed | below for room, allowed in DETECTION_ROOMS.items()}

    assert not broken_walls(detection, package, walls)


def test_the_rooms_of_the_testbed_keep_their_walls(root: Path) -> None:
    assert not broken_walls(root / "testbed", "testbed", TESTBED_ROOMS)


def test_no_file_is_too_long(root: Path) -> None:
    long = {
        str(file.relative_to(root)): lines
        for folder in MEASURED
        for file in python_files(root / folder)
        if (lines := len(file.read_text().splitlines())) > MAX_LINES
    }
    assert not long


@pytest.mark.parametrize(
    ("folder", "package"),
    [
        (INTEGRATION, "custom_components.home_security_intelligence"),
        (Path("inference_server"), "inference_server"),
        (Path("testbed"), "testbed"),
    ],
)
def test_imports_have_no_cycles(root: Path, folder: Path, package: str) -> None:
    assert import_order(root / folder, package)


@pytest.mark.parametrize(
    "back",
    [
        "from . import a\n",
        "def late() -> None:\n    from .a import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import thing\n",
    ],
)
def test_a_cycle_is_found(tmp_path: Path, back: str) -> None:
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "a.py").write_text("from .b import thing\n")
    (tmp_path / "b.py").write_text(back)
    with pytest.raises(ValueError, match="cycle"):
        import_order(tmp_path, "package")


def test_an_upward_import_is_found(tmp_path: Path) -> None:
    for room in ("high", "low"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("")
    (tmp_path / "high/a.py").write_text("from ..low.b import thing\n")
    (tmp_path / "low/b.py").write_text("def late() -> None:\n    from ..high import a\n")
    walls = {"high": frozenset({"low"}), "low": frozenset[str]()}

    assert broken_walls(tmp_path, "package", walls) == ["low/b.py:2 imports package.high.a"]
