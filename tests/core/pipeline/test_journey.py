"""The way of one image: from a file to its detections, its event and its assessment."""

from datetime import UTC, datetime, timedelta
from random import Random
import string

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.core.pipeline.harness import NOON_HERE, House
from tests.core.pipeline.recorded_home import recorded

# isort: split
from hsi_core.domain.context import Home, Occupancy
from hsi_core.domain.levels import LevelBounds
from hsi_core.domain.models import AssessmentState, EventState, FailureClass, ImageState, JobKind
from hsi_core.domain.presence import PresenceClass
from hsi_core.domain.queries import DeadLetterQuery, EventQuery
from hsi_core.domain.updates import EventPhase
from hsi_core.domain.zones import Zone, ZoneKind


async def test_files_from_the_future_count_as_found_now_and_are_logged_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    _, journal = await house.run(event_idle=0.5, time_zone=NOON_HERE.key)
    for number in range(3):
        house.upload(f"front/{number}.jpg", f"person 0.8 #{number}", age=number - 7200)
    house.upload("yard/a.jpg", "car 0.8", age=-20)  # within the clock skew of a share

    images = await journal.ended(4)
    assert max(image.captured_at for image in images) <= datetime.now(UTC)
    closed = await journal.event(EventPhase.EXPLAINED)  # and not only in two hours
    assert closed.ended_at is not None
    [logged] = [record.getMessage() for record in caplog.records if "ahead" in record.getMessage()]
    assert "camera front are dated" in logged


async def test_a_person_becomes_an_event_with_a_risk(house: House) -> None:
    pipeline, journal = await house.run(event_idle=0.5, time_zone=NOON_HERE.key)
    taken = datetime.now(UTC)
    house.upload("front/a.jpg", "person 0.8\ncar 0.6", at=taken)

    image = await journal.image("front/a.jpg")
    assert image.state is ImageState.DETECTED
    assert [seen.label for seen in image.detections] == ["person", "car"]
    assert abs(image.captured_at - taken) < timedelta(milliseconds=1)

    opened = await journal.event(EventPhase.DETECTED)
    assert (opened.camera, opened.state) == ("front", EventState.OPEN)
    assert opened.labels == ("car", "person")
    assert opened.best_image_id == image.id

    assessed = await journal.event(EventPhase.EXPLAINED)
    assert assessed.id == opened.id
    assert assessed.state is EventState.CLOSED
    rules = house.server.assessed[0]["rules"]
    assert assessed.provisional_score == rules["score"]
    assert assessed.risk_score == rules["high"]
    assert assessed.risk_level is LevelBounds().level_of(rules["score"])
    assert sum(factor.points for factor in assessed.factors) == assessed.risk_score
    assert (assessed.factors[0].name, assessed.factors[-1].name) == (
        "close to the camera",
        "language model",
    )
    assert not assessed.late
    by = assessed.assessed_by
    assert by
    assert (by.model, by.model_digest, by.prompt_version) == ("nemotron-3-nano:4b", "b1c2", "1")
    assert (by.prompt_tokens, by.completion_tokens) == (300, 60)
    assert (by.load_ms, by.prefill_ms, by.generate_ms, by.total_ms) == (None, 20.0, 600.0, 640.0)
    assert by.tokens_per_second == 100.0
    assert await pipeline.queries.get_event(opened.id) == assessed
    assert [i.id for i in await pipeline.queries.event_images(opened.id)] == [image.id]

    facts = house.server.assessed[0]
    assert facts["camera"] == "Front"
    local = datetime.fromisoformat(str(facts["started_at"]))
    assert local.utcoffset() == NOON_HERE.utcoffset(taken)


async def test_damage_of_a_file_that_can_be_shown_is_stored_with_its_image(house: House) -> None:
    house.server.damaged = "Corrupt JPEG data: 12 extraneous bytes before marker 0xd1"
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.8")

    image = await journal.image("front/a.jpg")
    assert (image.state, image.damaged) == (ImageState.DETECTED, house.server.damaged)
    opened = await journal.event(EventPhase.DETECTED)
    assert [i.damaged for i in await pipeline.queries.event_images(opened.id)] == [image.damaged]
    assert await pipeline.queries.image_damage([image.id, 99]) == {image.id: image.damaged}


