"""An event's fact sheet with what several pieces of evidence ask of it, worked out once."""

from datetime import datetime, timedelta
from functools import cached_property

from ..domain.context import AlarmMode, HomeEvent, HomeEventKind, Occupancy
from ..domain.part_of_day import PartOfDay
from ..domain.placement import Placement
from ..domain.zones import ENTRY_POINTS, ZoneKind
from .arrivals import arrived_vehicles
from .conduct import Conduct
from .facts import FactSheet
from .objects import NEAR, ObservedObject
from .predicates import confirmed_people, is_on_grounds, other_cameras
from .tracking import LIVING

_PRIVATE = frozenset(
    {
        Placement.INDOORS,
        Placement.BALCONY,
        Placement.GARAGE,
        Placement.POOL,
        Placement.OUTDOORS_PRIVATE,
    }
)
_INSIDE = frozenset({Placement.INDOORS, Placement.GARAGE, Placement.BALCONY})
_AWAY = frozenset({AlarmMode.ARMED_AWAY, AlarmMode.ARMED_VACATION})
_EXPLAINS = {
    HomeEventKind.ARRIVED: timedelta(minutes=12),
    HomeEventKind.UNLOCKED: timedelta(minutes=6),
    HomeEventKind.OPENED_BY_REMOTE: timedelta(minutes=6),
    HomeEventKind.DISARMED: timedelta(minutes=6),
    HomeEventKind.EXPECTED: timedelta(minutes=60),
}
_BACK = frozenset({ZoneKind.WINDOW, ZoneKind.OTHER_DOOR})
_LIES = 15.0  # seconds
_SMALL = 0.34  # of what is between the feet and the horizon; adults have 0.5-0.7
_SMALL_AT_WATER = 0.39  # the same where no mistake is affordable
_SURE = 0.72  # confidence
_FIXED = 0.025  # of the image; detections of an object that does not move vary as much
_CLOSE = 0.35  # of the image's height
_MIDDLE = 0.2  # of the image's height
_STANDS = 4.0  # seconds
_HEARD = timedelta(minutes=4)
_WITHOUT = timedelta(seconds=90)  # an unlock this long before an opening explains it


