"""The actions: list and mark events, manage dead letters, clean up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_device_and_config_entry,
    async_register_admin_service,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import CONF_FOLDER, DOMAIN, SUBENTRY_CAMERA
from .coordinator import HsiConfigEntry
from .core.domain.models import EventMark, FailureClass, JobKind, MissedMoment, RiskLevel
from .core.domain.queries import PAGE_LIMIT, DeadLetterQuery, EventQuery
from .devices import camera_identifier
from .requests import async_check_camera, async_get_entry, async_mark, async_request
from .serializers import cleanup_json, dead_letter_json, event_json, marked_json, missed_json

ATTR_ALL: Final = "all"
ATTR_AT: Final = "at"
ATTR_CAMERA: Final = "camera"
ATTR_CURSOR: Final = "cursor"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_EVENT_ID: Final = "event_id"
ATTR_FAILURE: Final = "failure"
ATTR_JOB_IDS: Final = "job_ids"
ATTR_KIND: Final = "kind"
ATTR_LABEL: Final = "label"
ATTR_LEVEL: Final = "level"
ATTR_LIMIT: Final = "limit"
ATTR_MARK: Final = "mark"
ATTR_NOTE: Final = "note"
ATTR_MIN_LEVEL: Final = "min_level"
ATTR_MIN_SCORE: Final = "min_score"
ATTR_SINCE: Final = "since"
ATTR_TEXT: Final = "text"
ATTR_UNTIL: Final = "until"

MAX_LIMIT: Final = 500
NO_MARK: Final = "none"
MAX_TEXT: Final = 200  # characters
MAX_NOTE: Final = 1000  # characters
MAX_JOB_ID: Final = 2**63 - 1


class Action(StrEnum):
    """The names of the actions."""

    LIST_EVENTS = "list_events"
    GET_EVENT = "get_event"
    DAILY_SUMMARY = "daily_summary"
    CAPTURE = "capture"
    MARK_EVENT = "mark_event"
    LIST_DEAD_LETTERS = "list_dead_letters"
    REQUEUE_DEAD_LETTERS = "requeue_dead_letters"
    DISCARD_DEAD_LETTERS = "discard_dead_letters"
    CLEAN_UP = "clean_up"


_TARGET = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Exclusive(ATTR_DEVICE_ID, ATTR_CAMERA): cv.string,
    vol.Exclusive(ATTR_CAMERA, ATTR_CAMERA): cv.string,
}
_PAGE = {
    vol.Optional(ATTR_LIMIT, default=PAGE_LIMIT): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=MAX_LIMIT)
    ),
    vol.Optional(ATTR_CURSOR): cv.string,
}
_FILTER = {
    vol.Optional(ATTR_KIND): vol.Coerce(JobKind),
    vol.Optional(ATTR_FAILURE): vol.Coerce(FailureClass),
}

LIST_EVENTS_SCHEMA = vol.Schema(
    {
        **_TARGET,
        **_PAGE,
        vol.Optional(ATTR_SINCE): cv.datetime,
        vol.Optional(ATTR_UNTIL): cv.datetime,
        vol.Optional(ATTR_MIN_SCORE): vol.All(vol.Coerce(int), vol.Range(min=0, max=100)),
        vol.Optional(ATTR_LEVEL): vol.Coerce(RiskLevel),
        vol.Optional(ATTR_MIN_LEVEL): vol.Coerce(RiskLevel),
        vol.Optional(ATTR_TEXT): vol.All(cv.string, vol.Length(max=MAX_TEXT)),
        vol.Optional(ATTR_LABEL): cv.string,
        vol.Optional(ATTR_MARK): vol.Coerce(EventMark),
    }
)
MARK_EVENT_SCHEMA = vol.Schema(
    {
        **_TARGET,
        vol.Optional(ATTR_EVENT_ID): vol.Coerce(UUID),
        vol.Optional(ATTR_AT): cv.datetime,
        vol.Required(ATTR_MARK): vol.Any(NO_MARK, vol.Coerce(EventMark)),
        vol.Optional(ATTR_NOTE): vol.All(cv.string, vol.Length(max=MAX_NOTE)),
    }
)
LIST_DEAD_LETTERS_SCHEMA = vol.Schema({**_TARGET, **_PAGE, **_FILTER})
SELECT_DEAD_LETTERS_SCHEMA = vol.Schema(
    {
        **_TARGET,
        **_FILTER,
        vol.Optional(ATTR_JOB_IDS): vol.All(
            cv.ensure_list, [vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_JOB_ID))]
        ),
        vol.Optional(ATTR_ALL, default=False): cv.boolean,
    }
)
CLEAN_UP_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_DRY_RUN, default=True): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; only administrators may requeue, discard and clean up."""
    for name, handler, schema in (
        (Action.LIST_EVENTS, _list_events, LIST_EVENTS_SCHEMA),
        (Action.LIST_DEAD_LETTERS, _list_dead_letters, LIST_DEAD_LETTERS_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema, SupportsResponse.ONLY)
    hass.services.async_register(
        DOMAIN, Action.MARK_EVENT, _mark_event, MARK_EVENT_SCHEMA, SupportsResponse.OPTIONAL
    )
    for name, handler, schema in (
        (Action.REQUEUE_DEAD_LETTERS, _requeue_dead_letters, SELECT_DEAD_LETTERS_SCHEMA),
        (Action.DISCARD_DEAD_LETTERS, _discard_dead_letters, SELECT_DEAD_LETTERS_SCHEMA),
        (Action.CLEAN_UP, _clean_up, CLEAN_UP_SCHEMA),
    ):
        async_register_admin_service(hass, DOMAIN, name, handler, schema, SupportsResponse.OPTIONAL)


async def _list_events(call: ServiceCall) -> ServiceResponse:
    entry, camera = await _async_target(call)
    query = EventQuery(
        camera=camera,
        since=_utc(call.data, ATTR_SINCE),
        until=_utc(call.data, ATTR_UNTIL),
        min_score=call.data.get(ATTR_MIN_SCORE),
        level=call.data.get(ATTR_LEVEL),
        min_level=call.data.get(ATTR_MIN_LEVEL),
        text=call.data.get(ATTR_TEXT, "").strip() or None,
        label=call.data.get(ATTR_LABEL),
        mark=call.data.get(ATTR_MARK),
        limit=call.data[ATTR_LIMIT],
        cursor=call.data.get(ATTR_CURSOR),
    )
    page = await async_request(entry, lambda pipeline: pipeline.queries.list_events(query))
    best = [event.best_image_id for event in page.items if event.best_image_id is not None]
    damaged = await async_request(entry, lambda pipeline: pipeline.queries.image_damage(best))
    missed: Sequence[MissedMoment] = ()
    if query.mark is EventMark.MISSED and query.cursor is None:
        missed = await async_request(entry, lambda pipeline: pipeline.queries.missed_moments(query))
    return {
        "missed_moments": [missed_json(moment) for moment in missed],
        "events": [event_json(event, damaged) for event in page.items],
        "total": page.total,
        "total_is_exact": page.total_is_exact,
        "next_cursor": page.next_cursor,
    }


async def _mark_event(call: ServiceCall) -> ServiceResponse:
    entry, camera = await _async_target(call)
    mark: EventMark | None = None if call.data[ATTR_MARK] == NO_MARK else call.data[ATTR_MARK]
    match call.data.get(ATTR_EVENT_ID), camera, _utc(call.data, ATTR_AT):
        case UUID() as event_id, None, None:
            return marked_json(await async_mark(entry, event_id, mark, call.data.get(ATTR_NOTE)))
        case None, str(), datetime() as at if mark is EventMark.MISSED:
            return marked_json(
                await async_request(
                    entry, lambda pipeline: pipeline.feedback.mark_missed(camera, at)
                )
            )
        case None, str(), datetime() as at if mark is None:
            count = await async_request(
                entry, lambda pipeline: pipeline.feedback.take_back_missed(camera, at)
            )
            return {"taken_back": count}
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="mark_unclear")


