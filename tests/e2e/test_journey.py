from typing import cast

from testbed.demo import events
from testbed.demo.entities import DOMAIN
from testbed.demo.image_tracker import ImageTracker
from testbed.demo.scenario import FinalState
from testbed.services.home_assistant_client import HomeAssistantClient, JsonObject, States
from testbed.services.uploader import Uploader
from tests.e2e.parts import Installation, Site, final_states, settled, until

CAMERA = "front_door"
LIMIT = 120  # seconds; the language model is slow on a busy machine


async def dead_letters(client: HomeAssistantClient) -> list[JsonObject]:
    """Return the dead letters of the front door."""
    response = await client.perform(DOMAIN, "list_dead_letters", {"camera": CAMERA})
    return cast("list[JsonObject]", response["dead_letters"])


async def test_an_image_becomes_an_alert_at_once_and_words_later(
    site: Site, installation: Installation, uploader: Uploader, tracker: ImageTracker, image: bytes
) -> None:
    ids = installation.entities.cameras[CAMERA].ids
    client = site.home.client
    uploader.in_pieces(CAMERA, "visitor.jpg", image)

    await client.wait_for(lambda states: states[ids["person"]].state == "on", limit=LIMIT)
    await client.wait_for(lambda states: states[ids["alert"]].state != "unknown", limit=LIMIT)
    await settled(site.database_url)  # its words follow when it is over

    (event,) = await events.look_up(client)
    states = await client.wait_for(
        lambda states: states[ids["risk_score"]].state == str(event.risk_score), limit=LIMIT
    )
    alert, activity = (states[ids[key]].attributes for key in ("alert", "activity"))
    assert "person" in event.labels
    assert alert["event_id"] == activity["event_id"] == event.id
    assert alert["event_type"] == event.risk_level == states[ids["risk_level"]].state
    assert alert["phase"] == "detected"
    assert activity["event_type"] in {"closed", "explained"}
    assert await client.image(str(alert["image_url"])) == image
    assert await final_states(tracker, "front_door/visitor.jpg") == [FinalState.DETECTED]


async def test_the_camera_and_the_event_show_the_image_as_uploaded(
    site: Site, installation: Installation, image: bytes
) -> None:
    ids = installation.entities.cameras[CAMERA].ids
    states = await site.home.client.states()
    for entity_id in (ids["latest_image"], ids["last_event"]):
        shown = str(states[entity_id].attributes["entity_picture"])
        assert await site.home.client.image(shown) == image


async def test_a_duplicate_image_is_skipped(
    installation: Installation, uploader: Uploader, tracker: ImageTracker, image: bytes
) -> None:
    uploader.by_rename(CAMERA, "visitor-again.jpg", image)
    assert await final_states(tracker, "front_door/visitor-again.jpg") == [FinalState.SKIPPED]


async def test_dead_letters_are_listed_requeued_and_discarded(
    site: Site, installation: Installation, uploader: Uploader, image: bytes
) -> None:
    client = site.home.client
    counter = installation.entities.hub["dead_letters"]

    def shows(count: int, states: States) -> bool:
        return states[counter].state == str(count)

    uploader.broken_off(CAMERA, "cut-short.jpg", image)
    uploader.no_image("driveway", "greeting.jpg")
    await client.wait_for(lambda states: shows(2, states), limit=LIMIT)

    (letter,) = await dead_letters(client)
    assert (letter["image_path"], letter["failure"]) == ("front_door/cut-short.jpg", "input")

    selection = {"job_ids": [letter["job_id"]]}
    requeued = await client.perform(DOMAIN, "requeue_dead_letters", selection)
    assert requeued == {"requeued": 1, "refused": 0, "refusal": None}

    async def is_back() -> bool:
        return [again["requeues"] for again in await dead_letters(client)] == [1]

    # The image is still incomplete, so it becomes a dead letter again.
    await until(client, is_back, limit=LIMIT)

    discarded = await client.perform(DOMAIN, "discard_dead_letters", {"all": True})
    assert discarded == {"discarded": 2}
    await client.wait_for(lambda states: shows(0, states), limit=LIMIT)


async def test_events_are_listed_by_filter(site: Site, installation: Installation) -> None:
    client = site.home.client
    for query, found in (
        ({"camera": CAMERA, "label": "person"}, 1),
        ({"camera": "driveway"}, 0),
        ({"label": "dog"}, 0),
        ({"min_score": 0}, 1),
    ):
        response = await client.perform(DOMAIN, "list_events", query)
        assert response["total"] == found, query


async def test_reloading_and_disabling_lose_nothing(site: Site, installation: Installation) -> None:
    client = site.home.client
    ids = installation.entities.cameras[CAMERA].ids
    kept = [ids[key] for key in ("latest_image", "risk_score", "risk_level", "last_activity")]
    before = await client.states()

    async with client.until_reloaded(installation.entry_id):
        await client.reload_entry(installation.entry_id)
    after = await client.states()
    assert {key: after[key].state for key in kept} == {key: before[key].state for key in kept}

    await client.disable_entry(installation.entry_id, disabled=True)
    assert await client.entry_state(installation.entry_id) == "not_loaded"
    async with client.until_reloaded(installation.entry_id):
        await client.disable_entry(installation.entry_id, disabled=False)
    after = await client.states()
    assert {key: after[key].state for key in kept} == {key: before[key].state for key in kept}
