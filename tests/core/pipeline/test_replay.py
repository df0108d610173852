"""Replay of stored events with other levels, zones or models, up to the printed figures."""

import asyncio
from contextlib import nullcontext
from datetime import datetime, timedelta
import json
from pathlib import Path
import re
from uuid import UUID

import pytest

from testbed.risk.evaluation import main
from testbed.risk.judges import Answer
from testbed.risk.replay import outcomes
from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import BERLIN, RESTRICTED, House, Journal

# isort: split
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import AssessmentState, EventMark, EventState, MissedMoment, RiskLevel
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.zones import Zone, ZoneKind
from hsi_core.events.judge import JudgedEvent

TODAY = datetime.now(BERLIN)  # stays the same if midnight passes meanwhile
REPORTED = "true alarms and missed, reported"
FALSE = "false alarms, at medium or above"
DUMP = "SELECT events::text FROM hsi.events ORDER BY id"


def yesterday(hour: int, minute: int = 0) -> datetime:
    day = TODAY.replace(minute=minute, second=0, microsecond=0) - timedelta(days=1)
    return day.replace(hour=hour)


async def event_of(house: House, journal: Journal, path: str, at: datetime) -> UUID:
    """Upload a person close to the camera; return the event once it is assessed and closed."""
    house.upload(path, f"person 0.8 # {path}", at=at)
    found = await journal.until(
        lambda journal: [
            event.id
            for _, event in journal.events
            if event.started_at == at
            and event.state is EventState.CLOSED
            and event.assessment is AssessmentState.ASSESSED
        ]
    )
    return found[0]


@pytest.fixture
async def marked(house: House, postgres: Postgres) -> House:
    """Events marked as missed, false and true, and two missed moments, one with a person."""
    house.zones = {"front": (RESTRICTED,), "yard": (RESTRICTED,)}
    pipeline, journal = await house.run()
    by_day = await event_of(house, journal, "front/day.jpg", yesterday(12))
    nightly = await event_of(house, journal, "front/night.jpg", yesterday(1))
    in_yard = await event_of(house, journal, "yard/night.jpg", yesterday(3, 30))
    lost = await event_of(house, journal, "yard/lost.jpg", yesterday(4, 30))
    # As if an earlier version had detected no person.
    await asyncio.to_thread(
        postgres.execute,
        f"UPDATE hsi.images SET event_id = NULL WHERE event_id = '{lost}'; "
        f"DELETE FROM hsi.events WHERE id = '{lost}'",
        database="shared",
    )
    await pipeline.feedback.mark(by_day, EventMark.MISSED)
    await pipeline.feedback.mark(nightly, EventMark.FALSE_ALARM)
    await pipeline.feedback.mark(in_yard, EventMark.TRUE_ALARM)
    for at in (yesterday(4, 30), yesterday(18)):
        assert isinstance(await pipeline.feedback.mark_missed("yard", at), MissedMoment)
    assert (await pipeline.queries.list_events(EventQuery())).total == 3
    await pipeline.stop()
    return house


async def replayed(house: House, tmp_path: Path, *options: str) -> dict[str, dict[str, object]]:
    """Run the command; return its figures, before and after as counts, and the events by score."""
    file = tmp_path / "figures.json"
    arguments = ["--from-database", house.database_url, "--json", str(file), *options]
    assert await asyncio.to_thread(main, arguments) == 0
    written = json.loads(file.read_text())
    return {
        **{
            name: {when: (share["count"], share["of"]) for when, share in both.items()}
            for name, both in written["figures"].items()
        },
        "levels": {
            f"{each['camera']} {each['at'][11:16]}": each["after"]["level"]
            for each in written["events"]
        },
    }


async def test_a_replay_without_a_change_changes_and_writes_nothing(
    marked: House, postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = postgres.execute(DUMP, database="shared")

    found = await replayed(marked, tmp_path)

    assert postgres.execute(DUMP, database="shared") == before
    # The missed moment with a person is an event by now; the other one has no images.
    assert found[REPORTED] == {"before": (1, 4), "after": (2, 4)}
    assert found[FALSE] == {"before": (1, 1), "after": (1, 1)}
    printed = capsys.readouterr().out
    assert "3 events, 3 of them marked" in printed
    assert "2 moments marked as missed without an event" in printed
    assert printed.count("->") == 1  # the only one that has changed
    assert re.search(r"no score unassessed -> \d+ medium", printed)


async def test_other_levels_show_their_effect(marked: House, tmp_path: Path) -> None:
    for bounds, reported, false in (("1,2,85", 3, 1), ("98,99,100", 0, 0)):
        found = await replayed(marked, tmp_path, "--bands", bounds)
        assert found[REPORTED] == {"before": (1, 4), "after": (reported, 4)}
        assert found[FALSE] == {"before": (1, 1), "after": (false, 1)}
    found = await replayed(marked, tmp_path, "--days", "0.01")  # no event is that recent
    assert found["levels"] == {}


async def test_current_zones_show_their_effect(
    marked: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    marked.zones = {"front": (Zone(name="Street", kind=ZoneKind.SIDEWALK, polygon=whole),)}
    pipeline, _ = await marked.run()
    await pipeline.stop()

    assert (await replayed(marked, tmp_path))[FALSE]["after"] == (
        1,
        1,
    )  # with the zones of that time
    assert (await replayed(marked, tmp_path, "--todays-zones"))[FALSE]["after"] == (0, 1)
    assert "without restricted zone" in capsys.readouterr().out


async def test_a_model_is_asked_and_limited_as_in_the_pipeline(marked: House) -> None:
    async def levels(*, answer: int | None) -> list[RiskLevel | None]:
        """Return the levels with a model that always gives this score, or fails without one."""

        async def ask(event: JudgedEvent) -> Answer:
            return Answer(score=answer, calls=())

        found = await outcomes(
            marked.database_url,
            "ollama",
            LevelBounds(),
            since=None,
            todays_zones=False,
            connect_model=lambda backend: nullcontext(ask),
        )
        return [each.after[1] for each in found]

    by_rules = await outcomes(
        marked.database_url, "rules", LevelBounds(), since=None, todays_zones=False
    )
    expected = [each.after[1] for each in by_rules]
    assert await levels(answer=0) == expected
    assert await levels(answer=100) == expected
    assert set(await levels(answer=None)) == {None}


async def test_a_foreign_database_is_refused(
    empty_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(main, ["--from-database", empty_url]) == 2
    assert "no tables of this version" in capsys.readouterr().err
