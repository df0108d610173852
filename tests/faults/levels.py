"""Whether each stored level is that of the rules over the stored images."""

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.queries import EventQuery
from hsi_core.domain.settings import Settings
from hsi_core.events.event_judge import rules_factors
from hsi_core.events.judge import judge_event
from hsi_core.store import event_list, events
from hsi_core.store.engine import begin, connect

_LIMIT = 10_000  # events


async def find_wrong_levels(url: str, settings: Settings) -> list[str]:
    """Return the events whose level, score or factors are not what the rules find again."""
    engine = await connect(url, application_name="tests")
    wrong: list[str] = []
    try:
        async with begin(engine) as connection:
            found = await event_list.find(connection, EventQuery(limit=_LIMIT))
            for event in found.items:
                context = await events.context_of(connection, event.id)
                judged = await judge_event(connection, event, context, settings, as_stored=True)
                expected = judged and (
                    judged.verdict.level,
                    judged.verdict.score,
                    judged.verdict.factors,
                    event.image_count,
                )
                stored = (
                    event.risk_level,
                    event.provisional_score,
                    rules_factors(event),
                    event.judged_images,
                )
                if stored != expected:
                    wrong.append(
                        f"a level that is not that of the rules: event {event.id} has {stored}, "
                        f"the rules find {expected}"
                    )
    finally:
        await engine.dispose()
    return wrong
