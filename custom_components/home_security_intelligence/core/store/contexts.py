"""What was known around an event, as it is kept with it."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from ..domain.context import Context, Occupancy
from ..domain.zones import Zone, ZoneKind


class ZoneJson(TypedDict):
    """A zone as it is kept."""

    name: str
    kind: str
    polygon: list[list[float]]


class ContextJson(TypedDict):
    """A context as it is kept; what is missing is unknown."""

    time_zone: NotRequired[str]
    zones: NotRequired[list[ZoneJson]]
    armed: NotRequired[bool | None]
    occupancy: NotRequired[str | None]
    usual: NotRequired[Mapping[str, float]]


def context_json(context: Context) -> ContextJson:
    """Return what to keep of a context: all but what other cameras saw, which is kept with them."""
    return {
        "time_zone": str(context.time_zone),
        "zones": zones_json(context.zones),
        "armed": context.armed,
        "occupancy": None if context.occupancy is None else context.occupancy.value,
        "usual": dict(context.usual),
    }


def context_from(kept: ContextJson) -> Context:
    """Return the context that was kept."""
    occupancy = kept.get("occupancy")
    return Context(
        time_zone=ZoneInfo(kept.get("time_zone", "UTC")),
        zones=zones_from(kept.get("zones", ())),
        armed=kept.get("armed"),
        occupancy=None if occupancy is None else Occupancy(occupancy),
        usual=kept.get("usual", {}),
    )


def zones_json(zones: Sequence[Zone]) -> list[ZoneJson]:
    """Return what to keep of a camera's zones."""
    return [
        {
            "name": zone.name,
            "kind": zone.kind.value,
            "polygon": [list(corner) for corner in zone.polygon],
        }
        for zone in zones
    ]


def zones_from(kept: Sequence[ZoneJson]) -> tuple[Zone, ...]:
    """Return the zones that were kept."""
    return tuple(
        Zone(
            name=zone["name"],
            kind=ZoneKind(zone["kind"]),
            polygon=tuple((x, y) for x, y in zone["polygon"]),
        )
        for zone in kept
    )
