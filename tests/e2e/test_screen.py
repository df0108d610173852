from pathlib import Path

from testbed.demo import dashboard
from testbed.demo.image_tracker import ImageTracker
from testbed.drawing import scenes
from testbed.services.screenshot import visit
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site, final_states

SETTINGS = "/config/integrations/integration/home_security_intelligence"
EXPECTED = ("Front door", "Driveway", "Risk score", "Risk level", "Person", "Dead letters", "Queue")


async def test_the_dashboard_shows_cameras_risk_and_dead_letters(
    site: Site,
    installation: Installation,
    uploader: Uploader,
    tracker: ImageTracker,
    tmp_path: Path,
) -> None:
    client = site.home.client
    for camera in installation.entities.cameras:
        scene = scenes.draw(5, lighting="day", labels=("car", "person"))
        uploader.in_pieces(camera, "for-the-dashboard.jpg", scenes.jpeg(scene))
        await final_states(tracker, f"{camera}/for-the-dashboard.jpg")
    await dashboard.install(client, installation.entities)
    async with visit(client.url, client.token, f"/{dashboard.URL_PATH}") as seen:
        for text in EXPECTED:
            await seen.wait_for_text(text)
        await seen.wait_until_drawn()
        await seen.save(tmp_path / "dashboard.png")
    assert seen.complaints == []
    assert (tmp_path / "dashboard.png").stat().st_size > 100_000


async def test_the_settings_show_the_integration(site: Site, installation: Installation) -> None:
    client = site.home.client
    async with visit(client.url, client.token, SETTINGS) as seen:
        for text in ("Add camera", "Front door", "Driveway"):
            await seen.wait_for_text(text)
    assert seen.complaints == []
