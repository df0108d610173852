"""Find the integration's entities by unique id, because their entity ids can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from testbed.services.home_assistant_client import HomeAssistantClient

DOMAIN = "home_security_intelligence"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEntities:
    """One camera's title and its entity ids by key."""

    title: str
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """The ids of enabled entities: the hub's by key, and those of each camera by its folder."""

    hub: Mapping[str, str]
    cameras: Mapping[str, CameraEntities]

    @property
    def all_ids(self) -> tuple[str, ...]:
        """Every entity id."""
        cameras = (
            entity_id for camera in self.cameras.values() for entity_id in camera.ids.values()
        )
        return (*self.hub.values(), *cameras)


async def find(client: HomeAssistantClient, entry_id: str) -> Entities:
    """Find the entities in Home Assistant's registry."""
    registered = [entity for entity in await client.entities(DOMAIN) if entity.enabled]
    cameras = {}
    for subentry in await client.subentries(entry_id):
        prefix = f"{entry_id}_{subentry.subentry_id}_"
        cameras[str(subentry.unique_id)] = CameraEntities(
            title=subentry.title,
            ids={
                entity.unique_id.removeprefix(prefix): entity.entity_id
                for entity in registered
                if entity.unique_id.startswith(prefix)
            },
        )
    hub = {
        entity.unique_id.removeprefix(f"{entry_id}_"): entity.entity_id
        for entity in registered
        if entity.subentry_id is None
    }
    return Entities(hub=hub, cameras=cameras)
