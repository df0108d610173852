"""The risk assessment on labelled scenarios, and the figures that are made of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
import json
from pathlib import Path
import random

import pytest

from testbed.risk.evaluation import SCENARIOS, main
from testbed.risk.judges import Answer, Ask, judged
from testbed.risk.measures import Call, Result, Share, measure
from testbed.risk.ordering import measure_ordering
from testbed.risk.scenarios import Scenario, ScenarioError, read, read_all

# isort: split
from hsi_core.domain.context import Occupancy
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import RiskLevel
from hsi_core.events.judge import JudgedEvent

RECALL, FALSE_ALARMS = 0.70, 0.05  # what the weights have to reach on these two sets
SETS = ("tuning", "held_out")
Say = Callable[[bool], int]  # given whether it is an incident

SCENARIO = """
id: visitor
description: A person is at the door.
camera:
  name: Front
  zones:
    - {name: Roof, kind: restricted, polygon: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}
context: {timezone: Europe/Berlin, armed: true, occupancy: away, usual: {person: 0.02}}
images:
  - at: 2026-11-21T02:15:10
    detections:
      - {label: person, confidence: 0.9, box: [0.4, 0.2, 0.6, 0.9]}
  - at: 2026-11-21T01:15:00Z
    detections: []
others:
  - {camera: Yard, at: "2026-11-21T02:14:00+01:00", label: person}
