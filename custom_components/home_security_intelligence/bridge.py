"""Adapter between Home Assistant and the core: build core objects from config entries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_TOKEN,
    CONF_URL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
    HomeAssistantError,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.ssl import client_context

from .const import (
    CONF_ALERT_COOLDOWN,
    CONF_CAMERA_ROOT,
    CONF_DATABASE,
    CONF_DATABASE_FINGERPRINT,
    CONF_FINGERPRINT,
    CONF_FOLDER,
    CONF_NEIGHBOURS,
    CONF_PARAMETERS,
    CONF_PLACEMENT,
    CONF_PRESENCE_HOLD,
    CONF_PRIVACY_MASKS,
    CONF_WATCHED_LABELS,
    CONF_ZONES,
    DOMAIN,
    SUBENTRY_CAMERA,
    SUBENTRY_SERVER,
)
from .core.domain.errors import CoreError, StoreAuthError, StoreCertificateError, StoreNewerError
from .core.domain.inference import ServerHealth
from .core.domain.models import Camera, RiskLevel
from .core.domain.placement import Placement
from .core.domain.settings import DECLARATIONS, Settings, changed
from .core.domain.shared_settings import Configured, SettingsSource
from .core.domain.zones import Corner, Zone, read_masks, read_zones
from .core.inference.client import InferenceClient
from .core.inference.url import normalize_url
from .core.pipeline.pipeline import Pipeline, PipelineConfig
from .core.store.address import read_query
from .core.store.engine import check
from .home_state import current_home

# Parameters of the direct connection past a connection pooler, and what they replace.
DIRECT_PARAMETERS = {"direct_host": "host", "direct_port": "port"}

# Shared settings that Home Assistant decides for all workers.
_OWN_SETTINGS = frozenset(
    name
    for name, declaration in DECLARATIONS.items()
    if declaration.shared and declaration.option is not None
) | {"time_zone"}


def settings_of(entry: ConfigEntry[Any]) -> Settings:
    """Return the core's defaults, changed by the entry's options; raises LevelBoundsError."""
    return settings_from(entry.options)


def settings_from(options: Mapping[str, Any]) -> Settings:
    """Return the core's defaults, changed by the options.

    Raises LevelBoundsError and EventLengthError for options that contradict each other.
    """
    values = {}
    for name, declaration in DECLARATIONS.items():
        option = declaration.option
        if option is None:
            continue
        chosen = options if option.section is None else options.get(option.section, {})
        if option.key in chosen:
            value = chosen[option.key]
            values[name] = frozenset(value) if isinstance(value, list) else value
    return changed(Settings(), values)


def zones_of(camera: ConfigSubentry) -> tuple[Zone, ...]:
    """Return a camera's zones, which the flow has validated."""
    return read_zones(camera.data.get(CONF_ZONES, []))


def camera_of(camera: ConfigSubentry) -> Camera:
    """Return the core's camera of a subentry; what is not set follows the settings."""
    data = camera.data
    placement = data.get(CONF_PLACEMENT)
    labels, neighbours = data.get(CONF_WATCHED_LABELS), data.get(CONF_NEIGHBOURS)
    return Camera(
        folder=data[CONF_FOLDER],
        name=data[CONF_NAME],
        zones=zones_of(camera),
        watched_labels=frozenset(labels) if labels else None,
        presence_hold=data.get(CONF_PRESENCE_HOLD),
        neighbours=frozenset(neighbours) if neighbours else None,
        privacy_masks=masks_of(camera),
        placement=None if placement is None else Placement(placement),
    )


def masks_of(camera: ConfigSubentry) -> tuple[tuple[Corner, ...], ...]:
    """Return a camera's privacy masks, which were validated when they were stored."""
    return read_masks(camera.data.get(CONF_PRIVACY_MASKS, []))


def cooldowns_of(entry: ConfigEntry[Any], folder: str) -> Mapping[RiskLevel, float]:
    """Return the seconds without a further alert of a camera after one of each level."""
    chosen: Mapping[str, float] = next(
        camera.data.get(CONF_ALERT_COOLDOWN, {})
        for camera in entry.get_subentries_of_type(SUBENTRY_CAMERA)
        if camera.data[CONF_FOLDER] == folder
    )
    default = settings_of(entry).alert_cooldown
    return {level: chosen.get(level, default) for level in RiskLevel}


