"""The JSON in which an event's context and a camera's zones are stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from ..domain.context import Context, Elsewhere, Occupancy
from ..domain.zones import Zone, ZoneKind


class ZoneJson(TypedDict):
    """A stored zone."""

    name: str
    kind: str
    polygon: list[list[float]]


class ElsewhereJson(TypedDict):
    """The stored detection of another camera."""

    camera: str
    at: str
    label: str


class ContextJson(TypedDict):
    """A stored context; a missing value is unknown."""

    time_zone: NotRequired[str]
    zones: NotRequired[list[ZoneJson]]
    armed: NotRequired[bool | None]
    occupancy: NotRequired[str | None]
    usual: NotRequired[Mapping[str, float]]
    elsewhere: NotRequired[list[ElsewhereJson]]


def context_json(context: Context) -> ContextJson:
    """Return the JSON of a context as an event begins; each verdict adds `elsewhere_json`."""
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
        elsewhere=tuple(
            Elsewhere(
                camera=each["camera"], at=datetime.fromisoformat(each["at"]), label=each["label"]
            )
            for each in stored.get("elsewhere", ())
        ),
    )


def elsewhere_json(elsewhere: Sequence[Elsewhere]) -> ContextJson:
    """Return the part of a context's JSON that other cameras' events make up."""
    return {
        "elsewhere": [
            {"camera": each.camera, "at": each.at.isoformat(), "label": each.label}
            for each in elsewhere
        ]
    }


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
