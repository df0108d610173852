"""Base class of the entities of one inference server, and access to its state."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .bridge import server_url
from .const import SUBENTRY_SERVER
from .coordinator import HsiConfigEntry, HsiCoordinator
from .core.domain.inference import ServerHealth
from .core.domain.updates import ServerState
from .devices import server_device
from .entity import HsiHubEntity

type Server = ConfigSubentry | None  # None is the entry's first server


class HsiServerEntity(HsiHubEntity):
    """An entity of one inference server; the first server belongs to the hub's device."""

    def __init__(
        self, coordinator: HsiCoordinator, server: Server, description: EntityDescription
    ) -> None:
        """Attach the entity to the server's device."""
        super().__init__(coordinator, description)
        entry = coordinator.config_entry
        self._url = url_of(entry, server)
        if server is not None:
            self._attr_unique_id = f"{entry.entry_id}_{server.subentry_id}_{description.key}"
            self._attr_device_info = server_device(coordinator.hass, entry, server)

    @property
    def _server(self) -> ServerState | None:
        """Return the server's state as last seen."""
        return _state(self.coordinator, self._url)

    @property
    def _health(self) -> ServerHealth | None:
        """Return the server's health; None while it is unreachable."""
        return server_health(self.coordinator, self._url)


def servers(entry: HsiConfigEntry) -> tuple[Server, ...]:
    """Return all inference servers, the entry's first server first."""
    return None, *entry.get_subentries_of_type(SUBENTRY_SERVER)


def url_of(entry: HsiConfigEntry, server: Server) -> str:
    """Return the address that identifies the server in the health."""
    return server_url(entry.data if server is None else server.data)


def server_health(coordinator: HsiCoordinator, url: str) -> ServerHealth | None:
    """Return the health of the server at an address; None while it is unreachable."""
    state = _state(coordinator, url)
    return None if state is None or state.reachable is False else state.health


def async_add_to(
    server: Server, add: AddConfigEntryEntitiesCallback, entities: Iterable[Entity]
) -> None:
    """Add entities to the server's subentry, if it has one."""
    add(entities, config_subentry_id=None if server is None else server.subentry_id)


def _state(coordinator: HsiCoordinator, url: str) -> ServerState | None:
    states = coordinator.data.health.servers
    return next((state for state in states if state.url == url), None)
