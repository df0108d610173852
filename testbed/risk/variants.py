"""The same scenes with less known: what a home without zones, alarm or home events would judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.context import HomeEventKind  # isort: skip
from hsi_core.domain.models import Image  # isort: skip

from testbed.risk.scenarios import Scenario

Change: TypeAlias = Callable[[Scenario], Scenario]

PARCELS: Final = frozenset({"package", "parcel", "box"})  # not among the labels of COCO
SLOW: Final = timedelta(seconds=5)  # between two images of a slow camera
_ALARM: Final = frozenset({HomeEventKind.ARMED, HomeEventKind.DISARMED})


def unchanged(scene: Scenario) -> Scenario:
    """Return the scene as its author wrote it."""
    return scene


def without_home_events(scene: Scenario) -> Scenario:
    """Return the scene in a home that reports nothing."""
    return replace(
        scene, context=replace(scene.context, home_events=(), reported=frozenset[HomeEventKind]())
    )


def default_labels(scene: Scenario) -> Scenario:
    """Return the scene as a detector sees it that knows no parcels."""
    return _with_images(
        scene,
        [
            replace(
                image,
                detections=tuple(each for each in image.detections if each.label not in PARCELS),
            )
            for image in scene.images
        ],
    )


def without_zones(scene: Scenario) -> Scenario:
    """Return the scene with no zones drawn."""
    return replace(scene, context=replace(scene.context, zones=()))


def without_placement(scene: Scenario) -> Scenario:
    """Return the scene of a camera whose placement is unknown."""
    return replace(scene, context=replace(scene.context, placement=None))


def without_alarm(scene: Scenario) -> Scenario:
    """Return the scene in a home without an alarm."""
    context = scene.context
    return replace(
        scene,
        context=replace(
            context,
            armed=None,
            alarm=None,
            home_events=tuple(each for each in context.home_events if each.kind not in _ALARM),
            reported=context.reported - _ALARM,
        ),
    )


def without_occupancy(scene: Scenario) -> Scenario:
    """Return the scene in a home whose occupancy is unknown."""
    return replace(scene, context=replace(scene.context, occupancy=None))


def without_usual_rates(scene: Scenario) -> Scenario:
    """Return the scene in a home that has learned nothing yet."""
    return replace(scene, context=replace(scene.context, usual={}))


def one_image(scene: Scenario) -> Scenario:
    """Return only the first image with a person, or else with anything."""
    found = [each for each in scene.images if "person" in {d.label for d in each.detections}]
    found = found or [each for each in scene.images if each.detections]
    return _with_images(scene, found[:1])


def slow_camera(scene: Scenario) -> Scenario:
    """Return the scene at no more than 0.2 images a second."""
    kept: list[Image] = []
    for image in scene.images:
        if not kept or image.captured_at - kept[-1].captured_at >= SLOW:
            kept.append(image)
    return _with_images(scene, kept)


def both(first: Change, second: Change) -> Change:
    """Return a change that makes both."""
    return lambda scene: second(first(scene))


VARIANTS: Final[Mapping[str, Change]] = {
    "everything": unchanged,
    "without home events": without_home_events,
    "labels of the default weights": default_labels,
    "default labels, without home events": both(default_labels, without_home_events),
    "without zones": without_zones,
    "without placement": without_placement,
    "without alarm": without_alarm,
    "without occupancy": without_occupancy,
    "without usual rates": without_usual_rates,
    "one image only": one_image,
    "0.2 images/s": slow_camera,
}


def _with_images(scene: Scenario, images: list[Image]) -> Scenario:
    return replace(scene, images=tuple(images))
