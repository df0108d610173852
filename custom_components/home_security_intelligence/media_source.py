"""Media source platform: camera, day, event, images; with search by words."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, override
from urllib.parse import quote, unquote
from uuid import UUID

from homeassistant.components.media_player.browse_media import (
    BrowseMedia,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_player.const import MediaClass, MediaType
from homeassistant.components.media_source.error import MediaSourceError, Unresolvable
from homeassistant.components.media_source.models import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DEFAULT_TITLE, DOMAIN
from .coordinator import HsiConfigEntry
from .core.domain.models import Camera, Image, SecurityEvent
from .core.domain.queries import EventQuery
from .core.files.reader import content_type
from .image_urls import async_image_url
from .image_variant import Variant
from .requests import async_get_entry, async_request

MAX_EVENTS: Final = 500  # of a day or a search

_IMAGE_TYPE: Final = "image/jpeg"


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return the media source of all installations."""
    return HsiMediaSource(hass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the tree; each level needs those before it."""

    entry_id: str | None = None
    camera: str | None = None  # its folder
    day: date | None = None
    event_id: UUID | None = None
    image_id: int | None = None

    @property
    def identifier(self) -> str:
        """The place as part of a media id."""
        camera = None if self.camera is None else quote(self.camera, safe="")
        day = None if self.day is None else self.day.isoformat()
        parts = (self.entry_id, camera, day, self.event_id, self.image_id)
        return "/".join(str(part) for part in parts if part is not None)


class HsiMediaSource(MediaSource):
    """The recorded images, by camera, day and event."""

    name = DEFAULT_TITLE

    def __init__(self, hass: HomeAssistant) -> None:
        """Name the domain."""
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the signed path of an image; of an event its best one."""
        place = place_of(item.identifier)
        entry = self._entry(place)
        if place.event_id is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="media_unknown")
        image_id, mime_type = place.image_id, _IMAGE_TYPE
        try:
            images = await self._images(entry, place.event_id)
        except HomeAssistantError as err:
            raise Unresolvable(str(err)) from err
        if image_id is None:
            event = await async_request(
                entry, lambda pipeline: pipeline.queries.get_event(_given(place.event_id))
            )
            image_id = None if event is None else event.best_image_id
        for image in images:
            if image.id == image_id:
                mime_type = content_type(image.path)
                url = async_image_url(self._hass, entry, image_id)
                return PlayMedia(_given(url), mime_type)
        raise Unresolvable(translation_domain=DOMAIN, translation_key="media_unknown")

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return a place and what it contains."""
        place = place_of(item.identifier)
        try:
            if place.entry_id is None:
                entries: list[HsiConfigEntry] = self._hass.config_entries.async_loaded_entries(
                    DOMAIN
                )
                if len(entries) != 1:
                    return _folder(
                        Place(),
                        self.name,
                        [_folder(Place(entry_id=each.entry_id), each.title) for each in entries],
                    )
                place = Place(entry_id=entries[0].entry_id)
            return await self._browse(self._entry(place), place)
        except HomeAssistantError as err:
            raise err if isinstance(err, MediaSourceError) else MediaSourceError(str(err)) from err

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return the latest events below a place in which all words occur."""
        place = place_of(item.identifier)
        entry = self._entry(place)
        events = await self._events(entry, place, text=query.search_query)
        found: list[BrowseMedia] = [
            self._event(entry, place, event, with_day=True) for event in events
        ]
        return SearchMedia(result=found)

    async def _browse(self, entry: HsiConfigEntry, place: Place) -> BrowseMediaSource:
        if place.camera is None:
            cameras = await async_request(entry, lambda pipeline: pipeline.queries.list_cameras())
            return _folder(
                place,
                entry.title,
                [
                    _folder(Place(entry_id=entry.entry_id, camera=camera.folder), camera.name)
                    for camera in sorted(cameras, key=_name)
                ],
            )
        camera = place.camera
        if place.day is None:
            days = await async_request(entry, lambda pipeline: pipeline.queries.event_days(camera))
            return _folder(
                place,
                camera,
                [
                    _folder(Place(entry_id=entry.entry_id, camera=camera, day=day), day.isoformat())
                    for day in days
                ],
            )
        if place.event_id is None:
            events = await self._events(entry, place)
            shown = [self._event(entry, place, event, with_day=False) for event in events]
            return _folder(place, place.day.isoformat(), shown)
        event_id = place.event_id
        event = await async_request(entry, lambda pipeline: pipeline.queries.get_event(event_id))
        if event is None:
            raise MediaSourceError(translation_domain=DOMAIN, translation_key="media_unknown")
        folder = self._event(entry, place, event, with_day=False)
        folder.children = [
            self._image(entry, place, image) for image in await self._images(entry, event_id)
        ]
        folder.children_media_class = MediaClass.IMAGE
        return folder

    async def _events(
        self, entry: HsiConfigEntry, place: Place, *, text: str | None = None
    ) -> tuple[SecurityEvent, ...]:
        since = None if place.day is None else _midnight(place.day)
        query = EventQuery(
            camera=place.camera,
            since=since,
            until=None if place.day is None else _midnight(place.day + timedelta(days=1)),
            text=text,
            limit=MAX_EVENTS,
        )
        page = await async_request(entry, lambda pipeline: pipeline.queries.list_events(query))
        return page.items

    async def _images(self, entry: HsiConfigEntry, event_id: UUID) -> tuple[Image, ...]:
        return await async_request(entry, lambda pipeline: pipeline.queries.event_images(event_id))

    def _event(
        self, entry: HsiConfigEntry, place: Place, event: SecurityEvent, *, with_day: bool
    ) -> BrowseMediaSource:
        started = dt_util.as_local(event.started_at)
        moment = f"{started:%Y-%m-%d %H:%M:%S}" if with_day else f"{started:%H:%M:%S}"
        words = event.summary or event.narrative or ", ".join(event.labels)
        at = Place(
            entry_id=entry.entry_id,
            camera=event.camera,
            day=started.date(),
            event_id=event.id,
        )
        media = _folder(at, f"{moment} {words}")
        media.media_class = MediaClass.ALBUM
        media.thumbnail = async_image_url(self._hass, entry, event.best_image_id, Variant.THUMBNAIL)
        return media

    def _image(self, entry: HsiConfigEntry, place: Place, image: Image) -> BrowseMediaSource:
        at = Place(
            entry_id=entry.entry_id,
            camera=place.camera,
            day=place.day,
            event_id=place.event_id,
            image_id=image.id,
        )
        labels = ", ".join(sorted({each.label for each in image.detections}))
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=at.identifier,
            media_class=MediaClass.IMAGE,
            media_content_type=content_type(image.path),
            title=f"{dt_util.as_local(image.captured_at):%H:%M:%S} {labels}".strip(),
            can_play=True,
            can_expand=False,
            thumbnail=async_image_url(self._hass, entry, image.id, Variant.THUMBNAIL),
        )

    def _entry(self, place: Place) -> HsiConfigEntry:
        try:
            return async_get_entry(self._hass, place.entry_id)
        except HomeAssistantError as err:
            raise MediaSourceError(str(err)) from err


def place_of(identifier: str) -> Place:
    """Return the place of a media id; raises MediaSourceError if there cannot be one."""
    if not identifier:
        return Place()
    parts = identifier.split("/", 4)
    try:
        return Place(
            entry_id=parts[0],
            camera=unquote(parts[1]) if len(parts) > 1 else None,
            day=date.fromisoformat(parts[2]) if len(parts) > 2 else None,
            event_id=UUID(parts[3]) if len(parts) > 3 else None,
            image_id=int(parts[4]) if len(parts) > 4 else None,
        )
    except ValueError as err:
        raise MediaSourceError(translation_domain=DOMAIN, translation_key="media_unknown") from err


def _folder(
    place: Place, title: str, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=place.identifier or None,
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaType.IMAGE,
        title=title,
        can_play=False,
        can_expand=True,
        can_search=True,
        children=children,
    )


def _midnight(day: date) -> datetime:
    """Return the beginning of a local day."""
    return datetime.combine(day, time(), dt_util.get_default_time_zone())


def _name(camera: Camera) -> str:
    return camera.name.casefold()


def _given[T](value: T | None) -> T:
    if value is None:
        raise Unresolvable(translation_domain=DOMAIN, translation_key="media_unknown")
    return value
