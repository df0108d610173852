"""Every factor of a score with its points: the one place to change them."""

from dataclasses import dataclass

from ..domain.models import RiskFactor

MAX_LLM_MOVE = 12  # points a language model may move a score, and never into another level


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A factor: its name, its points, and when it applies."""

    name: str
    points: int
    when: str

    def because(self, reason: str) -> RiskFactor:
        """Return the factor as part of a score; `reason` is one line in plain words."""
        return RiskFactor(name=self.name, points=self.points, reason=reason)


# Who is there, and where. In each group the first match counts.
RESTRICTED = Weight(
    name="restricted zone", points=60, when="a person is in a zone marked as restricted"
)
ENTRY_POINT = Weight(name="entry point", points=19, when="a person is at an entry point")
YARD = Weight(name="yard", points=19, when="a person is in the yard, at no entry point")
DRIVEWAY = Weight(name="driveway", points=15, when="a person is on the driveway only")
SIDEWALK = Weight(name="pavement", points=5, when="a person keeps to the pavement")
OUTSIDE_ZONES = Weight(name="outside all zones", points=5, when="a person is in none of the zones")
CLOSE_BY = Weight(
    name="close to the camera", points=21, when="no zones are drawn, and a person comes close"
)
IN_VIEW = Weight(
    name="person in view", points=10, when="no zones are drawn, and a person is at some distance"
)
UNSURE = Weight(
    name="unsure sighting", points=8, when="the only person was seen once, with low confidence"
)
VEHICLE_ARRIVED = Weight(
    name="vehicle on the grounds", points=8, when="a vehicle drove in; no person is on the grounds"
)
NO_PERSON = Weight(
    name="nobody there", points=2, when="there are only animals, vehicles or objects"
)

# When.
NIGHT = Weight(name="night", points=24, when="23:00-5:00, a person on the grounds")
EARLY = Weight(name="early morning", points=12, when="5:00-6:30, a person on the grounds")
LATE = Weight(name="late evening", points=8, when="21:00-23:00, a person on the grounds")
VEHICLE_AT_NIGHT = Weight(name="vehicle at night", points=10, when="23:00-5:00, a vehicle drove in")
PASSER_AT_NIGHT = Weight(
    name="passer-by at night", points=3, when="23:00-5:00, a person off the grounds"
)

# The home's state.
ARMED_IN_THE_DARK = Weight(
    name="alarm set, dark hours", points=18, when="the alarm is set, not by day, on the grounds"
)
ARMED_BY_DAY = Weight(
    name="alarm set, private ground",
    points=14,
    when="the alarm is set, by day, off the path to a door",
)
VEHICLE_WHILE_ARMED = Weight(
    name="vehicle while the alarm is set", points=8, when="the alarm is set, a vehicle drove in"
)
DISARMED = Weight(
    name="alarm off",
    points=-15,
    when="the alarm is off, nothing was taken, no person is long or often at a door at night; "
    "not in a restricted zone",
)
RESIDENTS_HOME = Weight(
    name="somebody home",
    points=-8,
    when="residents are home and the alarm is not set; else as above",
)
HOME_EMPTY = Weight(name="nobody home", points=5, when="the home is empty, a person on the grounds")
UNUSUAL = Weight(
    name="unusual at this hour", points=6, when="less than one in ten hours like this sees one"
)
USUAL = Weight(
    name="usual at this hour", points=-8, when="at least one is expected in an hour like this"
)
COMPANY_IN_RESTRICTED_ZONE = Weight(
    name="company in the restricted zone",
    points=-42,
    when="alarm off and residents home, by day, two people or more, in a restricted zone",
)
USUAL_IN_RESTRICTED_ZONE = Weight(
    name="usual in the restricted zone",
    points=-36,
    when="alarm off and residents home, by day, and people are usual at this hour",
)

# How long, how often, how many.
STAYS = Weight(
    name="stays close",
    points=8,
    when="20 s at an entry point, in a restricted zone or close by, in the dark",
)
STAYS_LONG = Weight(
    name="stays close for long",
    points=14,
    when="the same for 35 s, or 50 s by day; not by day while residents are home",
)
STAYS_VERY_LONG = Weight(
    name="stays close for very long",
    points=22,
    when="the same for 60 s, or 75 s by day; not by day while residents are home",
)
LONG_ON_DESERTED_GROUNDS = Weight(
    name="long on deserted grounds",
    points=16,
    when="45 s on the grounds while the home is empty, and nothing was brought",
)
IN_THE_YARD_AT_NIGHT = Weight(
    name="stays in the yard at night", points=12, when="25 s in the yard or driveway at night"
)
LOITERS = Weight(name="lingers on the pavement", points=12, when="45 s on the pavement at night")
LOITERS_LONG = Weight(
    name="lingers long on the pavement", points=28, when="two minutes on the pavement at night"
)
RETURNS = Weight(name="returns", points=12, when="twice at an entry point, in the dark or deserted")
RETURNS_OFTEN = Weight(name="returns often", points=22, when="the same three times or more")
TWO_PEOPLE = Weight(
    name="two people", points=12, when="two people at once on the grounds, in the dark or deserted"
)
SEVERAL_PEOPLE = Weight(name="several people", points=20, when="the same with three or more")
AROUND_THE_HOUSE = Weight(
    name="around the house",
    points=10,
    when="another camera saw a person within five minutes, in the dark or deserted",
)
ALL_AROUND_THE_HOUSE = Weight(
    name="all around the house", points=16, when="the same with two other cameras or more"
)
BESIDE_A_PARKED_CAR = Weight(
    name="beside a parked vehicle", points=12, when="15 s beside a parked vehicle at night"
)
VEHICLE_STAYS = Weight(
    name="vehicle stays",
    points=14,
    when="a vehicle drove in and has stood for a minute in the dark, or two with the home empty",
)

# Changed objects, and signs of an ordinary visit.
TAKEN_AWAY = Weight(
    name="taken away",
    points=42,
    when="an object is missing after a person was at it; with the alarm off and residents home, "
    "only if a person walked off with it, and no bicycle",
)
BROUGHT = Weight(name="brought something", points=-20, when="a person left an object")
SHORT_VISIT = Weight(
    name="short visit",
    points=-10,
    when="by day, at an entry point once and for less than 20 s, coming straight, and nothing was taken",
)
FROM_INSIDE = Weight(
    name="came from the door",
    points=-10,
    when="the alarm is not set and everybody came out: just before, an image shows the door empty, "
    "or they leave it at once",
)

WEIGHTS: tuple[Weight, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Weight)
)
