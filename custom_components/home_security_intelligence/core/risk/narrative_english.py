"""English templates of an event's sentences, by key."""

from collections.abc import Mapping
from typing import Final

TEMPLATES: Final[Mapping[str, str]] = {
    # who, where, when, how long
    "seen": "{who} was seen {where} {how_long}, on {weekday} at {time} ({part_of_day}).",
    "seen_several": "{who} were seen {where} {how_long}, on {weekday} at {time} ({part_of_day}).",
    "person": "a person",
    "people": "{count} people",
    "maybe_person": "possibly a person",
    "nothing": "nothing",
    "a_object": "a {label}",
    "an_object": "an {label}",
    "list_1": "{label_1}",
    "list_2": "{label_1} and {label_2}",
    "in_restricted_zone": "in a restricted zone",
    "at_entry_point": "at an entry point",
    "in_yard": "in the yard",
    "on_driveway": "on the driveway",
    "on_sidewalk": "on the pavement",
    "outside_zones": "outside all zones",
    "close_by": "close to the camera",
    "at_a_distance": "at some distance",
    "in_the_image": "in view",
    "in_one_image": "in one image",
    "for_a_second": "for 1 second",
    "for_seconds": "for {seconds} seconds",
    "for_minutes": "for {minutes} minutes",
    "weekday_0": "Monday",
    "weekday_1": "Tuesday",
    "weekday_2": "Wednesday",
    "weekday_3": "Thursday",
    "weekday_4": "Friday",
    "weekday_5": "Saturday",
    "weekday_6": "Sunday",
    "part_night": "night",
    "part_early_morning": "early morning",
    "part_day": "day",
    "part_late_evening": "late evening",
    # what else is sure
    "left_behind": "{what} was left behind.",
    "carried_off": "{what} was carried off.",
    "gone": "{what} is gone.",
    "other_camera": "Another camera saw a person around that time.",
    "other_cameras": "{count} other cameras saw a person around that time.",
}
