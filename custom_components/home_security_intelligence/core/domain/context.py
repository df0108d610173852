"""What is known around an event that no image shows; everything may be unknown."""

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
    """The home's state; None is unknown."""

    armed: bool | None = None
    occupancy: Occupancy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A detection of another camera around the same time."""

    camera: str
    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The context of an event; None and a label missing from `usual` mean unknown."""

    time_zone: tzinfo
    zones: tuple[Zone, ...] = ()
    armed: bool | None = None
    occupancy: Occupancy | None = None
    usual: Mapping[str, float] = field(default_factory=dict)  # expected events an hour, by label
    elsewhere: tuple[Elsewhere, ...] = ()
