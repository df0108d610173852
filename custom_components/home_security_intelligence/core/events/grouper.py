"""Grouping of images into events in the database; judging follows once the images are stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from ..domain.models import Camera, Image
from ..domain.settings import Settings
from ..risk.facts import HISTORY
from ..store import events
from ..store.contexts import context_from
from ..store.transaction import Transaction
from .context_provider import ContextProvider
from .event_batch import EventBatch, Observation
from .event_judge import EventChange


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingResult:
    """The event id of each grouped image, by image id, and the events to judge."""

    event_ids: Mapping[int, UUID]
    changes: tuple[EventChange, ...]


class EventGrouper:
    """Group images into events; the caller holds their cameras' locks."""

    def __init__(
        self,
        settings: Settings,
        context_provider: ContextProvider,
        *,
        new_id: Callable[[], UUID],
    ) -> None:
        self._settings = settings
        self._context_provider = context_provider
        self._new_id = new_id

    async def add(
        self, transaction: Transaction, images: Sequence[Image], cameras: Mapping[str, Camera]
    ) -> GroupingResult:
        """Open, extend or backfill events, by capture time.

        An image without a watched label belongs to no event, and is evidence on those around it.
        The caller stores the event ids and has the changed events judged.
        """
        connection = transaction.connection
        known = await events.find_near(
            connection,
            [(image.camera, image.captured_at) for image in images],
            within=timedelta(seconds=self._settings.event_idle),
            longest=timedelta(seconds=self._settings.event_window),
            ahead=HISTORY,
        )
        batch = EventBatch(known, self._settings, history=HISTORY, new_id=self._new_id)
        for image in sorted(images, key=lambda image: (image.captured_at, image.id)):
            seen = _observation(image, cameras[image.camera], self._settings)
            if seen is None:
                batch.note(image)
            else:
                batch.add(seen)
        # Ended events are stored first: a camera may have only one open event.
        stored = await events.update_grouped(connection, batch.changed) if batch.changed else {}
        contexts = {
            one.event.id: await self._context_provider.context_at(
                connection, cameras[one.event.camera], one.event.started_at
            )
            for one in batch.new
        }
        if batch.new:
            await events.add(connection, [(one, contexts[one.event.id]) for one in batch.new])
        return GroupingResult(
            event_ids=batch.event_ids,
            changes=tuple(
                EventChange(
                    before=before,
                    event=stored.get(one.event.id, one.event),
                    context=contexts.get(one.event.id) or context_from(one.context),
                )
                for before, one in batch.to_judge
            ),
        )


def _observation(image: Image, camera: Camera, settings: Settings) -> Observation | None:
    labels = settings.watched_labels if camera.watched_labels is None else camera.watched_labels
    watched = [seen for seen in image.detections if seen.label in labels]
    if not watched:
        return None
    return Observation(
        image=image,
        labels=frozenset(seen.label for seen in watched),
        confidence=max(seen.confidence for seen in watched),
    )
