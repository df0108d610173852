import os
import signal

from testbed.demo.image_tracker import ImageTracker
from testbed.demo.scenario import FinalState
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site, draw_distinct_images, final_states, settled

LIMIT = 120  # seconds
CAMERA = "driveway"
WAITING = ("1.jpg", "2.jpg", "3.jpg")
WHILE_DOWN = ("4.jpg", "5.jpg")


async def test_images_that_wait_or_arrive_during_a_restart_are_detected(
    site: Site, installation: Installation, uploader: Uploader, tracker: ImageTracker
) -> None:
    queue_depth = installation.entities.hub["queue_depth"]
    await settled(site.database_url)  # no words of an earlier event wait beside the images
    images = iter(draw_distinct_images(5))
    os.kill(site.server.pid, signal.SIGSTOP)
    try:
        for name in WAITING:
            uploader.in_pieces(CAMERA, name, next(images))
        await site.home.client.wait_for(
            lambda states: states[queue_depth].state == str(len(WAITING)), limit=LIMIT
        )
        await site.home.stop()
        uploader.in_pieces(CAMERA, WHILE_DOWN[0], next(images))
        uploader.by_rename(CAMERA, WHILE_DOWN[1], next(images))
    finally:
        os.kill(site.server.pid, signal.SIGCONT)
    await site.home.start()

    ends = await final_states(tracker, *(f"{CAMERA}/{name}" for name in (*WAITING, *WHILE_DOWN)))
    assert ends == [FinalState.DETECTED] * 5
    await site.home.client.wait_for(lambda states: states[queue_depth].state == "0", limit=LIMIT)