async def _list_dead_letters(call: ServiceCall) -> ServiceResponse:
    entry, camera = await _async_target(call)
    query = DeadLetterQuery(
        camera=camera,
        kind=call.data.get(ATTR_KIND),
        failure=call.data.get(ATTR_FAILURE),
        limit=call.data[ATTR_LIMIT],
        cursor=call.data.get(ATTR_CURSOR),
    )
    page = await async_request(entry, lambda pipeline: pipeline.queries.list_dead_letters(query))
    return {
        "dead_letters": [dead_letter_json(letter) for letter in page.items],
        "total": page.total,
        "next_cursor": page.next_cursor,
    }


async def _requeue_dead_letters(call: ServiceCall) -> ServiceResponse:
    entry, camera = await _async_target(call)
    job_ids, query = _selection(call.data, camera)
    report = await async_request(
        entry, lambda pipeline: pipeline.dead_letters.requeue(job_ids=job_ids, query=query)
    )
    return {
        "requeued": report.requeued,
        "refused": report.refused,
        "refusal": report.refusal,
    }


async def _discard_dead_letters(call: ServiceCall) -> ServiceResponse:
    entry, camera = await _async_target(call)
    job_ids, query = _selection(call.data, camera)
    count = await async_request(
        entry, lambda pipeline: pipeline.dead_letters.discard(job_ids=job_ids, query=query)
    )
    return {"discarded": count}


async def _clean_up(call: ServiceCall) -> ServiceResponse:
    entry = async_get_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
    dry_run: bool = call.data[ATTR_DRY_RUN]
    report = await async_request(
        entry, lambda pipeline: pipeline.cleanup.delete_expired(dry_run=dry_run)
    )
    return cleanup_json(report)


async def _async_target(call: ServiceCall) -> tuple[HsiConfigEntry, str | None]:
    """Return the entry, and the folder of the camera if the call names one."""
    entry: HsiConfigEntry
    if ATTR_DEVICE_ID not in call.data:
        entry = async_get_entry(call.hass, call.data.get(ATTR_CONFIG_ENTRY_ID))
        folder: str | None = call.data.get(ATTR_CAMERA)
        if folder is not None:
            await async_check_camera(entry, folder)
        return entry, folder
    device, entry = async_get_device_and_config_entry(call.hass, DOMAIN, call.data[ATTR_DEVICE_ID])
    for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        if camera_identifier(entry, camera) in device.identifiers:
            return entry, camera.data[CONF_FOLDER]
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="device_is_no_camera",
        translation_placeholders={"device": device.name_by_user or device.name or device.id},
    )


def _selection(
    data: Mapping[str, Any], camera: str | None
) -> tuple[list[int] | None, DeadLetterQuery | None]:
    """Return the selected job ids or filter; raises unless the selection is made in one way."""
    query = DeadLetterQuery(camera=camera, kind=data.get(ATTR_KIND), failure=data.get(ATTR_FAILURE))
    filtered = query != DeadLetterQuery()
    job_ids: list[int] | None = data.get(ATTR_JOB_IDS)
    if [job_ids is not None, filtered, data[ATTR_ALL]].count(True) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="selection_unclear")
    return job_ids, query if filtered else None


def _utc(data: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time in UTC; without a time zone it is the home's local time."""
    return dt_util.as_utc(data[key]) if key in data else None
