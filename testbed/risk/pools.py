"""The labelled scenes by author, and a cache of what takes long to make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import hashlib
from pathlib import Path
import pickle
from typing import Final, TypeVar

from testbed.risk.scenarios import Scenario, ScenarioError, read

ROOT: Final = Path(__file__).resolve().parents[2]
SCENARIOS: Final = ROOT / "tests/risk_scenarios"
CACHE: Final = ROOT / ".cache/risk"
CORE: Final = ROOT / "custom_components/home_security_intelligence/core"

T = TypeVar("T")

_OWN: Final = frozenset({"tuning", "held_out"})  # two sets by the author of the rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The scenes of one author."""

    author: str
    scenes: tuple[Scenario, ...]
    digest: str  # of the files and of the code that reads them


def read_pools(folder: Path = SCENARIOS) -> tuple[Pool, ...]:
    """Read the scenes below a folder by author; raises ScenarioError.

    A sub-folder `author_x` belongs to author x; `tuning` and `held_out` are one author, `own`.
    """
    files: dict[str, list[Path]] = {}
    for file in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml"))):
        name = file.relative_to(folder).parts[0] if file.parent != folder else folder.name
        author = "own" if name in _OWN else name.removeprefix("author_")
        files.setdefault(author, []).append(file)
    if not files:
        raise ScenarioError(f"there is no scenario in {folder}")
    return tuple(_pool(author, some) for author, some in sorted(files.items()))


def digest_of(files: Iterable[Path], *more: str) -> str:
    """Return a name for the content of files."""
    found = hashlib.sha256("\0".join(more).encode())
    for file in files:
        found.update(f"{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
    return found.hexdigest()[:24]


def cached(kind: str, digest: str, make: Callable[[], T]) -> T:
    """Return what was made before from the same content, or make and keep it."""
    file = CACHE / f"{kind}-{digest}.pickle"
    if file.exists():
        found: T = pickle.loads(file.read_bytes())  # noqa: S301 - written below, by this user
        return found
    made = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(".new")
    whole.write_bytes(pickle.dumps(made))
    whole.replace(file)
    return made


def _pool(author: str, files: list[Path]) -> Pool:
    code = [*sorted((CORE / "domain").glob("*.py")), *Path(__file__).parent.glob("[hps]*.py")]
    digest = digest_of((*files, *code))
    scenes = cached("scenes", digest, lambda: tuple(read(file) for file in files))
    return Pool(author=author, scenes=scenes, digest=digest)
