"""Labelled scenarios, one YAML file each: what a camera saw, and how worrying people find it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.models import Box, Detection, Image, ImageState, RiskLevel  # isort: skip
from hsi_core.domain.context import AlarmMode, Context, Elsewhere, HomeEventKind, Occupancy  # isort: skip
from hsi_core.domain.placement import Placement, guess_placement  # isort: skip
from hsi_core.domain.zones import Zone, ZoneKind  # isort: skip

from testbed.risk.home_words import read_home_events  # isort: skip

# Words that people use for the same kinds of places.
_KINDS = {
    **{kind.value: kind for kind in ZoneKind},
    **dict.fromkeys(("entry", "entrance", "door"), ZoneKind.ENTRY_POINT),
    **dict.fromkeys(("pavement", "footpath", "street", "road"), ZoneKind.SIDEWALK),
    **dict.fromkeys(("garden", "lawn", "front_yard", "back_yard", "backyard"), ZoneKind.YARD),
    "other": None,  # means nothing to the rules
}
_OCCUPANCY = {
    **dict.fromkeys(("home", "occupied", "somebody", "someone"), Occupancy.HOME),
    **dict.fromkeys(("asleep", "sleeping"), Occupancy.ASLEEP),
    **dict.fromkeys(("away", "not_home", "empty", "nobody", "vacant"), Occupancy.AWAY),
}
_ARMED = {"disarmed": False, "off": False, "unknown": None}
# The C loader reads the same documents ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ScenarioError(Exception):
    """A file is not a valid scenario; the message names file and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scene and what is expected of it."""

    id: str
    description: str
    camera: str
    context: Context
    images: tuple[Image, ...]  # by capture time
    incident: bool
    levels: frozenset[RiskLevel]
    tags: tuple[str, ...] = ()  # the author's words for its kind


def read_all(folder: Path) -> tuple[Scenario, ...]:
    """Read every scenario below a folder, by path; raises ScenarioError."""
    files = sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml")))
    if not files:
        raise ScenarioError(f"there is no scenario in {folder}")
    return tuple(read(file) for file in files)


def read(file: Path) -> Scenario:
    """Read one scenario; raises ScenarioError."""
    try:
        text = file.read_text(encoding="utf-8")
        return _scenario(yaml.load(text, _LOADER))  # noqa: S506 - a safe loader
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as err:
        raise ScenarioError(f"{file}: {type(err).__name__}: {err}") from err


def _scenario(document: Mapping[str, object]) -> Scenario:
    camera = _mapping(document["camera"])
    around = _mapping(document.get("context"))
    zone = ZoneInfo(str(around.get("timezone", "UTC")))
    expected = _mapping(document["expected"])
    kind = str(expected["kind"])
    if kind not in {"incident", "benign"}:
        raise ValueError(f"expected.kind is {kind}, neither incident nor benign")
    levels = frozenset(RiskLevel(str(each)) for each in _list(expected["levels"]))
    if not levels:
        raise ValueError("expected.levels is empty")
    name = str(camera["name"])
    home = around.get("home")
    places = {name, *(str(_mapping(each)["name"]) for each in _list(camera.get("zones")))}
    return Scenario(
        id=str(document["id"]),
        description=str(document.get("description") or document.get("rationale", "")),
        camera=name,
        context=Context(
            time_zone=zone,
            zones=tuple(_zones(_list(camera.get("zones")))),
            placement=_placement(camera.get("placement"), name),
            armed=_armed(around.get("armed")),
            alarm=_alarm(around.get("armed")),
            occupancy=_occupancy(around.get("occupancy")),
            home_events=read_home_events(
                [_mapping(each) for each in _list(home)],
                frozenset(places),
                lambda value: _moment(value, zone),
            ),
            # A home whose author lists events would have reported the other kinds, too.
            reported=frozenset() if home is None else frozenset(HomeEventKind),
            usual={str(k): _number(v) for k, v in _mapping(around.get("usual")).items()},
            elsewhere=tuple(
                Elsewhere(
                    camera=str(each["camera"]),
                    at=_moment(each["at"], zone),
                    label=str(each["label"]),
                )
                for each in map(_mapping, _list(document.get("others")))
            ),
        ),
        images=_images(name, _list(document["images"]), zone),
        incident=kind == "incident",
        levels=levels,
        tags=tuple(str(each) for each in _list(document.get("tags"))),
    )


def _zones(items: Sequence[object]) -> list[Zone]:
    zones = []
    for item in map(_mapping, items):
        word = str(item["kind"]).lower().replace(" ", "_").replace("-", "_")
        if word not in _KINDS:
            raise ValueError(f"there is no kind of zone {word}")
        kind = _KINDS[word]
        if kind is None:
            continue
        corners = [_list(corner) for corner in _list(item["polygon"])]
        polygon = tuple((_number(x), _number(y)) for x, y in corners)
        zones.append(Zone(name=str(item["name"]), kind=kind, polygon=polygon))
    return zones


def _images(camera: str, items: Sequence[object], zone: tzinfo) -> tuple[Image, ...]:
    images = []
    for number, item in enumerate(map(_mapping, items), start=1):
        at = _moment(item["at"], zone)
        seen = tuple(_detection(_mapping(each)) for each in _list(item.get("detections")))
        images.append(
            Image(
                id=number,
                camera=camera,
                path=f"{number}.jpg",
                size=1,
                mtime_ns=0,
                captured_at=at,
                found_at=at,
                state=ImageState.DETECTED,
                detections=seen,
            )
        )
    return tuple(sorted(images, key=lambda image: image.captured_at))


def _detection(item: Mapping[str, object]) -> Detection:
    x1, y1, x2, y2 = (_number(each) for each in _list(item["box"]))
    return Detection(
        label=str(item["label"]),
        confidence=_number(item["confidence"]),
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
    )


def _moment(value: object, zone: tzinfo) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _armed(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    # Any word for a way of being armed: armed_away, home, night, vacation ...
    return _ARMED.get(str(value).lower(), True)


def _alarm(value: object) -> AlarmMode | None:
    if value is False:
        return AlarmMode.DISARMED
    word = str(value).lower()
    return AlarmMode(word) if word in AlarmMode else None


def _placement(value: object, name: str) -> Placement | None:
    return guess_placement(name) if value is None else Placement(str(value))


def _occupancy(value: object) -> Occupancy | None:
    if isinstance(value, list):
        return Occupancy.HOME if value else Occupancy.AWAY
    if isinstance(value, bool | int):
        return Occupancy.HOME if value else Occupancy.AWAY
    return None if value is None else _OCCUPANCY.get(str(value).lower())


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _mapping(value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a mapping")
    return value


def _list(value: object) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return value
