"""Evidence: parked vehicles, and vehicles that come and go."""

from ..domain.zones import ZoneKind
from .case import Case
from .evidence_kinds import Kinds, Reason, ramp
from .objects import ObservedObject

VEHICLES = Kinds()
_STAYED = 60.0  # seconds
_RESTED = 8.0  # seconds at its place before a vehicle that leaves counts as parked


@VEHICLES.kind("at a parked vehicle", 1, 0.5, "a person stops beside a parked vehicle")
def at_vehicle(case: Case) -> Reason:
    """Find people at parked vehicles."""
    if not case.at_vehicle or case.excused:
        return None
    seconds = max(each.conduct.beside for each in case.at_vehicle if each.conduct is not None)
    return f"A person stood beside a parked vehicle for {seconds:.0f} s.", ramp(seconds, 1.5, 12)


@VEHICLES.kind("at a parked vehicle, night", 1, 0.8, "the same, 23:00-5:00 or while all are asleep")
def at_vehicle_at_night(case: Case) -> Reason:
    """Find people at parked vehicles at night."""
    if not case.at_vehicle or case.excused or not (case.night or case.asleep):
        return None
    return "A person is at a parked vehicle at night."


@VEHICLES.kind(
    "from vehicle to vehicle",
    1,
    0.7,
    "a person stops beside two parked vehicles or more, in the dark",
)
def several_vehicles(case: Case) -> Reason:
    """Find people who go from car to car."""
    most = max((each.stops for each in case.conducts), default=0)
    if case.excused or not (case.dark or case.asleep):
        return None
    return f"A person stopped at {most} vehicles." if most >= 2 else None


@VEHICLES.kind("low beside a vehicle", 1, 0.6, "a person bends or kneels beside a parked vehicle")
def low_beside(case: Case) -> Reason:
    """Find people who crouch at a car."""
    seconds = max((each.low_beside for each in case.conducts), default=0.0)
    if seconds < 2 or case.excused:
        return None
    return f"A person was low beside a vehicle for {seconds:.0f} s.", ramp(seconds, 2, 30)


@VEHICLES.kind("came by vehicle", 0, 0, "a person gets out of a vehicle that has just come")
def from_vehicle(case: Case) -> Reason:
    """Find people who get out of a vehicle."""
    if not any(each.from_vehicle for each in case.conducts):
        return None
    return "A person got out of a vehicle that had just come."


@VEHICLES.kind(
    "vehicle stopped, then a parked one", 1, 0.4, "a vehicle came, and a person is at another"
)
def stopped_at_another(case: Case) -> Reason:
    """Find vehicles that stop so that a person can reach a parked one."""
    if not case.at_vehicle or case.excused:
        return None
    first = min(each.first_seen for each in case.at_vehicle)
    came = [
        each
        for each in case.facts.vehicles
        if _has_come(case, each) and (each.first_seen - first).total_seconds() <= 5
    ]
    return "A vehicle came, and a person is at another one." if came else None


@VEHICLES.kind("parked vehicle driven off", 1, 0.6, "a vehicle leaves, no person came from a door")
def driven_off(case: Case) -> Reason:
    """Find parked vehicles that leave with strangers."""
    if not case.people or case.excused or any(each.came_out for each in case.people):
        return None
    gone = _gone(case)
    return f"A {gone[0].label} that stood here drove off." if gone else None


@VEHICLES.kind("owner drives off", -1, -0.6, "a person came from a door, and a vehicle leaves")
def owner_drives(case: Case) -> Reason:
    """Find residents who drive off."""
    if not any(each.came_out for each in case.people):
        return None
    gone = _gone(case)
    return "A person came from a door, and a vehicle drove off." if gone else None


@VEHICLES.kind(
    "vehicle stays", 1, 0.3, "a vehicle came and has stood for a minute, in the dark or away"
)
def stays(case: Case) -> Reason:
    """Find vehicles that came and stay."""
    if not (case.dark or case.away):
        return None
    longest = max((each.settled_seconds for each in case.vehicles_arrived), default=0.0)
    if longest < _STAYED:
        return None
    return f"A vehicle has stood there for {longest:.0f} seconds."


@VEHICLES.kind("vehicle while the alarm is set", 1, 0.2, "the alarm is set, a vehicle drove in")
def while_armed(case: Case) -> Reason:
    """Find vehicles that come while the alarm is set."""
    if not case.armed or not case.vehicles_arrived:
        return None
    return "The alarm was set when a vehicle came."


def _gone(case: Case) -> list[ObservedObject]:
    """Return the vehicles that stood here from the start and have left."""
    return [
        each
        for each in case.facts.vehicles
        if each.rested_seconds >= _RESTED
        and (each.first_seen - case.facts.started_at).total_seconds() <= 2
    ]


def _has_come(case: Case, vehicle: ObservedObject) -> bool:
    if (
        ZoneKind.SIDEWALK in vehicle.zones
        and len(vehicle.zones) == 1
        and not vehicle.settled_seconds
    ):
        return False
    late = (vehicle.first_seen - case.facts.started_at).total_seconds()
    return vehicle.settled_seconds > 0 or (vehicle.images > 1 and late > 1)