class Case:
    """A fact sheet and what follows from it; properties are computed when first asked for."""

    def __init__(self, facts: FactSheet) -> None:
        """Begin with an event's facts."""
        self.facts = facts

    @cached_property
    def people(self) -> tuple[ObservedObject, ...]:
        """The confirmed people of the event."""
        return confirmed_people(self.facts)

    @cached_property
    def conducts(self) -> tuple[Conduct, ...]:
        """What the confirmed people did."""
        return tuple(each.conduct for each in self.people if each.conduct is not None)

    @cached_property
    def placement(self) -> Placement | None:
        """What the camera looks at."""
        return self.facts.context.placement

    @cached_property
    def inside(self) -> bool:
        """Whether the camera hangs indoors, in a garage or on a balcony."""
        return self.placement in _INSIDE

    @cached_property
    def private(self) -> bool:
        """Whether all that the camera sees is private."""
        return self.placement in _PRIVATE

    @cached_property
    def on_grounds(self) -> tuple[ObservedObject, ...]:
        """The people on private ground: by zone, by placement, or close to the camera."""
        if self.at_home_inside:
            return ()
        if self.private:
            return tuple(
                each
                for each in self.people
                if each.zones != {ZoneKind.SIDEWALK} or not self.facts.zones_known
            )
        if not self.facts.zones_known:
            return tuple(each for each in self.people if _comes_close(each))
        return tuple(each for each in self.people if is_on_grounds(self.facts, each))

    @cached_property
    def at_home_inside(self) -> bool:
        """Whether residents are home and the camera hangs indoors: they are who it sees.

        Not if a door or window was opened and nothing explains it, or something was broken.
        """
        if self.placement is not Placement.INDOORS or self.away or not self.facts.somebody_home:
            return False
        suspicious = self.opened is not None and not self.opened_from_inside
        return not suspicious and self.heard(HomeEventKind.BROKEN) is None

    @cached_property
    def fixed(self) -> bool:
        """Whether the detector is unsure of the people, and none has moved since first seen."""
        return bool(self.conducts) and all(
            person.images > 1 and person.confidence < _SURE and conduct.spread <= _FIXED
            for person, conduct in zip(self.people, self.conducts, strict=True)
        )

    @cached_property
    def off_the_way(self) -> bool:
        """Whether a person is where visitors do not go: behind the house, or in such a zone."""
        if not self.on_grounds:
            return False
        restricted = any(ZoneKind.RESTRICTED in each.zones for each in self.people)
        return self.private or restricted or bool(self.entries.keys() & _BACK)

    @cached_property
    def at_vehicle(self) -> tuple[ObservedObject, ...]:
        """The people who stopped at a parked vehicle, off the pavement."""
        return tuple(
            each
            for each in self.people
            if each.conduct is not None and each.conduct.stops and each.zones != {ZoneKind.SIDEWALK}
        )

    @cached_property
    def concerned(self) -> bool:
        """Whether a person is on private ground or at a parked vehicle."""
        return bool(self.on_grounds or self.at_vehicle)

    @cached_property
    def entries(self) -> dict[ZoneKind, float]:
        """The longest time that a person was at each exact kind of entry point."""
        found: dict[ZoneKind, float] = {}
        for each in self.conducts:
            for kind, seconds in each.entries.items():
                found[kind] = max(found.get(kind, 0.0), seconds)
        return found

    @cached_property
    def at_entry(self) -> bool:
        """Whether a person was at an entry point; without zones, close to the camera."""
        return bool(self.entries.keys() & ENTRY_POINTS) or (
            not self.facts.zones_known and any(each.tallest >= NEAR for each in self.people)
        )

    @cached_property
    def night(self) -> bool:
        """Whether it was at night."""
        return self.facts.part_of_day is PartOfDay.NIGHT

    @cached_property
    def dark(self) -> bool:
        """Whether it was night, early morning or late evening."""
        return self.facts.part_of_day is not PartOfDay.DAY

    @cached_property
    def asleep(self) -> bool:
        """Whether the residents are known to be asleep; a night alarm says so as well."""
        context = self.facts.context
        return context.occupancy is Occupancy.ASLEEP or context.alarm is AlarmMode.ARMED_NIGHT

    @cached_property
    def awake(self) -> bool:
        """Whether a resident is known to be home and not known to be asleep."""
        return self.facts.context.occupancy is Occupancy.HOME and not self.asleep

    @cached_property
    def away(self) -> bool:
        """Whether the home is known to be empty; an alarm set for that says so as well."""
        return self.facts.nobody_home or self.facts.context.alarm in _AWAY

    @cached_property
    def armed(self) -> bool | None:
        """Whether the alarm is set, the latest change included; None is unknown."""
        state = self.facts.context.armed
        for event in self.home_events:
            if event.at >= self.facts.started_at - _HEARD:
                state = {HomeEventKind.ARMED: True, HomeEventKind.DISARMED: False}.get(
                    event.kind, state
                )
        return state

    @cached_property
    def came_out(self) -> bool:
        """Whether every person on private ground came out of the house."""
        if self.placement in {Placement.INDOORS, Placement.GARAGE}:
            return False  # through a door that the camera sees from inside, people come in
        if self.away or (self.armed and self.placement is not Placement.BALCONY):
            return False  # no resident is inside, or none would come out without disarming
        return bool(self.on_grounds) and all(each.came_out for each in self.on_grounds)

    @cached_property
    def vehicles_arrived(self) -> list[ObservedObject]:
        """The vehicles that drove onto the grounds."""
        return arrived_vehicles(self.facts)

    @cached_property
    def cameras(self) -> int:
        """The number of other cameras that saw a person."""
        return len(other_cameras(self.facts))

    @cached_property
    def count(self) -> int:
        """The highest number of people at once: on private ground if any is there."""
        if self.private:
            return self.facts.max_people
        return self.facts.max_people_on_grounds

    @cached_property
    def home_events(self) -> tuple[HomeEvent, ...]:
        """What the home reported until the latest image."""
        return tuple(each for each in self.facts.context.home_events if each.at <= self.facts.until)

    def heard(
        self, kind: HomeEventKind, within: timedelta = _HEARD, *, near: bool = False
    ) -> HomeEvent | None:
        """Return the latest event of a kind from shortly before the event until now."""
        since = self.facts.started_at - within
        return next(
            (
                each
                for each in reversed(self.home_events)
                if each.kind is kind and each.at >= since and (each.near or not near)
            ),
            None,
        )

    @cached_property
    def explained(self) -> HomeEvent | None:
        """What the home reported that explains a resident or a guest."""
        found = (self.excuse(kind) for kind in _EXPLAINS)
        return next((event for event in found if event is not None), None)

    def excuse(self, kind: HomeEventKind) -> HomeEvent | None:
        """Return the latest report of a kind that explains people, unless a code failed since."""
        event = self.heard(kind, _EXPLAINS[kind])
        refused = [self.heard(each) for each in (HomeEventKind.WRONG_CODE, HomeEventKind.BROKEN)]
        if event is None or any(each is not None and each.at > event.at for each in refused):
            return None
        return event

    @cached_property
    def opened(self) -> HomeEvent | None:
        """A door or window that was opened and no unlock, arrival or remote explains."""
        event = self.heard(HomeEventKind.OPENED)
        if event is None or self.explained is not None:
            return None
        return event

    @cached_property
    def opened_from_inside(self) -> bool:
        """Whether a resident likely opened a door: one is home, and it is not a back way."""
        event = self.opened
        context = self.facts.context
        at_home = self.facts.somebody_home or (context.occupancy is None and self.armed is False)
        if event is None or self.away or not at_home or (self.asleep and self.armed):
            return False
        came_first = any(each.first_seen <= event.at - timedelta(seconds=2) for each in self.people)
        back = self.entries.keys() & _BACK or self.private
        return not (came_first and (self.asleep or back)) and not (self.asleep and self.inside)

    @cached_property
    def excused(self) -> bool:
        """Whether something explains the people: the home's report, or that they came out."""
        return (
            bool(self.people)
            and not self.in_need
            and (self.explained is not None or self.opened_from_inside or self.came_out)
        )

    @cached_property
    def in_need(self) -> bool:
        """Whether a person may need help: one lies, or a small one is alone."""
        return self.lying >= _LIES or self.small_alone

    @cached_property
    def lying(self) -> float:
        """The seconds that a person has lain while no other was there."""
        if self.facts.max_people > 1:
            return 0.0
        return max((each.lying for each in self.conducts if not each.beside), default=0.0)

    @cached_property
    def small_alone(self) -> bool:
        """Whether the only person is small for its place, as a child is."""
        if self.facts.max_people != 1 or not self.conducts:
            return False
        if any(each.label in LIVING and each.label != "person" for each in self.facts.present):
            return False  # an animal taken for a person
        limit = _SMALL_AT_WATER if self.placement is Placement.POOL else _SMALL
        return all(0 < each.size <= limit for each in self.conducts)

    def minutes_before(self, event: HomeEvent) -> int:
        """Return how many minutes before the event's first image something was reported."""
        since: datetime = self.facts.started_at
        return max(0, round((since - event.at).total_seconds() / 60))


def _comes_close(person: ObservedObject) -> bool:
    """Tell whether, without zones, a person comes close or stops at medium distance."""
    if person.tallest >= _CLOSE:
        return True
    return (
        person.tallest >= _MIDDLE and person.conduct is not None and person.conduct.slow >= _STANDS
    )
