"""From a scenario's images to the events the core would make of them, and their facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.events.grouping import due_at, spans_of  # isort: skip
from hsi_core.risk.facts import FactSheet, build_fact_sheet  # isort: skip
from hsi_core.risk.facts import HISTORY  # isort: skip
from hsi_core.domain.settings import Settings  # isort: skip

from testbed.risk.scenarios import Scenario


def sheets(scenario: Scenario, settings: Settings | None = None) -> Iterator[FactSheet]:
    """Yield the facts of each event as they are when it closes."""
    settings = settings or Settings()
    for span in spans_of(scenario.images, settings):
        until = due_at(span, settings)
        until = max(until, span.last_activity_at + timedelta(seconds=settings.event_idle))
        yield build_fact_sheet(
            scenario.camera,
            [
                image
                for image in scenario.images
                if span.started_at - HISTORY <= image.captured_at <= until
            ],
            scenario.context,
            started_at=span.started_at,
        )
