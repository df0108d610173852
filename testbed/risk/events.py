"""From a scenario's images to the events the core would make of them, and their facts."""

from __future__ import annotations

from collections.abc import Iterator

import testbed.core  # noqa: F401 # registers hsi_core

from hsi_core.events.placement import images_of, spans_of  # isort: skip
from hsi_core.risk.facts import FactSheet, build_fact_sheet  # isort: skip
from hsi_core.risk.facts import HISTORY  # isort: skip
from hsi_core.domain.settings import Settings  # isort: skip

from testbed.risk.scenarios import Scenario


def sheets(scenario: Scenario, settings: Settings | None = None) -> Iterator[FactSheet]:
    """Yield the facts of each event as they are when it closes."""
    settings = settings or Settings()
    for span in spans_of(scenario.images, settings):
        since = span.started_at - HISTORY
        recent = [image for image in scenario.images if image.captured_at >= since]
        own, history = images_of(span, recent, settings)
        yield build_fact_sheet(scenario.camera, own, history, scenario.context)
