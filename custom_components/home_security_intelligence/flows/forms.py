"""The forms of the flows, each defined once."""

from typing import Final

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
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import (
    CONF_ALARM,
    CONF_CAMERA_ROOT,
    CONF_CAMERAS,
    CONF_CONFIDENCE_THRESHOLD,
    CONF_CORNERS,
    CONF_CRITICAL_FROM,
    CONF_DATABASE,
    CONF_EVENT_IDLE,
    CONF_EVENT_WINDOW,
    CONF_FAST_PATH_CONFIDENCE,
    CONF_FOLDER,
    CONF_HIGH_FROM,
    CONF_KIND,
    CONF_MEDIUM_FROM,
    CONF_ORIGINAL_DAYS,
    CONF_ORIGINAL_GIGABYTES,
    CONF_PICTURES_TO_MODEL,
    CONF_POLLING_INTERVAL,
    CONF_RESIDENTS,
    CONF_RETENTION_DAYS,
    CONF_WATCH_POLLING,
    CONF_ZONES,
    DEFAULT_CAMERA_ROOT,
    DEFAULT_DATABASE,
    DEFAULT_DATABASE_PORT,
    DEFAULT_SERVER_URL,
    RESIDENT_DOMAINS,
    SECTION_FINDING,
    SECTION_HOME,
    SECTION_KEEPING,
    SECTION_LEVELS,
)
from ..core.domain.settings import POLLING_RANGE, RETENTION_RANGE, Settings
from ..core.domain.zones import ZoneKind

_TEXT = TextSelector()
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_PORT = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, step=1, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)
_SCORE = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=100, step=1, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)
_CONFIDENCE = NumberSelector(
    NumberSelectorConfig(min=0.05, max=1, step=0.01, mode=NumberSelectorMode.SLIDER)
)
_DAYS = NumberSelector(
    NumberSelectorConfig(
        min=RETENTION_RANGE[0],
        max=RETENTION_RANGE[1],
        step=1,
        unit_of_measurement="d",
        mode=NumberSelectorMode.BOX,
    )
)
_GIGABYTES = NumberSelector(
    NumberSelectorConfig(
        min=0, max=1_000_000, step=0.1, unit_of_measurement="GB", mode=NumberSelectorMode.BOX
    )
)
_POLLING_INTERVAL = NumberSelector(
    NumberSelectorConfig(
        min=POLLING_RANGE[0],
        max=POLLING_RANGE[1],
        step=0.1,
        unit_of_measurement="s",
        mode=NumberSelectorMode.BOX,
    )
)
# Home Assistant translates no options in the dialog of an object's fields.
ZONE_KINDS: Final = {
    ZoneKind.ENTRY_POINT: "Entry point: a door, a gate, a window",
    ZoneKind.DRIVEWAY: "Driveway",
    ZoneKind.SIDEWALK: "Sidewalk: public ground",
    ZoneKind.YARD: "Yard",
    ZoneKind.RESTRICTED: "Restricted: nobody should be here, such as a pool or a roof",
}
_ZONES = ObjectSelector(
    ObjectSelectorConfig(
        multiple=True,
        label_field=CONF_NAME,
        description_field=CONF_CORNERS,
        translation_key="zone",
        fields={
            CONF_NAME: ObjectSelectorField(required=True, selector=_TEXT),
            CONF_KIND: ObjectSelectorField(
                required=True,
                selector=SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            SelectOptionDict(value=kind.value, label=label)
                            for kind, label in ZONE_KINDS.items()
                        ],
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                ),
            ),
            CONF_CORNERS: ObjectSelectorField(required=True, selector=_TEXT),
        },
    )
)
_SETTINGS = Settings()

