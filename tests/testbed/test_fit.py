"""Fitting the weights of the evidence, and judging each author by the others' weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from testbed.risk.calibration import bins_of, error_of
from testbed.risk.cross_authors import leave_one_author_out
from testbed.risk.evaluation import main
from testbed.risk.events import moments, sheets
from testbed.risk.evidence_table import Table
from testbed.risk.fit import main as fit_main, weights_text
from testbed.risk.fit_model import Model, best_of, data_of, fit_model
from testbed.risk.import_scenes import main as import_main
from testbed.risk.live_measures import (
    against_expected,
    area_under_curve,
    fired,
    recall_at,
    threshold,
)
from testbed.risk.logistic import fit
from testbed.risk.pools import SCENARIOS, cached, read_pools
from testbed.risk.scale import Scale
from testbed.risk.scenarios import Scenario, read
from testbed.risk.variants import VARIANTS

# isort: split
from hsi_core.domain.context import Context, HomeEvent, HomeEventKind
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import RiskLevel

SCENE = SCENARIOS / "author_e/e-ifood-order-2140.yaml"


def scene_of(number: int, *, incident: bool, levels: Sequence[RiskLevel] = ()) -> Scenario:
    usual = (RiskLevel.HIGH,) if incident else (RiskLevel.LOW,)
    return Scenario(
        id=str(number),
        description="",
        camera="door",
        context=Context(time_zone=UTC),
        images=(),
        incident=incident,
        levels=frozenset(levels or usual),
    )


def table_of(
    rows: Sequence[tuple[int, Mapping[str, float]]],
    incident: Sequence[bool],
    authors: Sequence[str] | None = None,
) -> Table:
    """Return a table with rows of (scene, evidence)."""
    names = tuple(sorted({name for _, evidence in rows for name in evidence}))
    scene = np.array([number for number, _ in rows])
    image = np.array([sum(s == n for n, _ in rows[:k]) for k, (s, _) in enumerate(rows)])
    return Table(
        names=names,
        strengths=np.array([[evidence.get(name, 0.0) for name in names] for _, evidence in rows]),
        scene=scene,
        event=scene,
        images=image + 1,
        seconds=image.astype(np.float64),
        score=np.zeros(len(rows)),
        scenes=tuple(scene_of(n, incident=each) for n, each in enumerate(incident)),
        authors=tuple(authors or ["x"] * len(incident)),
    )


def test_the_loss_is_least_where_its_slope_is_zero() -> None:
    chance = np.random.default_rng(1)
    rows = np.hstack([chance.random((300, 4)), np.ones((300, 1))])
    target = (chance.random(300) < 1 / (1 + np.exp(-rows @ [2.0, -1.0, 0.0, 1.0, -1.0]))) * 1.0
    penalty = np.array([0.5, 0.5, 0.5, 0.5, 0.0])
    prior = np.array([0.0, 0.5, -0.5, 1.0, 0.0])
    unlimited = np.full(5, np.inf)

    found = fit(
        rows,
        target,
        weight=np.ones(300),
        penalty=penalty,
        lower=-unlimited,
        upper=unlimited,
        prior=prior,
    )

    slope = rows.T @ (1 / (1 + np.exp(-rows @ found)) - target) + 2 * penalty * (found - prior)
    assert np.abs(slope).max() < 0.02


def test_a_weight_keeps_the_sign_that_common_sense_gives_it() -> None:
    incident = [True] * 10 + [False] * 10
    rows = [(n, {"excuse": 1.0} if n < 10 else {"suspicious": 1.0}) for n in range(20)]
    data = data_of([table_of(rows, incident)])
    every = np.ones(20, dtype=bool)

    free = fit_model(data, every, {}, 1.0)
    bound = fit_model(data, every, {"excuse": -1, "suspicious": 1}, 1.0)

    assert free.weights["excuse"] > 0 > free.weights["suspicious"]
    assert not bound.weights


def test_a_scene_is_fitted_by_its_worst_moment() -> None:
    # Both kinds end alike; only an incident's second image shows the evidence.
    incident = [n % 2 == 0 for n in range(20)]
    rows: list[tuple[int, dict[str, float]]] = []
    for n in range(20):
        rows += [(n, {"at rest": 1.0}), (n, {"climbs": 1.0} if incident[n] else {"at rest": 1.0})]
        rows.append((n, {"at rest": 1.0}))
    data = data_of([table_of(rows, incident)])

    model = fit_model(data, np.ones(20, dtype=bool), {"climbs": 1, "at rest": 0}, 0.3)

    assert area_under_curve(best_of(data, model), data.target.astype(np.int64)) == 1.0
    assert model.weights["climbs"] > 1


def test_weights_for_an_author_know_nothing_of_that_author() -> None:
    rows = [(n, {"a": 1.0} if n % 5 else {"b": 1.0}) for n in range(30)]
    incident = [n % 5 > 1 for n in range(30)]
    authors = ["x", "y", "z"] * 10
    table = table_of(rows, incident, authors)
    turned = replace(
        table,
        scenes=tuple(
            replace(scene, incident=not scene.incident) if author == "y" else scene
            for scene, author in zip(table.scenes, authors, strict=True)
        ),
    )

    before = leave_one_author_out([table], {}, 1.0)
    after = leave_one_author_out([turned], {}, 1.0)

    assert before.models["y"] == after.models["y"]
    assert before.models["x"] != after.models["x"]
    judged = before.log_odds(table)
    assert judged[1] == pytest.approx(before.models["y"].log_odds(table)[1])


def test_recall_is_counted_above_the_bound_that_few_benign_scenes_exceed() -> None:
    benign = np.arange(20).astype(np.float64)
    incident = np.array([17.0, 18.0, 18.5, 30.0])
    scores = np.concatenate([benign, incident])
    label = np.array([0] * 20 + [1] * 4)

    assert threshold(benign, 0.05) == 18.0  # only 19 is above
    assert recall_at(scores, label, 0.05) == 0.5
    assert recall_at(scores, label, 0.0) == 0.25
    assert area_under_curve(np.array([1.0, 1.0]), np.array([0, 1])) == 0.5


def test_a_benign_scene_that_may_be_medium_counts_from_high_on() -> None:
    scenes = [
        scene_of(0, incident=False),
        scene_of(1, incident=False, levels=[RiskLevel.LOW, RiskLevel.MEDIUM]),
        scene_of(2, incident=True),
    ]

    found = against_expected(np.array([40.0, 59.0, 70.0]), scenes, LevelBounds())

    assert found.tolist() == [40.0, 29.0, 70.0]


def test_an_alarm_counts_by_the_highest_level_with_its_delay_and_its_correction() -> None:
    table = table_of([(0, {}), (0, {}), (0, {}), (1, {}), (1, {})], [True, False])

    found = fired(table, np.array([10.0, 65.0, 20.0, 10.0, 29.0]), LevelBounds())

    assert (found.at_level.count, found.above.count, found.false_alarms.count) == (1, 0, 0)
    assert (found.seconds, found.images) == (1.0, 2.0)
    assert found.corrections == 50.0  # one of two events rose and sank again


def test_moments_end_with_the_facts_of_the_closed_event() -> None:
    scene = read(SCENE)
    by_event = {each.event: each.sheet for each in moments(scene)}

    (last,), (closed,) = by_event.values(), sheets(scene)

    assert last.objects == closed.objects
    assert last.object_changes == closed.object_changes
    assert last.image_count == closed.image_count


def test_an_image_does_not_know_what_the_home_reports_later() -> None:
    scene = read(SCENE)
    middle = scene.images[len(scene.images) // 2].captured_at
    later = HomeEvent(at=middle + timedelta(milliseconds=1), kind=HomeEventKind.UNLOCKED)
    scene = replace(scene, context=replace(scene.context, home_events=(later,)))

    known = {each.at: bool(each.sheet.context.home_events) for each in moments(scene)}

    assert {at: at > middle for at in known} == known


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_variant_knows_no_more_than_the_scene(variant: str) -> None:
    scene = read(SCENE)

    changed = VARIANTS[variant](scene)

    assert (changed.id, changed.incident, changed.levels) == (
        scene.id,
        scene.incident,
        scene.levels,
    )
    assert len(changed.images) <= len(scene.images)
    assert set(changed.context.home_events) <= set(scene.context.home_events)
    same = {"everything", "labels of the default weights", "without usual rates"}
    assert (changed == scene) is (variant in same)


def test_the_same_scenes_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testbed.risk.pools.CACHE", tmp_path / "cache")

    assert cached("some", "a", lambda: "first") == "first"
    assert cached("some", "b", lambda: "second") == "second"
    assert cached("some", "a", lambda: "third") == "first"


def test_own_sets_are_one_author_and_each_folder_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("testbed.risk.pools.CACHE", tmp_path / "cache")
    text = SCENE.read_text()
    for name in ("tuning", "held_out", "author_q"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        (tmp_path / "scenes" / name / "one.yaml").write_text(text)

    pools = read_pools(tmp_path / "scenes")

    assert {each.author: len(each.scenes) for each in pools} == {"own": 2, "q": 1}


def test_the_weights_are_written_as_a_module_in_points() -> None:
    model = Model(base=-2.0, weights={"night": 1.0, "short visit": -0.5})
    scale = Scale(medium=0.0, high=1.5)  # 20 points a unit
    module: dict[str, object] = {}

    exec(weights_text(model, scale, {"scenes": 3, "date": "2026-12-01"}), module)

    assert module["BASE"] == -10.0
    assert module["WEIGHTS"] == {"night": 20.0, "short visit": -10.0}
    assert module["PROVENANCE"] == {"scenes": 3, "date": "2026-12-01"}


@pytest.fixture
def two_authors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("testbed.risk.pools.CACHE", tmp_path / "cache")
    for name in ("author_c", "author_e"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        for file in sorted((SCENARIOS / name).glob("*.yaml"))[:6]:
            (tmp_path / "scenes" / name / file.name).write_bytes(file.read_bytes())
    return tmp_path / "scenes"


def test_the_command_judges_each_author_by_the_others(
    two_authors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "curve.svg"

    assert main(["--scenarios", str(two_authors), "--authors", "--svg", str(drawn)]) == 0

    text = capsys.readouterr().out
    for part in ("By kind", "By available context", "Calibration", "Judged most wrongly"):
        assert part in text
    assert "\n  c             6" in text
    assert ET.parse(drawn).getroot().tag.endswith("svg")


def test_the_command_fits_and_writes_the_weights(
    two_authors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "weights.py"

    options = ["--scenarios", str(two_authors), "--output", str(written), "--penalty", "1"]
    assert fit_main([*options, "--weights", "--misses", "1"]) == 0

    module: dict[str, object] = {}
    exec(written.read_text(), module)
    assert module["WEIGHTS"]
    assert f"to {written}" in capsys.readouterr().out
    assert fit_main(["--scenarios", str(tmp_path / "none")]) == 2


def test_bins_compare_the_predicted_with_the_true_share() -> None:
    odds = np.concatenate([np.full(50, -20.0), np.full(50, 20.0)])

    good = bins_of(odds, np.array([0] * 50 + [1] * 50))
    bad = bins_of(odds, np.array([1] * 50 + [0] * 50))

    assert error_of(good) == pytest.approx(0, abs=1e-6)
    assert error_of(bad) == pytest.approx(1)


RAW = """
id: x-visitor
rationale: 'A visitor: nothing more.'
source: life
camera: {name: front, placement: outdoors_public, zones: []}
context: {timezone: Europe/Berlin, armed: unknown, occupancy: home, home: [
  {at: "2026-11-21T02:15:01", what: doorbell pressed, where: front}]}