@pytest.mark.parametrize("score", [0, 100])
async def test_a_language_model_cannot_change_the_level(house: House, score: int) -> None:
    house.server.score = score
    _, journal = await house.run(event_idle=30.0)
    house.upload("front/a.jpg", "person 0.95")

    assessed = await journal.event(EventPhase.EXPLAINED)

    rules = house.server.assessed[0]["rules"]
    assert assessed.risk_score == (rules["high"] if score else rules["low"])
    assert assessed.risk_level is LevelBounds().level_of(rules["score"])
    assert sum(factor.points for factor in assessed.factors) == assessed.risk_score


async def test_zones_alarm_and_occupancy_count(house: House, engine: AsyncEngine) -> None:
    everywhere = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    roof = Zone(name="Roof", kind=ZoneKind.RESTRICTED, polygon=everywhere)

    house.zones = {"front": (roof,)}
    house.home = Home(armed=True, occupancy=Occupancy.AWAY)
    _, journal = await house.run(event_idle=30.0)
    await recorded(engine, house.home)
    house.upload("front/a.jpg", "person 0.95")

    assessed = await journal.event(EventPhase.EXPLAINED)

    points = {factor.name: factor.points for factor in assessed.factors}
    assert points.keys() >= {"restricted zone", "home empty"}
    sent = house.server.assessed[0]
    assert (sent["armed"], sent["occupancy"]) == (True, "away")
    assert sent["objects"][0]["zones"] == ["restricted"]


async def test_an_image_without_watched_objects_opens_no_event(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "chair 0.9")
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    assert (await pipeline.queries.list_events(EventQuery())).total == 0


async def test_the_same_content_is_skipped(house: House) -> None:
    _, journal = await house.run()
    house.upload("front/a.jpg", "person 0.8", age=10)
    await journal.image("front/a.jpg")
    house.upload("front/b.jpg", "person 0.8")
    house.upload("yard/b.jpg", "person 0.8")
    again = await journal.image("front/b.jpg")
    assert (again.state, again.reason) == (ImageState.SKIPPED, "duplicate")
    assert (await journal.image("yard/b.jpg")).state is ImageState.DETECTED


