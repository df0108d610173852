"""Checks what people type into the flows against the real thing, and says which field is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant

from ..bridge import async_check_database, async_server_health, reason_of
from ..camera_folders import FolderError, camera_folders
from ..const import CONF_CAMERA_ROOT, CONF_DATABASE
from ..core.domain.errors import (
    ClientError,
    CoreError,
    ServerAuthError,
    ServerCertificateError,
    StoreAuthError,
    StoreError,
    StoreMissingError,
    StorePermissionError,
    StoreUnreachableError,
)
from ..core.domain.inference import ServerHealth
from ..core.inference.url import normalize_url

_FIELDS: Mapping[type[CoreError], str] = {
    ServerAuthError: CONF_TOKEN,
    StoreAuthError: CONF_PASSWORD,
    StoreMissingError: CONF_DATABASE,
    StorePermissionError: CONF_USERNAME,
    StoreUnreachableError: CONF_HOST,
}


class CheckFailedError(Exception):
    """What was typed does not work; `errors` is what the form shows, by field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.errors = {field: reason}


class UnknownCertificateError(CheckFailedError):
    """Nobody vouches for the server's certificate; a person may, by its fingerprint."""

    def __init__(self, reason: str, fingerprint: str) -> None:
        super().__init__(CONF_URL, reason)
        self.fingerprint = fingerprint


async def async_check_server(hass: HomeAssistant, data: Mapping[str, Any]) -> ServerHealth:
    """Return the health of the inference server described; raises CheckFailedError."""
    try:
        normalize_url(data[CONF_URL])
    except ValueError as err:
        raise CheckFailedError(CONF_URL, "invalid_url") from err
    try:
        return await async_server_health(hass, data)
    except ServerCertificateError as err:
        raise UnknownCertificateError(reason_of(err), err.fingerprint) from err
    except ClientError as err:
        raise CheckFailedError(_FIELDS.get(type(err), CONF_URL), reason_of(err)) from err


async def async_check_store(data: Mapping[str, Any]) -> None:
    """Raise CheckFailedError unless the database described can be used."""
    try:
        await async_check_database(data)
    except StoreError as err:
        raise CheckFailedError(_FIELDS.get(type(err), "base"), reason_of(err)) from err


async def async_check_camera_root(hass: HomeAssistant, data: Mapping[str, Any]) -> list[str]:
    """Return the names of the folders below the camera root; raises CheckFailedError."""
    root = Path(data[CONF_CAMERA_ROOT])
    try:
        return await hass.async_add_executor_job(camera_folders, hass, root)
    except FolderError as err:
        raise CheckFailedError(CONF_CAMERA_ROOT, err.reason) from err
