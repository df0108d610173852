import hashlib
from pathlib import Path
import shutil
import subprocess

import pytest

SOURCES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts")
INSTALLED = ("package.json", "package-lock.json", ".npmrc")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def packages(root: Path) -> Path:
    """Return a folder with the locked packages, installed once for each lock."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("Node is not installed; version 20.19 or newer rebuilds the cards")
    lock = (root / "frontend/package-lock.json").read_bytes()
    folder = root / ".cache/frontend" / hashlib.sha256(lock).hexdigest()[:12]
    if not (folder / "node_modules/.package-lock.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in INSTALLED:
            shutil.copy(root / "frontend" / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def project(root: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the front end's project that can be built."""
    folder = tmp_path_factory.mktemp("project") / "frontend"
    shutil.copytree(root / "frontend/src", folder / "src")
    for name in SOURCES:
        shutil.copy(root / "frontend" / name, folder)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return folder
