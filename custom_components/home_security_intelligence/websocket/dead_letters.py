"""Commands that list, requeue and discard dead letters."""

from typing import Any, Final

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import (
    async_response,
    require_admin,
    websocket_command,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..const import DOMAIN
from ..core.domain.queries import DeadLetterQuery
from ..requests import async_get_entry, async_request
from ..serializers import dead_letter_json
from .event_json import camera_name
from .events import ENTRY

_MAX_JOB_ID: Final = 2**63 - 1
_JOB: Final = vol.All(int, vol.Range(min=1, max=_MAX_JOB_ID))
_SELECTION: Final = {
    **ENTRY,
    vol.Exclusive("job_ids", "selection"): vol.All([_JOB], vol.Length(min=1, max=1000)),
    vol.Exclusive("all", "selection"): True,
}


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/dead_letters",
        **ENTRY,
        vol.Optional("limit", default=50): vol.All(int, vol.Range(min=1, max=100)),
        vol.Optional("cursor"): cv.string,
    }
)
@async_response
async def list_dead_letters(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Return a page of dead letters, latest failure first."""
    entry = async_get_entry(hass, msg.get("entry_id"))
    query = DeadLetterQuery(limit=msg["limit"], cursor=msg.get("cursor"))
    page = await async_request(entry, lambda pipeline: pipeline.queries.list_dead_letters(query))
    connection.send_result(
        msg["id"],
        {
            "dead_letters": [
                {**dead_letter_json(letter), "camera_name": camera_name(entry, letter.camera)}
                for letter in page.items
            ],
            "total": page.total,
            "cursor": page.next_cursor,
        },
    )


@websocket_command({vol.Required("type"): f"{DOMAIN}/dead_letters/requeue", **_SELECTION})
@require_admin
@async_response
async def requeue_dead_letters(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Requeue dead letters by id, or all."""
    entry, job_ids = async_get_entry(hass, msg.get("entry_id")), _job_ids(msg)
    report = await async_request(
        entry, lambda pipeline: pipeline.dead_letters.requeue(job_ids=job_ids)
    )
    connection.send_result(
        msg["id"],
        {"requeued": report.requeued, "refused": report.refused, "refusal": report.refusal},
    )


@websocket_command({vol.Required("type"): f"{DOMAIN}/dead_letters/discard", **_SELECTION})
@require_admin
@async_response
async def discard_dead_letters(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Discard dead letters by id, or all."""
    entry, job_ids = async_get_entry(hass, msg.get("entry_id")), _job_ids(msg)
    count = await async_request(
        entry, lambda pipeline: pipeline.dead_letters.discard(job_ids=job_ids)
    )
    connection.send_result(msg["id"], {"discarded": count})


def _job_ids(msg: dict[str, Any]) -> list[int] | None:
    """Return the selected ids, None for all; without a selection nothing is selected."""
    return None if "all" in msg else msg.get("job_ids", [])
