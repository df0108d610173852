"""The entities of a home that the options and the cameras name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import (
    CONF_ALARM,
    CONF_ASLEEP,
    CONF_ENTITIES,
    CONF_FOLDER,
    CONF_RESIDENTS,
    CONF_VISITORS,
    DOMAIN,
    SECTION_HOME,
    SUBENTRY_CAMERA,
)
from .core.domain.placement import Placement
from .devices import camera_identifier
from .home_reports import LINKABLE_DOMAINS, kinds_of

# A light outdoors is no sign of anyone who is up.
_LIT: Final = {Placement.INDOORS, Placement.GARAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeEntities:
    """The configured entities; `linked` has the folders of their cameras, None for the whole home."""

    alarm: str | None
    residents: tuple[str, ...]
    asleep: tuple[str, ...]
    visitors: tuple[str, ...]
    linked: Mapping[str, frozenset[str] | None]

    @classmethod
    def of(cls, entry: ConfigEntry[Any]) -> Self:
        """Return those of an entry."""
        section = entry.options.get(SECTION_HOME, {})
        linked: dict[str, frozenset[str] | None] = {}
        for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
            folder = camera.data[CONF_FOLDER]
            for entity_id in camera.data.get(CONF_ENTITIES, ()):
                linked[entity_id] = (linked.get(entity_id) or frozenset()) | {folder}
        linked |= dict.fromkeys(section.get(CONF_ENTITIES, ()))
        return cls(
            alarm=section.get(CONF_ALARM),
            residents=tuple(section.get(CONF_RESIDENTS, ())),
            asleep=tuple(section.get(CONF_ASLEEP, ())),
            visitors=tuple(section.get(CONF_VISITORS, ())),
            linked=linked,
        )

    @property
    def all(self) -> frozenset[str]:
        """All entities."""
        alarm = () if self.alarm is None else (self.alarm,)
        return frozenset((*alarm, *self.residents, *self.asleep, *self.visitors, *self.linked))

    def reporters(self) -> Mapping[str, frozenset[str] | None]:
        """Return the entities whose changes are reported, each with its cameras."""
        whole = self.residents if self.alarm is None else (self.alarm, *self.residents)
        return {**self.linked, **dict.fromkeys(whole)}


def entities_near(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    camera: ConfigSubentry,
    placement: Placement | None,
) -> list[str]:
    """Return the entities in the area of a camera's device that may be linked to it."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    device = devices.async_get_device_by_identifier(
        camera_identifier(entry, camera), entry.entry_id
    )
    if device is None or device.area_id is None:
        return []
    in_area = [*er.async_entries_for_area(entities, device.area_id)]
    for other in dr.async_entries_for_area(devices, device.area_id):
        in_area += [
            each for each in er.async_entries_for_device(entities, other.id) if each.area_id is None
        ]
    domains = {*LINKABLE_DOMAINS} - (set() if placement in _LIT else {"light"})
    # Any button is a press, but few are a doorbell.
    domains -= {"button", "input_button"}
    return sorted(
        each.entity_id
        for each in in_area
        if each.domain in domains
        and each.platform != DOMAIN
        and kinds_of(hass.states.get(each.entity_id))
    )
