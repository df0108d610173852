"""From an author's words to the events of a home: `lock.front_door unlocked with code Ana`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
import re

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.context import HomeEvent, HomeEventKind  # isort: skip

_HOUSE = frozenset({"", "house", "home", "hall", "flat", "apartment", "whole house", "everywhere"})

# The first pattern that matches counts; None is an event that says nothing about a risk.
_KINDS: tuple[tuple[str, HomeEventKind | None], ...] = (
    (r"battery|grid_power|power (off|on)|offline|unavailable|half open|by motion", None),
    (r"without (the lock|a lock|an unlock|being unlocked)", HomeEventKind.OPENED),
    (
        r"keypad blocked|wrong (code|pin|finger)|code (refused|rejected)|refused|invalid code",
        HomeEventKind.WRONG_CODE,
    ),
    (
        r"glass|tamper|alarm (triggered|went off|sounding)|siren|forced|vibration|smash",
        HomeEventKind.BROKEN,
    ),
    (r"doorbell|bell (pressed|rang)|intercom (rang|pressed)|rang", HomeEventKind.DOORBELL),
    (r"disarm|alarm.*\boff\b", HomeEventKind.DISARMED),
    (r"\barm(ed|ing)\b", HomeEventKind.ARMED),
    (
        r"calendar|expected|appointment|booked|scheduled|approved visitor|technician arrives",
        HomeEventKind.EXPECTED,
    ),
    (r"unlock|opened with (a |the |\S+'s |\S+ )?(key|fob|code)", HomeEventKind.UNLOCKED),
    (r"parcel delivered|courier", HomeEventKind.EXPECTED),
    (r"opened from (the )?inside|opened by hand\b", HomeEventKind.OPENED),
    (r"\block(ed)?\b", None),
    (r"without (a|the|any) (remote|code|key)", HomeEventKind.OPENED),
    (
        (
            r"(garage|gate|cover|shutter|barrier|portao|boom|roller).*"
            r"(remote|opener|app|phone|panel|fob)|remote"
        ),
        HomeEventKind.OPENED_BY_REMOTE,
    ),
    (
        r"(left|leaves|leaving|away)( the)?( home| house)?$|not[_ ]home|left (home|the)",
        HomeEventKind.LEFT,
    ),
    (
        (
            r"(came|comes|coming|back|returned|arrived|arrives) (back )?home|"
            r"(device_tracker|person)\S* (at )?home|phones?.* (at )?home$|arriv(ed|es)"
        ),
        HomeEventKind.ARRIVED,
    ),
    (r"\b(closed|closes|shut)\b", None),
    (r"cover\.(garage|gate|drive)\S*.*open", HomeEventKind.OPENED_BY_REMOTE),
    (r"open", HomeEventKind.OPENED),
    (r"light|lamp|switch", HomeEventKind.LIGHT_ON),
)


def read_home_events(
    items: Sequence[Mapping[str, object]],
    places: frozenset[str],
    moment_of: Callable[[object], datetime],
) -> tuple[HomeEvent, ...]:
    """Return the events of a scene's home by time; `places` are the camera's name and its zones.

    An event is near if it names one of the places or the home as a whole.
    """
    found = []
    for item in items:
        words = str(item["what"]).strip()
        kind = _kind_of(words)
        if kind is None:
            continue
        where = str(item.get("where", ""))
        found.append(
            HomeEvent(
                at=moment_of(item["at"]),
                kind=kind,
                name=words,
                near=where.casefold() in _HOUSE or _key(where) in {_key(each) for each in places},
            )
        )
    return tuple(sorted(found, key=lambda each: each.at))


def _kind_of(words: str) -> HomeEventKind | None:
    text = words.casefold()
    for pattern, kind in _KINDS:
        if re.search(pattern, text):
            if kind is HomeEventKind.LIGHT_ON and re.search(r"\boff\b", text):
                return None
            return kind
    return None


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
