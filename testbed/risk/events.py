"""From a scenario's images to the events the core would make of them, and their facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.domain.context import Context  # isort: skip
from hsi_core.events.placement import images_of, spans_of  # isort: skip
from hsi_core.risk.facts import FactSheet, build_fact_sheet  # isort: skip
from hsi_core.risk.facts import HISTORY  # isort: skip
from hsi_core.risk.scene_cache import SceneCache  # isort: skip
from hsi_core.domain.settings import Settings  # isort: skip

from testbed.risk.scenarios import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event as it stands when one of its images has arrived."""

    event: int  # of the scenario, from 0
    image: int  # of the scenario, from 1
    at: datetime
    sheet: FactSheet


def sheets(scenario: Scenario, settings: Settings | None = None) -> Iterator[FactSheet]:
    """Yield the facts of each event as they are when it closes."""
    settings = settings or Settings()
    for span in spans_of(scenario.images, settings):
        since = span.started_at - HISTORY
        recent = [image for image in scenario.images if image.captured_at >= since]
        own, history = images_of(span, recent, settings)
        yield build_fact_sheet(scenario.camera, own, history, scenario.context)


def moments(scenario: Scenario, settings: Settings | None = None) -> Iterator[Moment]:
    """Yield the facts of the event in progress with each image, as the pipeline judges it live.

    What the home and the other cameras report later than an image is not known at that image.
    """
    settings = settings or Settings()
    scenes = SceneCache()
    for number, image in enumerate(scenario.images, start=1):
        seen = scenario.images[:number]
        spans = spans_of(seen, settings)
        if not spans:
            continue
        since = spans[-1].started_at - HISTORY
        recent = [each for each in seen if each.captured_at >= since]
        own, history = images_of(spans[-1], recent, settings)
        if own[-1] is not image:  # the event is over
            continue
        context = context_until(scenario.context, image.captured_at)
        yield Moment(
            event=len(spans) - 1,
            image=number,
            at=image.captured_at,
            sheet=build_fact_sheet(scenario.camera, own, history, context, scenes=scenes),
        )


def context_until(context: Context, moment: datetime) -> Context:
    """Return what is known around an event up to a moment."""
    return replace(
        context,
        home_events=tuple(each for each in context.home_events if each.at <= moment),
        elsewhere=tuple(each for each in context.elsewhere if each.at <= moment),
    )
