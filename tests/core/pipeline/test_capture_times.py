"""Capture times that only many names of a camera tell."""

from datetime import UTC, datetime, timedelta

from tests.core.pipeline.harness import BERLIN, House


async def test_what_the_names_of_a_camera_mean_is_known_again_after_a_restart(house: House) -> None:
    def upload(taken: datetime, written: datetime, number: int) -> str:
        local = taken.astimezone(BERLIN)
        path = f"front/{local:%d-%m-%Y_%H.%M.%S}.jpg"
        return house.upload(path, f"person 0.8 #{number}", at=written)

    now = datetime.now(UTC).replace(microsecond=0)
    pipeline, journal = await house.run()
    for number in range(8):
        at = now - timedelta(minutes=10 * number)
        upload(at, at, number)
    await journal.ended(8)
    await pipeline.stop()

    taken = now - timedelta(hours=3)
    path = upload(taken, now - timedelta(minutes=5), 8)  # copied to the folder meanwhile
    _, journal = await house.run()

    assert (await journal.image(path)).captured_at == taken


async def test_an_image_counts_as_found_now_if_its_file_has_no_time(house: House) -> None:
    _, journal = await house.run()
    before = datetime.now(UTC)
    path = house.upload("front/a.jpg", at=datetime(1980, 1, 1, tzinfo=UTC))

    assert before <= (await journal.image(path)).captured_at <= datetime.now(UTC)