SERVER: Final = vol.Schema(
    {
        vol.Required(CONF_URL, default=DEFAULT_SERVER_URL): _URL,
        vol.Optional(CONF_TOKEN): _SECRET,
    }
)
DATABASE: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): _TEXT,
        vol.Required(CONF_PORT, default=DEFAULT_DATABASE_PORT): _PORT,
        vol.Required(CONF_DATABASE, default=DEFAULT_DATABASE): _TEXT,
        vol.Required(CONF_USERNAME): _TEXT,
        vol.Required(CONF_PASSWORD): _SECRET,
        vol.Required(CONF_SSL, default=False): BooleanSelector(),
    }
)
# Reconfiguring shows what is stored but for the password; left empty it stays as it is.
STORED_DATABASE: Final = vol.Schema(
    {
        **{key: value for key, value in DATABASE.schema.items() if key != CONF_PASSWORD},
        vol.Optional(CONF_PASSWORD): _SECRET,
    }
)
CAMERA_ROOT: Final = vol.Schema(
    {vol.Required(CONF_CAMERA_ROOT, default=DEFAULT_CAMERA_ROOT): _TEXT}
)
SECRETS: Final = vol.Schema(
    {vol.Optional(CONF_TOKEN): _SECRET, vol.Optional(CONF_PASSWORD): _SECRET}
)
CAMERA: Final = vol.Schema({vol.Required(CONF_NAME): _TEXT, vol.Optional(CONF_ZONES): _ZONES})
HOME: Final = vol.Schema(
    {
        vol.Optional(CONF_ALARM): EntitySelector(
            EntitySelectorConfig(domain="alarm_control_panel")
        ),
        vol.Optional(CONF_RESIDENTS): EntitySelector(
            EntitySelectorConfig(domain=RESIDENT_DOMAINS, multiple=True)
        ),
    }
)
LEVELS: Final = vol.Schema(
    {
        vol.Required(CONF_MEDIUM_FROM, default=_SETTINGS.risk_bands.medium): _SCORE,
        vol.Required(CONF_HIGH_FROM, default=_SETTINGS.risk_bands.high): _SCORE,
        vol.Required(CONF_CRITICAL_FROM, default=_SETTINGS.risk_bands.critical): _SCORE,
        vol.Required(
            CONF_PICTURES_TO_MODEL, default=_SETTINGS.pictures_to_model
        ): BooleanSelector(),
    }
)
KEEPING: Final = vol.Schema(
    {
        vol.Required(CONF_RETENTION_DAYS, default=_SETTINGS.retention_days): _DAYS,
        vol.Required(CONF_ORIGINAL_DAYS, default=_SETTINGS.original_days): _DAYS,
        # The standard is no limit, and none is none in any unit.
        vol.Required(CONF_ORIGINAL_GIGABYTES, default=_SETTINGS.original_bytes): _GIGABYTES,
    }
)
FINDING: Final = vol.Schema(
    {
        vol.Required(CONF_WATCH_POLLING, default=_SETTINGS.watch_polling): BooleanSelector(),
        vol.Required(CONF_POLLING_INTERVAL, default=_SETTINGS.polling_interval): _POLLING_INTERVAL,
    }
)
OPTIONS: Final = vol.Schema(
    {
        vol.Required(
            CONF_CONFIDENCE_THRESHOLD, default=_SETTINGS.confidence_threshold
        ): _CONFIDENCE,
        vol.Required(CONF_EVENT_IDLE, default=_SETTINGS.event_idle): NumberSelector(
            NumberSelectorConfig(min=5, max=300, step=1, unit_of_measurement="s")
        ),
        vol.Required(CONF_EVENT_WINDOW, default=_SETTINGS.event_window): NumberSelector(
            NumberSelectorConfig(min=10, max=900, step=1, unit_of_measurement="s")
        ),
        vol.Required(
            CONF_FAST_PATH_CONFIDENCE, default=_SETTINGS.fast_path_confidence
        ): _CONFIDENCE,
        vol.Required(SECTION_HOME): section(HOME, {"collapsed": True}),
        vol.Required(SECTION_LEVELS): section(LEVELS, {"collapsed": True}),
        vol.Required(SECTION_KEEPING): section(KEEPING, {"collapsed": True}),
        vol.Required(SECTION_FINDING): section(FINDING, {"collapsed": True}),
    }
)


def cameras(folders: list[str]) -> vol.Schema:
    """Return the form that chooses among the folders found, all of them to begin with."""
    selector = SelectSelector(
        SelectSelectorConfig(options=folders, multiple=True, mode=SelectSelectorMode.LIST)
    )
    return vol.Schema({vol.Required(CONF_CAMERAS, default=folders): selector})


def new_camera(folders: list[str]) -> vol.Schema:
    """Return the form that adds a camera; the folders are those without one."""
    selector = SelectSelector(
        SelectSelectorConfig(options=folders, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )
    return vol.Schema({vol.Required(CONF_FOLDER): selector})
