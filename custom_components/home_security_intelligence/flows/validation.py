"""Check the flows' input against the real server, database and folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SSL,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant

from ..bridge import async_check_database, async_server_health, error_key
from ..camera_folders import FolderError, async_call, camera_folders
from ..const import (
    CONF_CAMERA_ROOT,
    CONF_DATABASE,
    CONF_DATABASE_FINGERPRINT,
    CONF_FINGERPRINT,
    CONF_PARAMETERS,
)
from ..core.domain.errors import (
    ClientError,
    CoreError,
    ServerAuthError,
    ServerCertificateError,
    StoreAuthError,
    StoreCertificateChangedError,
    StoreCertificateError,
    StoreError,
    StoreMissingError,
    StoreParameterError,
    StorePermissionError,
    StoreTlsError,
    StoreTlsRequiredError,
    StoreUnreachableError,
    StoreUserError,
)
from ..core.domain.inference import ServerHealth
from ..core.inference.certificate import format_fingerprint
from ..core.inference.url import normalize_url
from ..core.watch.ignored_names import IgnoredNames
from ..detectors import BROKEN

_FIELDS: Mapping[type[CoreError], str] = {
    ServerAuthError: CONF_TOKEN,
    StoreAuthError: CONF_PASSWORD,
    StoreMissingError: CONF_DATABASE,
    StorePermissionError: CONF_USERNAME,
    StoreUserError: CONF_USERNAME,
    StoreParameterError: CONF_PARAMETERS,
    StoreTlsError: CONF_SSL,
    StoreTlsRequiredError: CONF_SSL,
    StoreCertificateError: CONF_SSL,
    StoreCertificateChangedError: CONF_SSL,
    StoreUnreachableError: CONF_HOST,
}


class CheckFailedError(Exception):
    """The input does not work.

    `errors` maps a form field to a translation key, which uses the `placeholders`.
    """

    def __init__(
        self, field: str, reason: str, *, placeholders: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason)
        self.errors = {field: reason}
        self.placeholders = placeholders or {}


class UnknownCertificateError(CheckFailedError):
    """A certificate is not trusted; the user may confirm its fingerprint.

    `stored_as` is the key of the confirmed fingerprint in the entry's data.
    """

    def __init__(
        self, field: str, reason: str, *, fingerprint: str, stored_as: str = CONF_FINGERPRINT
    ) -> None:
        super().__init__(field, reason)
        self.fingerprint = fingerprint
        self.stored_as = stored_as


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCertificate:
    """A certificate that the user has to confirm, and the input to continue with."""

    user_input: Mapping[str, Any]
    fingerprint: str  # SHA-256, hex
    stored_as: str = CONF_FINGERPRINT

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of the confirmation form."""
        return {"fingerprint": format_fingerprint(self.fingerprint)}

    @property
    def confirmed_input(self) -> dict[str, Any]:
        """Return the input with the certificate confirmed."""
        return {**self.user_input, self.stored_as: self.fingerprint}


async def async_check_server(hass: HomeAssistant, data: Mapping[str, Any]) -> ServerHealth:
    """Return the inference server's health; raises CheckFailedError."""
    try:
        normalize_url(data[CONF_URL])
    except ValueError as err:
        raise CheckFailedError(CONF_URL, "invalid_url") from err
    try:
        return await async_server_health(hass, data)
    except ServerCertificateError as err:
        raise UnknownCertificateError(
            CONF_URL, error_key(err), fingerprint=err.fingerprint
        ) from err
    except ClientError as err:
        raise CheckFailedError(_FIELDS.get(type(err), CONF_URL), error_key(err)) from err


def check_detector(health: ServerHealth) -> None:
    """Raise CheckFailedError unless the server's detector is ready or loading."""
    if health.detector.state in BROKEN:
        error = health.detector.error or health.detector.state.value
        raise CheckFailedError(CONF_URL, "detector_failed", placeholders={"error": error})


async def async_check_store(data: Mapping[str, Any]) -> None:
    """Raise CheckFailedError unless the database can be used."""
    try:
        await async_check_database(data)
    except StoreError as err:
        field, reason = _FIELDS.get(type(err), "base"), error_key(err)
        if isinstance(err, StoreCertificateError) and err.fingerprint is not None:
            raise UnknownCertificateError(
                field, reason, fingerprint=err.fingerprint, stored_as=CONF_DATABASE_FINGERPRINT
            ) from err
        raise CheckFailedError(field, reason, placeholders={"error": str(err)}) from err


async def async_check_camera_root(hass: HomeAssistant, data: Mapping[str, Any]) -> list[str]:
    """Return the names of the folders below the camera root; raises CheckFailedError."""
    root = Path(data[CONF_CAMERA_ROOT])
    try:
        return await async_call(hass, root, camera_folders, hass, root, IgnoredNames())
    except FolderError as err:
        raise CheckFailedError(CONF_CAMERA_ROOT, err.reason) from err
