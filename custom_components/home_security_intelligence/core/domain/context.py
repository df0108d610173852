"""What is known around an event that no picture shows; everything may be unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

from .zones import Zone, ZoneKind

# Private ground.
GROUNDS = frozenset({ZoneKind.ENTRY_POINT, ZoneKind.DRIVEWAY, ZoneKind.YARD, ZoneKind.RESTRICTED})


class Occupancy(StrEnum):
    """Whether anybody is home."""

    HOME = "home"
    AWAY = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the home itself says; None is unknown."""

    armed: bool | None = None
    occupancy: Occupancy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Something another camera saw around the same time."""

    camera: str
    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The home at the time of an event; None and a label missing from `usual` mean unknown."""

    time_zone: tzinfo
    zones: tuple[Zone, ...] = ()
    armed: bool | None = None
    occupancy: Occupancy | None = None
    usual: Mapping[str, float] = field(default_factory=dict)  # expected per hour, at this hour
    elsewhere: tuple[Elsewhere, ...] = ()