@callback
def async_create_pipeline(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Pipeline:
    """Build the pipeline of a config entry; the caller starts it."""
    settings = changed(
        settings_of(entry),
        {"time_zone": hass.config.time_zone, "language": hass.config.language},
    )
    config = PipelineConfig(
        database_url=database_url(entry.data),
        camera_root=Path(entry.data[CONF_CAMERA_ROOT]),
        cameras=tuple(
            camera_of(subentry) for subentry in entry.get_subentries_of_type(SUBENTRY_CAMERA)
        ),
        settings=settings,
        configured=Configured(source=SettingsSource.HOME_ASSISTANT, names=_OWN_SETTINGS),
        ssl=client_context(),
        database_fingerprint=entry.data.get(CONF_DATABASE_FINGERPRINT),
        direct_database_url=direct_database_url(entry.data),
        home=current_home(hass, entry),
    )
    clients = [_client(hass, server, settings) for server in servers_of(entry)]
    return Pipeline(
        config,
        *clients,
        on_restart_needed=lambda: hass.config_entries.async_schedule_reload(entry.entry_id),
    )


def servers_of(entry: ConfigEntry[Any]) -> list[Mapping[str, Any]]:
    """Return address and token of each inference server, the entry's first server first."""
    added = [
        with_shared_token(entry, server.data)
        for server in entry.get_subentries_of_type(SUBENTRY_SERVER)
    ]
    # The first server's address may have been changed to that of a subentry.
    known: dict[str, Mapping[str, Any]] = {}
    for server in (entry.data, *added):
        known.setdefault(server_url(server), server)
    return list(known.values())


def server_url(data: Mapping[str, Any]) -> str:
    """Return the address that identifies a server in the health."""
    return normalize_url(data[CONF_URL])


def with_shared_token(entry: ConfigEntry[Any], server: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a subentry server's data; without a token it uses the first server's."""
    return {CONF_TOKEN: entry.data.get(CONF_TOKEN), **server}


async def async_server_health(hass: HomeAssistant, data: Mapping[str, Any]) -> ServerHealth:
    """Return the inference server's health; raises ClientError."""
    return await _client(hass, data, Settings()).health()


async def async_check_database(data: Mapping[str, Any]) -> None:
    """Raise StoreError unless the pipeline can use this database."""
    await check(
        database_url(data),
        ssl=client_context(),
        fingerprint=data.get(CONF_DATABASE_FINGERPRINT),
    )


def setup_error(err: CoreError) -> HomeAssistantError:
    """Return Home Assistant's setup error for an error of the pipeline's start."""
    match err:
        case StoreAuthError() | StoreCertificateError():
            kind: type[HomeAssistantError] = ConfigEntryAuthFailed
        case StoreNewerError():
            kind = ConfigEntryError
        case _:
            kind = ConfigEntryNotReady
    return kind(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"error": str(err)},
    )


def error_key(err: CoreError) -> str:
    """Return the translation key of an error."""
    # An instance may carry a server's own code; only the classes' codes are translated.
    return type(err).code


def database_url(data: Mapping[str, Any]) -> str:
    """Return the database's URL."""
    return _database_url(data, direct=False)


def direct_database_url(data: Mapping[str, Any]) -> str | None:
    """Return the URL of a direct connection past a connection pooler; None if there is none."""
    if not DIRECT_PARAMETERS.keys() & read_query(data.get(CONF_PARAMETERS) or "").keys():
        return None
    return _database_url(data, direct=True)


def _database_url(data: Mapping[str, Any], *, direct: bool) -> str:
    host = data[CONF_HOST].strip().removeprefix("[").removesuffix("]")
    parameters = {"host": host, "port": str(data[CONF_PORT])}
    if data[CONF_SSL]:
        parameters["sslmode"] = "verify-full"
    parameters |= read_query(data.get(CONF_PARAMETERS) or "")
    for name, replaced in DIRECT_PARAMETERS.items():
        value = parameters.pop(name, None)
        if direct and value is not None:
            parameters[replaced] = value
    login = ":".join(quote(data.get(key) or "", safe="") for key in (CONF_USERNAME, CONF_PASSWORD))
    database = quote(data[CONF_DATABASE], safe="")
    return f"postgresql://{login}@/{database}?{urlencode(parameters, quote_via=quote)}"


def _client(hass: HomeAssistant, data: Mapping[str, Any], settings: Settings) -> InferenceClient:
    return InferenceClient(
        async_get_clientsession(hass),
        normalize_url(data[CONF_URL]),
        data.get(CONF_TOKEN),
        settings=settings,
        fingerprint=data.get(CONF_FINGERPRINT),
    )
