"""The schemas of the flows' forms."""

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
    CONF_ALERT_COOLDOWN,
    CONF_CAMERA_ROOT,
    CONF_CAMERAS,
    CONF_CORNERS,
    CONF_DATABASE,
    CONF_ENTITIES,
    CONF_FOLDER,
    CONF_KIND,
    CONF_NEIGHBOURS,
    CONF_PARAMETERS,
    CONF_PLACEMENT,
    CONF_PRESENCE_HOLD,
    CONF_WATCHED_LABELS,
    CONF_ZONES,
    DEFAULT_CAMERA_ROOT,
    DEFAULT_DATABASE,
    DEFAULT_DATABASE_PORT,
    DEFAULT_SERVER_URL,
)
from ..core.domain.models import RiskLevel
from ..core.domain.placement import Placement
from ..core.domain.settings import DEFAULT_WATCHED_LABELS
from ..core.domain.zones import ZoneKind
from ..home_reports import LINKABLE_DOMAINS

_TEXT = TextSelector()
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_PORT = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, step=1, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)
_SECONDS = NumberSelector(
    NumberSelectorConfig(
        min=0, max=86_400, step=1, mode=NumberSelectorMode.BOX, unit_of_measurement="s"
    )
)
# Labels in English: Home Assistant does not translate options inside an object selector.
ZONE_KINDS: Final = {
    ZoneKind.ENTRY_POINT: "Entry point: the front door",
    ZoneKind.OTHER_DOOR: "Another door: at the back or side, of a garage or cellar",
    ZoneKind.WINDOW: "Window within reach",
    ZoneKind.GATE: "Gate",
    ZoneKind.DRIVEWAY: "Driveway",
    ZoneKind.SIDEWALK: "Sidewalk: public ground",
    ZoneKind.YARD: "Yard",
    ZoneKind.RESTRICTED: "Restricted: no one should be here, such as a pool or a roof",
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

LINKED_ENTITIES: Final = EntitySelector(
    EntitySelectorConfig(domain=LINKABLE_DOMAINS, multiple=True)
)

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
        # Optional, for they may be in a URL.
        vol.Optional(CONF_USERNAME): _TEXT,
        vol.Optional(CONF_PASSWORD): _SECRET,
        vol.Required(CONF_SSL, default=False): BooleanSelector(),
        vol.Optional(CONF_PARAMETERS): _TEXT,
    }
)
CAMERA_ROOT: Final = vol.Schema(
    {vol.Required(CONF_CAMERA_ROOT, default=DEFAULT_CAMERA_ROOT): _TEXT}
)
SECRETS: Final = vol.Schema(
    {vol.Optional(CONF_TOKEN): _SECRET, vol.Optional(CONF_PASSWORD): _SECRET}
)


def camera(other_folders: list[str]) -> vol.Schema:
    """Return the form of a camera; what is left empty follows the options of all cameras."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): _TEXT,
            vol.Optional(CONF_PLACEMENT): SelectSelector(
                SelectSelectorConfig(
                    options=[each.value for each in Placement],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key=CONF_PLACEMENT,
                )
            ),
            vol.Optional(CONF_ZONES): _ZONES,
            vol.Optional(CONF_ENTITIES): LINKED_ENTITIES,
            vol.Optional(CONF_WATCHED_LABELS): SelectSelector(
                SelectSelectorConfig(
                    options=sorted(DEFAULT_WATCHED_LABELS),
                    multiple=True,
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
            vol.Optional(CONF_PRESENCE_HOLD): _SECONDS,
            vol.Optional(CONF_NEIGHBOURS): SelectSelector(
                SelectSelectorConfig(
                    options=other_folders, multiple=True, mode=SelectSelectorMode.DROPDOWN
                )
            ),
            vol.Required(CONF_ALERT_COOLDOWN, default={}): section(
                vol.Schema({vol.Optional(level.value): _SECONDS for level in RiskLevel}),
                {"collapsed": True},
            ),
        }
    )


def cameras(folders: list[str]) -> vol.Schema:
    """Return the form that selects cameras among the folders; all are preselected."""
    selector = SelectSelector(
        SelectSelectorConfig(options=folders, multiple=True, mode=SelectSelectorMode.LIST)
    )
    return vol.Schema({vol.Required(CONF_CAMERAS, default=folders): selector})


def new_camera(folders: list[str]) -> vol.Schema:
    """Return the form that adds a camera; `folders` are suggestions."""
    selector = SelectSelector(
        SelectSelectorConfig(options=folders, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )
    return vol.Schema({vol.Required(CONF_FOLDER): selector})
