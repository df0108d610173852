"""What the sensors of one part of an inference server share, such as its GPU."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..coordinator import HsiConfigEntry
from ..core.domain.inference import ServerHealth
from ..server_entity import HsiServerEntity, Server, async_add_to, server_health, servers, url_of


@dataclass(frozen=True, kw_only=True)
class HsiServerPartSensorDescription[Part](SensorEntityDescription):
    """A figure of the part; None while unknown."""

    value_fn: Callable[[Part], float | None]


class HsiServerPartSensor[Part](HsiServerEntity, SensorEntity):
    """Show a figure of the part; unavailable while the server does not report the part."""

    entity_description: HsiServerPartSensorDescription[Part]

    @staticmethod
    @abstractmethod
    def part_of(health: ServerHealth) -> Part | None:
        """Return the part; None if the server has none."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the server reports the part now."""
        return super().available and self._part is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the figure."""
        part = self._part
        return None if part is None else self.entity_description.value_fn(part)

    @property
    def _part(self) -> Part | None:
        health = self._health
        return None if health is None else self.part_of(health)


@callback
def async_add_part_sensors[Part](
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    sensor: type[HsiServerPartSensor[Part]],
    reported: Callable[[Part], Iterable[HsiServerPartSensorDescription[Part]]],
) -> None:
    """Add each server's sensors once; `reported` says which ones a part has figures for."""
    for server in servers(entry):
        _async_add_server_sensors(server, entry, async_add_entities, sensor, reported)


@callback
def _async_add_server_sensors[Part](
    server: Server,
    entry: HsiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    sensor: type[HsiServerPartSensor[Part]],
    reported: Callable[[Part], Iterable[HsiServerPartSensorDescription[Part]]],
) -> None:
    coordinator = entry.runtime_data
    url = url_of(entry, server)
    added: set[str] = set()

    @callback
    def add() -> None:
        health = server_health(coordinator, url)
        part = None if health is None else sensor.part_of(health)
        if part is None:
            return
        new = [description for description in reported(part) if description.key not in added]
        added.update(description.key for description in new)
        async_add_to(
            server,
            async_add_entities,
            [sensor(coordinator, server, description) for description in new],
        )

    add()
    entry.async_on_unload(coordinator.async_add_listener(add))