async def test_a_file_with_a_long_path_or_an_ancient_date_is_processed(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    letters = Random(1).choices(string.ascii_letters, k=3000)
    folders = "/".join("".join(letters[start : start + 200]) for start in range(0, 3000, 200))
    (house.root / "front" / folders).mkdir(parents=True)
    pipeline, journal = await house.run(rescan_interval=0.1)
    paths = [
        house.upload(f"front/{folders}/a.jpg", "person 0.8"),
        house.upload("yard/a.jpg", "person 0.8", age=400 * 365 * 86_400),
    ]
    for path in paths:
        image = await journal.image(path)
        assert image.state is ImageState.DETECTED
        assert (await pipeline.queries.read_image(image.id)).content == b"person 0.8"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("path", ["front/a.jpg", "front/2026/b.jpg"])
async def test_a_camera_that_sends_its_files_again_makes_no_second_event(
    house: House, path: str
) -> None:
    """After a restart of the camera, or because its FTP client sets the time after the upload."""
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.8", age=100_000)
    assert (await journal.image("front/a.jpg")).state is ImageState.DETECTED
    (house.root / path).parent.mkdir(exist_ok=True)
    house.upload(path, "person 0.8")
    again = (await journal.ended(2))[-1]
    assert (again.path, again.state, again.reason) == (path, ImageState.SKIPPED, "duplicate")
    assert (await pipeline.queries.list_events(EventQuery())).total == 1


async def test_the_same_content_at_the_same_time_is_processed_once(house: House) -> None:
    for number in range(6):
        house.upload(f"front/{number}.jpg", "person 0.8", age=5)
    _, journal = await house.run(detect_concurrency=6)
    states = [image.state for image in await journal.ended(6)]
    assert states.count(ImageState.DETECTED) == 1
    assert states.count(ImageState.SKIPPED) == 5


async def test_a_broken_image_is_a_dead_letter_with_its_reason(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "broken 0.8")
    image = await journal.image("front/a.jpg")
    assert image.state is ImageState.DEAD
    assert image.reason
    assert "invalid_image" in image.reason
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert (letter.kind, letter.failure) == (JobKind.DETECT, FailureClass.INPUT)
    assert (letter.error_type, letter.attempts) == ("invalid_image", 0)
    assert letter.image_path == "front/a.jpg"
    assert house.server.detected.total() == 1


async def test_a_file_that_is_too_large_is_not_sent(house: House) -> None:
    house.upload("front/large.jpg", "person 0.8 #" + "x" * 2000)
    _, journal = await house.run(max_image_bytes=1000)
    large = await journal.image("front/large.jpg")
    assert large.state is ImageState.DEAD
    assert large.reason == "the file has more than 1000 bytes"
    assert not house.server.detected


async def test_a_deleted_file_is_a_dead_letter_with_its_reason(house: House) -> None:
    house.server.detect_gate.clear()
    house.upload("front/a.jpg", "car 0.7", age=60)
    house.upload("front/b.jpg", "car 0.8", age=50)
    pipeline, journal = await house.run(detect_concurrency=1)
    await house.server.requested.wait()
    await journal.depth(2)
    waiting = "front/a.jpg" if b"car 0.8" in house.server.detected else "front/b.jpg"
    (house.root / waiting).unlink()
    house.server.detect_gate.set()
    gone = await journal.image(waiting)
    assert gone.state is ImageState.DEAD
    assert gone.reason == "the file was deleted before it was processed"
    [letter] = (await pipeline.queries.list_dead_letters(DeadLetterQuery())).items
    assert (letter.failure, letter.error_type) == (FailureClass.INPUT, "file_gone")


async def test_a_file_from_before_the_start_is_processed(house: House) -> None:
    house.upload("front/old.jpg", "car 0.7", age=3600)
    _, journal = await house.run()
    assert (await journal.image("front/old.jpg")).state is ImageState.DETECTED
    # A backlog groups as it happened: the event is over as soon as its image is processed.
    event = await journal.event(EventPhase.EXPLAINED)
    assert event.state is EventState.CLOSED
    assert event.ended_at is not None
    assert datetime.now(UTC) - event.ended_at > timedelta(minutes=59)


async def test_a_live_event_is_closed_as_soon_as_it_is_due(house: House) -> None:
    # The regular checks are after five and ten seconds; the event is due in between.
    _, journal = await house.run(poll_interval=5.0, event_idle=6.0, event_window=60.0)
    house.upload("front/a.jpg", "car 0.7")
    event = await journal.event(EventPhase.DETECTED)
    await journal.until(lambda j: [e for _, e in j.events if e.state is EventState.CLOSED])
    late = datetime.now(UTC) - (event.last_activity_at + timedelta(seconds=6))
    assert timedelta() <= late < timedelta(seconds=3)


async def test_live_images_are_processed_before_a_backlog(house: House) -> None:
    house.server.detect_gate.clear()
    for number in range(5):
        house.upload(f"yard/{number}.jpg", f"car 0.7 #{number}", age=3600 - number)
    _, journal = await house.run(detect_concurrency=1)
    await house.server.requested.wait()
    house.upload("front/now.jpg", "person 0.8")
    await journal.depth(6)
    house.server.detect_gate.set()
    order = [image.path for image in await journal.ended(6)]
    assert order.index("front/now.jpg") == 1
    assert order[2:] == sorted(order[2:])


async def test_the_state_of_a_camera_is_read_from_the_database(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.95")
    image = await journal.image("front/a.jpg")
    await journal.event(EventPhase.EXPLAINED)
    state = await pipeline.queries.camera_state("front")
    assert state.camera.name == "Front"
    assert state.latest_image == image
    assert state.last_event is not None
    assert state.last_event.assessment is AssessmentState.ASSESSED
    assert state.last_event_image == image
    assert state.present_until == {PresenceClass.PERSON: image.captured_at + timedelta(seconds=30)}
    file = await pipeline.queries.read_image(image.id)
    assert (file.content, file.content_type) == (b"person 0.95", "image/jpeg")


async def test_a_person_is_not_present_after_the_hold_time(house: House) -> None:
    pipeline, journal = await house.run()
    house.upload("front/a.jpg", "person 0.95", age=60)
    image = await journal.image("front/a.jpg")
    state = await pipeline.queries.camera_state("front")
    assert (state.latest_image, state.present_until) == (image, {})
