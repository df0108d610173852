"""The JSON in which an event's context and a camera's zones are stored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict
from zoneinfo import ZoneInfo

from ..domain.context import AlarmMode, Context, Elsewhere, HomeEvent, HomeEventKind, Occupancy
from ..domain.placement import Placement
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


class HomeEventJson(TypedDict):
    """What the home reported, as stored with an event."""

    at: str
    kind: str
    name: str
    near: bool


class ContextJson(TypedDict):
    """A stored context; a missing value is unknown."""

    time_zone: NotRequired[str]
    zones: NotRequired[list[ZoneJson]]
    placement: NotRequired[str | None]
    armed: NotRequired[bool | None]
    alarm: NotRequired[str | None]
    occupancy: NotRequired[str | None]
    reported: NotRequired[list[str]]
    usual: NotRequired[Mapping[str, float]]
    elsewhere: NotRequired[list[ElsewhereJson]]
    home_events: NotRequired[list[HomeEventJson]]


def context_json(context: Context) -> ContextJson:
    """Return the JSON of a context as an event begins; each verdict adds `evidence_json`."""
    return {
        "time_zone": str(context.time_zone),
        "zones": zones_json(context.zones),
        "placement": context.placement,
        "armed": context.armed,
        "alarm": context.alarm,
        "occupancy": context.occupancy,
        "reported": sorted(context.reported),
        "usual": dict(context.usual),
    }


def context_from(stored: ContextJson) -> Context:
    """Return the context stored as JSON."""
    placement, alarm = stored.get("placement"), stored.get("alarm")
    occupancy = stored.get("occupancy")
    return Context(
        time_zone=ZoneInfo(stored.get("time_zone", "UTC")),
        zones=zones_from(stored.get("zones", ())),
        placement=None if placement is None else Placement(placement),
        armed=stored.get("armed"),
        alarm=None if alarm is None else AlarmMode(alarm),
        occupancy=None if occupancy is None else Occupancy(occupancy),
        home_events=home_events_from(stored.get("home_events", ())),
        reported=frozenset(HomeEventKind(kind) for kind in stored.get("reported", ())),
        usual=stored.get("usual", {}),
        elsewhere=tuple(
            Elsewhere(
                camera=each["camera"], at=datetime.fromisoformat(each["at"]), label=each["label"]
            )
            for each in stored.get("elsewhere", ())
        ),
    )


def evidence_json(elsewhere: Sequence[Elsewhere], home_events: Sequence[HomeEvent]) -> ContextJson:
    """Return the part of a context's JSON that may differ at each verdict."""
    return {
        "elsewhere": [
            {"camera": each.camera, "at": each.at.isoformat(), "label": each.label}
            for each in elsewhere
        ],
        "home_events": [
            {
                "at": each.at.isoformat(),
                "kind": each.kind,
                "name": each.name,
                "near": each.near,
            }
            for each in home_events
        ],
    }


def home_events_from(stored: Iterable[HomeEventJson]) -> tuple[HomeEvent, ...]:
    """Return what the home reported, as stored in JSON."""
    return tuple(
        HomeEvent(
            at=datetime.fromisoformat(each["at"]),
            kind=HomeEventKind(each["kind"]),
            name=each["name"],
            near=each["near"],
        )
        for each in stored
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
