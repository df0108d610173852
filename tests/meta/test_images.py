"""The container images contain what their server needs and nothing else."""

from fnmatch import fnmatch
from pathlib import Path
import re
import tomllib

import pytest

DOCKERFILES = ("addon/Dockerfile", "inference_server/Dockerfile")


def _instructions(dockerfile: Path) -> list[str]:
    """Return a line for each instruction, without comments."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def _last_stage(dockerfile: Path) -> list[str]:
    instructions = _instructions(dockerfile)
    starts = [number for number, line in enumerate(instructions) if line.startswith("FROM ")]
    return instructions[starts[-1] :]


def _copied(dockerfile: Path) -> list[str]:
    return [
        source
        for line in _instructions(dockerfile)
        if line.startswith("COPY ") and "--from=" not in line
        for source in line.split()[1:-1]
    ]


def _extras(dockerfile: Path) -> set[str]:
    installed = re.search(r'/src/inference_server\[(.+)\]"', dockerfile.read_text())
    assert installed is not None
    return set(installed[1].split(","))


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_every_copied_file_exists_and_is_in_the_build_context(root: Path, dockerfile: str) -> None:
    sent = [
        line[1:]
        for line in (root / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    sources = _copied(root / dockerfile)
    assert sources
    assert [source for source in sources if not (root / source).exists()] == []
    assert [
        source
        for source in sources
        if not any(source == kept or source.startswith(f"{kept}/") for kept in sent)
    ] == []


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_an_image_installs_existing_extras_and_none_under_the_agpl(
    root: Path, dockerfile: str
) -> None:
    project = tomllib.loads((root / "inference_server" / "pyproject.toml").read_text())
    extras = _extras(root / dockerfile)
    assert extras - set(project["project"]["optional-dependencies"]) == set()
    assert "ultralytics" not in extras


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_the_app_has_the_system_library_that_the_embedded_model_needs(
    root: Path, dockerfile: str
) -> None:
    packages = " ".join(_last_stage(root / dockerfile))
    assert ("libgomp1" in packages) == ("embedded" in _extras(root / dockerfile))


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_an_image_contains_no_build_tools(root: Path, dockerfile: str) -> None:
    stage = "\n".join(_last_stage(root / dockerfile))
    assert not re.search(r"\b(pip|uv|gcc|g\+\+|build-essential|git|curl)\b", stage)


def test_the_gpu_image_runs_as_a_user_that_owns_only_its_state(root: Path) -> None:
    stage = _last_stage(root / "inference_server" / "Dockerfile")
    assert "USER hsi" in stage
    assert "VOLUME /state" in stage
    assert any(
        "--uid 10001" in line and "install -d -o hsi -g hsi /state" in line for line in stage
    )


@pytest.mark.parametrize(
    "path",
    [
        "/usr/local/bin/python3.12",
        "/usr/local/lib/libpython3.12.so.1.0",
        "/opt/hsi/bin/python",
        "/opt/hsi/lib/python3.12/site-packages/torch/lib/libtorch_cpu.so",
        "/usr/lib/x86_64-linux-gnu/libgomp.so.1",
    ],
)
def test_the_app_may_map_its_programs_and_libraries(root: Path, path: str) -> None:
    rules = re.findall(
        r"^ +(/\S+) ([a-z]+),", (root / "addon" / "apparmor.txt").read_text(), re.MULTILINE
    )
    granted = "".join(rights for pattern, rights in rules if fnmatch(path, pattern))
    assert {"m", "r"} <= set(granted)


def test_the_apps_profile_does_not_name_itself(root: Path) -> None:
    """The Supervisor replaces the name, but only in the line that opens the profile."""
    text = (root / "addon" / "apparmor.txt").read_text()
    name = re.search(r"^profile (\S+)", text, re.MULTILINE)
    assert name is not None
    assert text.count(name[1]) == 1
