"""A second author's labels: what the second author reads, and how the two are compared."""

from pathlib import Path

import pytest

from testbed.risk.blind_labels import agreement, key_of, main, read_labels, scene_text
from testbed.risk.pools import SCENARIOS
from testbed.risk.scenarios import read_all


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("testbed.risk.pools.CACHE", tmp_path / "cache")
    target = tmp_path / "scenes/author_e"
    target.mkdir(parents=True)
    for file in sorted((SCENARIOS / "author_e").glob("*.yaml"))[:10]:
        (target / file.name).write_bytes(file.read_bytes())
    return tmp_path / "scenes"


def test_the_text_tells_what_is_known_and_not_what_the_author_thinks(pool: Path) -> None:
    for scene in read_all(pool):
        text = scene_text(scene)

        assert scene.id not in text
        assert scene.description not in text
        assert scene.camera in text
        assert all(event.name in text for event in scene.context.home_events)
        assert len(text.splitlines()) < 60


def test_labels_that_were_written_are_compared(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "blind"
    where = [str(folder), "--scenarios", str(pool)]
    assert main(["write", *where]) == 0
    keys = {key_of(scene): scene for scene in read_all(pool)}
    chosen = [
        line.split()[1] for line in (folder / "e.txt").read_text().splitlines() if "==" in line
    ]
    assert len(chosen) == 2
    labels = [
        f"{key} {min(keys[key].levels)} {'yes' if keys[key].incident else 'no'}" for key in chosen
    ]
    (folder / "e.labels").write_text("\n".join(["# made up", *labels]))

    assert main(["read", *where]) == 0

    assert "with home events: 2 scenes labelled twice\n  incident or not: same 1.00" in (
        capsys.readouterr().out
    )


def test_without_labels_there_is_nothing_to_compare(pool: Path, tmp_path: Path) -> None:
    assert main(["read", str(tmp_path), "--scenarios", str(pool)]) == 1


def test_kappa_counts_what_is_beyond_chance() -> None:
    assert agreement([0, 0, 1, 1], [0, 0, 1, 1], 2) == (1.0, 1.0)
    assert agreement([0, 0, 1, 1], [0, 1, 0, 1], 2) == (0.5, 0.0)


def test_a_label_that_is_neither_yes_nor_no_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "e.labels").write_text("abc high maybe")

    with pytest.raises(ValueError, match="neither yes nor no"):
        read_labels(tmp_path / "e.labels")
