"""Sentences on who was seen where, when and for how long, built from the facts alone.

A sentence is a key with parameters. The key names a template, so that another language only needs
other templates; `narrative_english` has the English ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..domain.part_of_day import PartOfDay
from ..domain.zones import ZoneKind
from .arrivals import arrived_vehicles
from .facts import FactSheet
from .narrative_english import TEMPLATES
from .object_changes import Change
from .objects import ObservedObject
from .predicates import confirmed_people, other_cameras, people_on_grounds
from .rules import Verdict
from .zone_map import BY_PRIVACY

type Param = str | int | Message

_MAX_LABELS = 2
_MAX_CHANGES = 2
_MINUTES_FROM = 120  # seconds
_ZONES = {
    ZoneKind.RESTRICTED: "in_restricted_zone",
    ZoneKind.ENTRY_POINT: "at_entry_point",
    ZoneKind.YARD: "in_yard",
    ZoneKind.DRIVEWAY: "on_driveway",
    ZoneKind.SIDEWALK: "on_sidewalk",
}
_PLACES = {
    "restricted zone": "in_restricted_zone",
    "window": "at_window",
    "other door": "at_other_door",
    "entry point": "at_entry_point",
    "gate": "at_gate",
    "yard": "in_yard",
    "driveway": "on_driveway",
    "pavement": "on_sidewalk",
    "outside all zones": "outside_zones",
    "close to the camera": "close_by",
    "person in view": "at_a_distance",
    "far off": "far_off",
}
_PARTS = {
    PartOfDay.NIGHT: "part_night",
    PartOfDay.EARLY: "part_early_morning",
    PartOfDay.DAY: "part_day",
    PartOfDay.LATE: "part_late_evening",
}
_CHANGES = {
    Change.BROUGHT: "left_behind",
    Change.TAKEN_AWAY: "carried_off",
    Change.TAKEN_IN: "gone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text as the key of its template and the values of its placeholders."""

    key: str
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """What the facts say about an event, one message per sentence."""

    sentences: tuple[Message, ...]

    @property
    def text(self) -> str:
        """The sentences in English."""
        return render(self, TEMPLATES)


def describe_event(sheet: FactSheet, verdict: Verdict) -> Narrative:
    """Return the sentences on an event: who, where, when, how long, and what else is sure."""
    return Narrative(sentences=(_seen(sheet, verdict), *_changes(sheet), *_elsewhere(sheet)))


def render(narrative: Narrative, templates: Mapping[str, str]) -> str:
    """Return the text in the language of the templates, one per key."""
    sentences = (_fill(message, templates) for message in narrative.sentences)
    return " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _fill(message: Message, templates: Mapping[str, str]) -> str:
    params = {
        name: _fill(value, templates) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    return templates[message.key].format_map(params)


def _seen(sheet: FactSheet, verdict: Verdict) -> Message:
    subjects, who, several = _who(sheet)
    return Message(
        key="seen_several" if several else "seen",
        params={
            "who": who,
            "where": Message(key=_where(sheet, verdict, subjects)),
            "how_long": _how_long(sheet, subjects),
            "weekday": Message(key=f"weekday_{sheet.started_at.weekday()}"),
            "time": f"{sheet.started_at:%H:%M}",
            "part_of_day": Message(key=_PARTS[sheet.part_of_day]),
        },
    )


def _who(sheet: FactSheet) -> tuple[Sequence[ObservedObject], Message, bool]:
    """Return the objects that matter most, their description, and whether they are several."""
    people = confirmed_people(sheet)
    if people:
        count = sheet.max_people
        if count > 1:
            return people, Message(key="people", params={"count": count}), True
        return people, Message(key="person"), False
    if sheet.people:
        return sheet.people, Message(key="maybe_person"), False
    subjects = arrived_vehicles(sheet) or sheet.present
    labels = sorted({each.label for each in subjects})[:_MAX_LABELS]
    if not labels:
        return (), Message(key="nothing"), False
    params: dict[str, Param] = {
        f"label_{number}": _object(label) for number, label in enumerate(labels, start=1)
    }
    return subjects, Message(key=f"list_{len(labels)}", params=params), len(labels) > 1


def _object(label: str) -> Message:
    return Message(key="an_object" if label[:1] in "aeiou" else "a_object", params={"label": label})


def _where(sheet: FactSheet, verdict: Verdict, subjects: Sequence[ObservedObject]) -> str:
    """Return the place that the rules counted; without people the most private one."""
    for factor in verdict.factors:
        if factor.name in _PLACES:
            return _PLACES[factor.name]
    if not sheet.zones_known or sheet.people or not subjects:
        return "in_the_image"
    kinds = {kind for each in subjects for kind in each.zones}
    return next((_ZONES[kind] for kind in BY_PRIVACY if kind in kinds), "outside_zones")


def _how_long(sheet: FactSheet, subjects: Sequence[ObservedObject]) -> Message:
    """Return how long the objects were seen during the event."""
    if not subjects:
        return Message(key="in_one_image")
    first = max(sheet.started_at, min(each.first_seen for each in subjects))
    last = max(each.last_seen for each in subjects)
    if last <= first:
        return Message(key="in_one_image")
    seconds = max(1, round((last - first).total_seconds()))
    if seconds >= _MINUTES_FROM:
        return Message(key="for_minutes", params={"minutes": round(seconds / 60)})
    if seconds == 1:
        return Message(key="for_a_second")
    return Message(key="for_seconds", params={"seconds": seconds})


def _changes(sheet: FactSheet) -> list[Message]:
    return [
        Message(key=_CHANGES[each.change], params={"what": _object(each.label)})
        for each in sheet.object_changes[:_MAX_CHANGES]
    ]


def _elsewhere(sheet: FactSheet) -> list[Message]:
    if not people_on_grounds(sheet):
        return []
    count = len(other_cameras(sheet))
    if count == 0:
        return []
    return [
        Message(key="other_camera")
        if count == 1
        else Message(key="other_cameras", params={"count": count})
    ]
