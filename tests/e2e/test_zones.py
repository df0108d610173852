"""Zones are entered in a real Home Assistant's form, and drawn by a real browser."""

from base64 import b64encode

from testbed.demo.image_tracker import ImageTracker
from testbed.drawing import scenes
from testbed.services.screenshot import visit
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site, final_states

CAMERA = "driveway"
LIMIT = 120  # seconds
PORCH = {"name": "Porch", "kind": "entry_point", "corners": "0.5 0, 1 1"}
# The displayed colours in the middle of the image's halves.
COLOURS = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = new OffscreenCanvas(100, 100);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 100, 100);
  return [25, 75].map((x) => [...context.getImageData(x, 55, 1, 1).data]);
}"""


async def drawing(site: Site, entity_id: str) -> str:
    """Return the entity's image as a data URL."""
    states = await site.home.client.wait_for(
        lambda states: states[entity_id].state not in {"unknown", "unavailable"}, limit=LIMIT
    )
    shown = await site.home.client.image(str(states[entity_id].attributes["entity_picture"]))
    assert shown.startswith(b"<svg")
    return "data:image/svg+xml;base64," + b64encode(shown).decode()


async def test_zones_are_entered_and_drawn(
    site: Site, installation: Installation, uploader: Uploader, tracker: ImageTracker
) -> None:
    client = site.home.client
    scene = scenes.draw(31, size=(1280, 720), lighting="day", labels=("person",))
    uploader.by_rename(CAMERA, "for-the-zones.jpg", scenes.jpeg(scene))
    await final_states(tracker, f"{CAMERA}/for-the-zones.jpg")
    parts = await client.subentries(installation.entry_id)
    (camera,) = (part for part in parts if part.unique_id == CAMERA)
    entity_id = installation.entities.cameras[CAMERA].ids["zones"]
    plain = await drawing(site, entity_id)

    form = await client.start_subentry_change(installation.entry_id, "camera", camera.subentry_id)
    answers = {"name": camera.title, "zones": [PORCH | {"corners": "50 0, 100 100"}]}
    refused = await client.continue_subentry_flow(form.flow_id, answers)
    assert refused.errors == {"zones": "outside_picture"}
    async with client.until_reloaded(installation.entry_id):
        done = await client.continue_subentry_flow(form.flow_id, answers | {"zones": [PORCH]})
    assert done.reason == "reconfigure_successful"
    marked = await drawing(site, entity_id)

    async with visit(client.url, client.token, "/profile") as seen:
        before, after = [await seen.page.evaluate(COLOURS, each) for each in (plain, marked)]
    assert max(before[0][:3]) > 0  # the photo is there
    assert after[0] == before[0]
    assert after[1] != before[1]  # the zone is on the right
