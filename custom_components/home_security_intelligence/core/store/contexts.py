"""The JSON in which an event's context and a camera's zones are stored."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from ..domain.context import Context, Occupancy
from ..domain.zones import Zone, ZoneKind


class ZoneJson(TypedDict):
    """A stored zone."""

    name: str
    kind: str
    polygon: list[list[float]]


class ContextJson(TypedDict):
    """A stored context; a missing value is unknown."""

    time_zone: NotRequired[str]
    zones: NotRequired[list[ZoneJson]]
    armed: NotRequired[bool | None]
    occupancy: NotRequired[str | None]
    usual: NotRequired[Mapping[str, float]]


def context_json(context: Context) -> ContextJson:
    """Return the JSON of a context, without other cameras' events, which are stored themselves."""
    return {
        "time_zone": str(context.time_zone),
        "zones": zones_json(context.zones),
        "armed": context.armed,
        "occupancy": None if context.occupancy is None else context.occupancy.value,
        "usual": dict(context.usual),
    }


def context_from(stored: ContextJson) -> Context:
    """Return the context stored as JSON."""
    occupancy = stored.get("occupancy")
    return Context(
        time_zone=ZoneInfo(stored.get("time_zone", "UTC")),
        zones=zones_from(stored.get("zones", ())),
        armed=stored.get("armed"),
        occupancy=None if occupancy is None else Occupancy(occupancy),
        usual=stored.get("usual", {}),
    )


def zones_json(zones: Sequence[Zone]) -> list[ZoneJson]:
    """Return the JSON of a camera's zones."""
    return [
        {
            "name": zone.name,
            "kind": zone.kind.value,
            "polygon": [list(corner) for corner in zone.polygon],
        }
        for zone in zones
    ]


def zones_from(stored: Sequence[ZoneJson]) -> tuple[Zone, ...]:
    """Return the zones stored as JSON."""
    return tuple(
        Zone(
            name=zone["name"],
            kind=ZoneKind(zone["kind"]),
            polygon=tuple((x, y) for x, y in zone["polygon"]),
        )
        for zone in stored
    )
