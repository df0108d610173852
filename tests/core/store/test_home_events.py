"""What the home reports counts for the events around it, by the time of their images."""

from datetime import timedelta

import pytest

from tests.core.store.conftest import Archive, at

# isort: split
from hsi_core.domain.context import (
    MAX_HOME_EVENTS,
    AlarmMode,
    Context,
    Home,
    HomeEvent,
    HomeEventKind,
    HomeReport,
    Occupancy,
)
from hsi_core.domain.models import Camera
from hsi_core.domain.placement import Placement
from hsi_core.events.judge import judge_event
from hsi_core.store import cameras, events, home_events, home_states
from hsi_core.store.engine import begin

UNLOCKED = HomeReport(
    kind=HomeEventKind.UNLOCKED, name="Front door (Ana)", cameras=frozenset({"front", "hall"})
)
ARRIVED = HomeReport(kind=HomeEventKind.ARRIVED, name="Ana")


async def report(archive: Archive, *reports: tuple[float, HomeReport]) -> None:
    async with begin(archive.engine) as connection:
        await home_events.add(connection, [(at(seconds), each) for seconds, each in reports])


async def contexts(archive: Archive) -> list[Context]:
    """Return what each event was judged by, as it is stored."""
    async with begin(archive.engine) as connection:
        return [await events.context_of(connection, event.id) for event in await archive.events()]


def seconds_and_kinds(context: Context) -> list[tuple[float, HomeEventKind, bool]]:
    return [
        ((each.at - at(0)).total_seconds(), each.kind, each.near) for each in context.home_events
    ]


async def test_an_event_counts_what_was_reported_around_it(archive: Archive) -> None:
    await report(archive, (-1801, ARRIVED), (-1800, ARRIVED), (-60, UNLOCKED), (301, ARRIVED))
    await archive.see(0)
    await archive.see(1, camera="yard")
    front, yard = await contexts(archive)
    assert front.home_events == (
        HomeEvent(at=at(-1800), kind=HomeEventKind.ARRIVED, name="Ana"),
        HomeEvent(at=at(-60), kind=HomeEventKind.UNLOCKED, name="Front door (Ana)"),
    )
    assert seconds_and_kinds(yard) == [
        (-60, HomeEventKind.UNLOCKED, False),  # of another camera
        (301, HomeEventKind.ARRIVED, True),
    ]


async def test_an_open_event_counts_what_is_reported_after_its_start(archive: Archive) -> None:
    await archive.see(0)
    await report(archive, (5, UNLOCKED))
    await archive.see(6)
    [context] = await contexts(archive)
    assert seconds_and_kinds(context) == [(5, HomeEventKind.UNLOCKED, True)]
    [event] = await archive.events()
    async with begin(archive.engine) as connection:
        await home_events.delete_before(connection, at(1000))
        judged = await judge_event(connection, event, context, archive.settings, as_stored=True)
    assert judged is not None
    assert judged.sheet.context.home_events == context.home_events


async def test_a_late_image_meets_the_home_of_its_time(archive: Archive) -> None:
    then = Home(
        armed=True,
        alarm=AlarmMode.ARMED_NIGHT,
        occupancy=Occupancy.ASLEEP,
        reported={
            "": frozenset({HomeEventKind.ARRIVED}),
            "front": frozenset({HomeEventKind.UNLOCKED, HomeEventKind.DOORBELL}),
            "yard": frozenset({HomeEventKind.OPENED}),
        },
    )
    async with begin(archive.engine) as connection:
        await cameras.register(
            connection, [Camera(folder="front", name="Hall", placement=Placement.GARAGE)]
        )
        await home_states.begin(connection, then, at(-100))
        await home_states.extend(connection, at(-100), at(100))
        await home_states.begin(connection, Home(armed=False), at(3000))
        assert await home_states.at(connection, at(0), hold=timedelta(0)) == then
    await report(archive, (-10, UNLOCKED), (2990, ARRIVED))
    await archive.see(3010)
    await archive.see(0)
    late, new = await contexts(archive)
    assert (late.alarm, late.occupancy) == (AlarmMode.ARMED_NIGHT, Occupancy.ASLEEP)
    assert late.placement is Placement.GARAGE
    assert late.reported == {
        HomeEventKind.ARRIVED,
        HomeEventKind.UNLOCKED,
        HomeEventKind.DOORBELL,
    }
    assert seconds_and_kinds(late) == [(-10, HomeEventKind.UNLOCKED, True)]
    assert (new.armed, new.alarm, new.occupancy) == (False, None, None)
    assert new.reported == set()
    assert seconds_and_kinds(new) == [(2990, HomeEventKind.ARRIVED, True)]


async def test_the_latest_of_many_reports_count(archive: Archive) -> None:
    await report(archive, *((-1000 + number, ARRIVED) for number in range(MAX_HOME_EVENTS + 2)))
    await archive.see(0)
    [context] = await contexts(archive)
    assert [each.at for each in context.home_events] == [
        at(-998 + number) for number in range(MAX_HOME_EVENTS)
    ]


async def test_a_report_that_is_written_twice_is_stored_once(archive: Archive) -> None:
    await report(archive, (0, UNLOCKED))
    await report(archive, (0, UNLOCKED))
    await archive.see(0)
    [context] = await contexts(archive)
    assert len(context.home_events) == 1


@pytest.mark.parametrize(
    ("name", "placement"), [("Back garden", Placement.OUTDOORS_PRIVATE), ("Cam 3", None)]
)
async def test_without_a_placement_the_cameras_name_suggests_it(
    archive: Archive, name: str, placement: Placement | None
) -> None:
    async with begin(archive.engine) as connection:
        await cameras.register(connection, [Camera(folder="front", name=name)])
    await archive.see(0)
    [context] = await contexts(archive)
    assert context.placement is placement