history:
  - {at: "2026-11-21T02:05:00", detections: []}
images:
  - {at: "2026-11-21T02:15:00", detections: [{label: person, confidence: 0.9, box: [0.4, 0.2, 0.6, 0.9]}]}
expected: {incident: INCIDENT, level: LEVEL, reason: 'Just so.'}
tags: [day]
"""


@pytest.mark.parametrize(
    ("incident", "level", "levels"),
    [
        ("true", "medium", {"medium", "high"}),
        ("true", "high", {"high", "critical"}),
        ("true", "critical", {"critical"}),
        ("false", "low", {"low"}),
        ("false", "medium", {"low", "medium"}),
    ],
)
def test_an_authors_scene_becomes_one_of_the_pool(
    tmp_path: Path, incident: str, level: str, levels: set[str]
) -> None:
    (tmp_path / "x-visitor.yaml").write_text(
        RAW.replace("INCIDENT", incident).replace("LEVEL", level)
    )

    assert import_main([str(tmp_path), "x", "--into", str(tmp_path / "pool")]) == 0

    scene = read(tmp_path / "pool/author_x/x-visitor.yaml")
    assert scene.incident is (incident == "true")
    assert {str(each) for each in scene.levels} == levels
    assert [len(image.detections) for image in scene.images] == [0, 1]  # the history comes first
    assert scene.context.home_events[0].kind is HomeEventKind.DOORBELL
    assert scene.tags == ("day",)
    assert scene.context.armed is None


@pytest.mark.parametrize(("incident", "level"), [("true", "low"), ("false", "critical")])
def test_a_contradictory_scene_is_refused(
    tmp_path: Path, incident: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.yaml").write_text(RAW.replace("INCIDENT", incident).replace("LEVEL", level))

    assert import_main([str(tmp_path), "x", "--into", str(tmp_path / "pool")]) == 1
    assert "x.yaml: ValueError" in capsys.readouterr().err
