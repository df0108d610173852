"""How a person behaves: posture, pace, exact entry points, and time beside parked vehicles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from ..domain.models import Box
from ..domain.zones import ZoneKind
from .geometry import iou
from .tracking import Sighting, Track
from .zone_map import Place

_LONGEST_GAP = 30.0  # seconds between two sightings that still count
_ASPECT = 16 / 9  # width to height of the image, so that both directions measure alike
_LOW = 0.74  # of the standing height at the same place: bent or crouching
_BENT = 0.42  # width to height, in shares of the image, of a person who is not upright
_LYING = 0.9  # the same of one who lies
_SAME_PLACE = 0.1  # of the image
_EDGE = 0.02  # of the image; a box that touches the edge is cut off
_SLOW = 0.4  # body heights a second: slower than walking
_ARM = 0.4  # of the body height: within reach to the side
_BEHIND = 0.4  # of a vehicle's height, from its top: feet above that are beyond it
_BEFORE = 0.3  # of the body height: feet below a vehicle by more are away from it
_MOVED = 0.5  # overlap with its first box below which a vehicle has moved
_ONE_VEHICLE = 0.3  # overlap of two boxes of the same vehicle under two labels
_WAITED = 20.0  # seconds; a vehicle seen so long before the person was parked
_HORIZON = 0.15  # from the top of the image; cameras look down
_NEAR_ENOUGH = 0.35  # from the top of the image; feet above that are too far to tell a size
_STOPPED = 1.5  # seconds beside a vehicle that make a stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """What a person did so far, in seconds unless stated otherwise."""

    entries: Mapping[ZoneKind, float]  # at each exact kind of entry point
    low: float  # bent, crouching or kneeling
    low_at_entry: float
    lying: float
    fastest: float  # body heights a second
    slow: float  # standing or nearly so
    size: float  # the tallest, as a share of what is between its feet and the horizon
    beside: float  # standing beside parked vehicles
    low_beside: float
    stops: int  # parked vehicles at which the person stopped
    from_vehicle: bool  # first seen at a vehicle that had just come
    first_box: Box
    last_box: Box
    spread: float  # of the image: the farthest that the ground point moved


class ConductLog:
    """Follows one person, sighting by sighting."""

    def __init__(self, track: Track) -> None:
        """Begin before the first sighting."""
        self._track = track
        self._entries: dict[ZoneKind, float] = {}
        self._standing: list[Sighting] = []  # the tallest at each place
        self._low = self._low_at_entry = self._lying = 0.0
        self._fastest = self._slow = self._size = 0.0
        self._low_beside = 0.0
        self._beside: list[tuple[Box, float]] = []  # vehicles and seconds
        self._from_vehicle = False
        self._entry: ZoneKind | None = None
        self._was_low = self._was_lying = False
        self._spread = 0.0

    def add(self, place: Place | None, vehicles: Sequence[Track]) -> None:
        """Follow the track's last sighting; `vehicles` are those that may still be there."""
        sightings = self._track.sightings
        now = sightings[-1]
        before = sightings[-2] if len(sightings) > 1 else None
        entry = None if place is None else place.entry
        low, lying = self._is_low(now), now.box.x2 - now.box.x1 > _LYING * now.height
        if entry is not None:
            self._entries.setdefault(entry, 0.0)
        if not lying and now.y > _NEAR_ENOUGH:
            self._size = max(self._size, now.height / (now.y - _HORIZON))
        if before is None:
            self._from_vehicle = any(
                not _is_parked(each, now) and _is_beside(each.last.box, now) for each in vehicles
            )
        else:
            self._spread = max(self._spread, hypot(now.x - sightings[0].x, now.y - sightings[0].y))
            self._follow(before, now, entry, low, lying, vehicles)
        self._entry, self._was_low, self._was_lying = entry, low, lying

    def _follow(
        self,
        before: Sighting,
        now: Sighting,
        entry: ZoneKind | None,
        low: bool,
        lying: bool,
        vehicles: Sequence[Track],
    ) -> None:
        gap = min(now.second - before.second, _LONGEST_GAP)
        at_entry = entry is not None and entry is self._entry
        if entry is not None and at_entry:
            self._entries[entry] += gap
        if low and self._was_low:
            self._low += gap
            if at_entry:
                self._low_at_entry += gap
        if lying and self._was_lying:
            self._lying += gap
        pace = _pace(before, now)
        if gap >= 0.4 and now.second - before.second <= 5.0:
            self._fastest = max(self._fastest, pace)
        if pace > _SLOW:
            return
        self._slow += gap
        for vehicle in vehicles:
            if _is_parked(vehicle, self._track.first) and _is_beside(vehicle.last.box, now):
                self._note(vehicle.last.box, gap)
                if low or self._was_low:
                    self._low_beside += gap
                break

    def _note(self, box: Box, gap: float) -> None:
        for number, (other, seconds) in enumerate(self._beside):
            if iou(box, other) >= _ONE_VEHICLE:
                self._beside[number] = (box, seconds + gap)
                return
        self._beside.append((box, gap))

    def _is_low(self, now: Sighting) -> bool:
        box = now.box
        if box.x1 < _EDGE or box.x2 > 1 - _EDGE or box.y1 < _EDGE or box.y2 > 1 - _EDGE:
            return False
        if box.x2 - box.x1 > _BENT * now.height:
            return True
        near = [
            each
            for each in self._standing
            if abs(each.y - now.y) < _SAME_PLACE / 2 and abs(each.x - now.x) < _SAME_PLACE
        ]
        if any(now.height < _LOW * each.height for each in near):
            return True
        if not near:
            self._standing.append(now)
        elif all(now.height > each.height for each in near):
            self._standing[self._standing.index(near[0])] = now
        return False

    def conduct(self) -> Conduct:
        """Return what the person did so far."""
        return Conduct(
            entries=dict(self._entries),
            low=self._low,
            low_at_entry=self._low_at_entry,
            lying=self._lying,
            fastest=self._fastest,
            slow=self._slow,
            size=self._size,
            beside=sum(seconds for _, seconds in self._beside),
            low_beside=self._low_beside,
            stops=sum(seconds >= _STOPPED for _, seconds in self._beside),
            from_vehicle=self._from_vehicle,
            first_box=self._track.first.box,
            last_box=self._track.last.box,
            spread=self._spread,
        )


def _pace(before: Sighting, now: Sighting) -> float:
    """Return the pace in body heights a second."""
    way = hypot((now.x - before.x) * _ASPECT, now.y - before.y)
    tall = max((before.height + now.height) / 2, 0.02)
    return way / tall / max(now.second - before.second, 0.1)


def _is_parked(vehicle: Track, person: Sighting) -> bool:
    """Tell whether a vehicle stood there when the person came, and has not moved."""
    if iou(vehicle.first.box, vehicle.last.box) < _MOVED:
        return False
    return vehicle.first.image <= 1 or person.second - vehicle.first.second >= _WAITED


def _is_beside(vehicle: Box, person: Sighting) -> bool:
    tall = person.height
    if tall > 2.5 * (vehicle.y2 - vehicle.y1):  # far in front of it
        return False
    reach = _ARM * tall / _ASPECT
    top = vehicle.y1 + _BEHIND * (vehicle.y2 - vehicle.y1)
    return (
        vehicle.x1 - reach <= person.x <= vehicle.x2 + reach
        and top <= person.y <= vehicle.y2 + _BEFORE * tall
    )