expected: {kind: incident, levels: [high, critical]}
"""


def call(failure: str | None = None, seconds: float = 1.0) -> Call:
    return Call(seconds=seconds, prompt_tokens=600, completion_tokens=70, failure=failure)


@cache
def scenarios(name: str) -> tuple[Scenario, ...]:
    return read_all(SCENARIOS / name)


async def results(name: str, say: Say | None = None) -> list[Result]:
    """Judge a set by the rules, or with a scripted model that may depend on the true kind."""

    def model_of(scenario: Scenario) -> Ask | None:
        if say is None:
            return None

        async def ask(event: JudgedEvent) -> Answer:
            return Answer(score=say(scenario.incident), calls=(call(),))

        return ask

    return [
        await judged(scenario, model_of(scenario), LevelBounds()) for scenario in scenarios(name)
    ]


@pytest.mark.parametrize("name", SETS)
async def test_the_rules_alone_catch_incidents_and_raise_few_false_alarms(name: str) -> None:
    found = measure(await results(name))

    assert found.recall.of + found.false_alarms.of >= 100
    assert found.recall.value is not None
    assert found.false_alarms.value is not None
    assert found.recall.value >= RECALL
    assert found.false_alarms.value <= FALSE_ALARMS


CHANCE = random.Random(7)


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(lambda incident: 0 if incident else 100, id="knows the truth and says else"),
        pytest.param(lambda _: 0, id="always 0"),
        pytest.param(lambda _: 100, id="always 100"),
        pytest.param(lambda _: CHANCE.randint(0, 100), id="anything"),
    ],
)
async def test_no_model_makes_it_worse_than_the_rules(say: Say) -> None:
    alone = measure(await results("held_out"))
    misled = measure(await results("held_out", say))

    assert misled.recall == alone.recall
    assert misled.false_alarms == alone.false_alarms
    assert misled.agreement == alone.agreement


def test_half_of_the_scenarios_are_incidents_and_each_tells_its_story() -> None:
    every = [scenario for name in SETS for scenario in scenarios(name)]

    assert len(every) >= 150
    assert 0.4 <= sum(scenario.incident for scenario in every) / len(every) <= 0.6
    assert len({scenario.id for scenario in every}) == len(every)
    assert all(scenario.description for scenario in every)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "visitor.yaml"
    path.write_text(SCENARIO)
    return path


def test_a_scenario_is_read_whole(file: Path) -> None:
    scenario = read(file)

    assert (scenario.id, scenario.camera, scenario.incident) == ("visitor", "Front", True)
    assert scenario.levels == {RiskLevel.HIGH, RiskLevel.CRITICAL}
    assert (scenario.context.armed, scenario.context.occupancy) == (True, Occupancy.AWAY)
    assert scenario.context.usual == {"person": 0.02}
    first, second = scenario.images
    assert not first.detections  # sorted by time, not by the order in the file
    assert (second.captured_at - first.captured_at).total_seconds() == 10
    assert (scenario.context.elsewhere[0].at - first.captured_at).total_seconds() == -60


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("kind: restricted", "kind: moat"),
        ("kind: incident", "kind: maybe"),
        ("levels: [high, critical]", "levels: []"),
        ("levels: [high, critical]", "levels: [awful]"),
        ("confidence: 0.9", "confidence: sure"),
        ("box: [0.4, 0.2, 0.6, 0.9]", "box: [0.4, 0.2]"),
        ("timezone: Europe/Berlin", "timezone: Middle/Earth"),
        ("id: visitor", "name: visitor"),
        ("images:", "images: ["),
    ],
)
def test_an_invalid_scenario_is_an_error_with_its_name(file: Path, part: str, broken: str) -> None:
    assert part in SCENARIO
    file.write_text(SCENARIO.replace(part, broken))

    with pytest.raises(ScenarioError, match=r"visitor\.yaml"):
        read(file)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0), (10, 20, 0.299, 0.701), (1, 100, 0.002, 0.054)],
)
def test_intervals_are_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert Share(count=count, of=of).interval == pytest.approx((low, high), abs=0.001)


def test_a_share_of_nothing_is_unknown() -> None:
    assert (Share(count=0, of=0).value, Share(count=0, of=0).interval) == (None, None)


def test_failures_are_counted_by_kind(file: Path) -> None:
    calls = (
        call(),
        call("assessor_invalid_output"),
        call("assessor_truncated"),
        replace(call(), note_refused=True),
        call("timeout", 9.0),
    )
    found = measure(
        [
            Result(
                scenario=read(file),
                score=59,
                level=RiskLevel.MEDIUM,
                factors=(),
                calls=calls,
                unassessed=True,
            )
        ]
    )

    assert found.recall == Share(count=0, of=1)
    assert found.schema_failures == Share(count=2, of=5)
    assert found.notes_refused == Share(count=1, of=2)
    assert found.other_failures == Share(count=1, of=5)
    assert found.unassessed == Share(count=1, of=1)
    assert (found.prompt_tokens, found.slowest_seconds) == (600, 9.0)


def result_of(scenario: Scenario, score: int, *, incident: bool, points: float) -> Result:
    return Result(
        scenario=replace(scenario, incident=incident),
        score=score,
        level=RiskLevel.MEDIUM,
        factors=(),
        suggested_points=points,
    )


@pytest.mark.parametrize(
    ("direction", "model", "is_better"), [(1, 1.0, True), (0, 0.5, False), (-1, 0.0, False)]
)
def test_suggested_points_are_better_if_they_order_incidents_first(
    file: Path, direction: int, model: float, is_better: bool
) -> None:
    scenario = read(file)
    results = [
        result_of(scenario, 40, incident=incident, points=direction * (5 if incident else -5))
        for incident in (True, False)
        for _ in range(10)
    ]

    found = measure_ordering(results)

    assert found is not None
    assert (found.pairs, found.rules, found.model) == (100, 0.5, model)
    assert found.better is is_better


def test_without_pairs_within_a_level_there_is_no_order(file: Path) -> None:
    assert measure_ordering([result_of(read(file), 40, incident=True, points=0)]) is None


@pytest.mark.parametrize(("unassessed", "told"), [(False, 1), (True, 0)])
def test_an_incident_without_a_score_is_caught_by_the_rules_and_not_reported(
    file: Path, unassessed: bool, told: int
) -> None:
    found = measure(
        [
            Result(
                scenario=read(file),
                score=70,
                level=RiskLevel.HIGH,
                factors=(),
                unassessed=unassessed,
            )
        ]
    )

    assert found.recall == Share(count=1, of=1)
    assert found.told == Share(count=told, of=1)


def test_the_command_prints_figures_and_writes_them(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = file.parent / "figures.json"

    assert main(["--scenarios", str(file.parent), "--json", str(written)]) == 0

    assert "1.000 (1 of 1; 95 %: 0.207-1.000)" in capsys.readouterr().out
    figures = json.loads(written.read_text())["sets"][file.parent.name]
    assert figures["recall"] == {
        "count": 1,
        "of": 1,
        "share": 1.0,
        "interval_95": pytest.approx([0.207, 1.0], abs=0.001),
    }
    assert figures["scenarios"][0]["level"] in {"high", "critical"}
    assert figures["schema_failures"]["of"] == 0


def test_a_folder_without_scenarios_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--scenarios", str(tmp_path)]) == 2
    assert "there is no scenario" in capsys.readouterr().err
