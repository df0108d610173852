"""Constants of the integration."""

import logging
from typing import Final

DOMAIN: Final = "home_security_intelligence"
LOGGER: Final = logging.getLogger(__package__)
MANUFACTURER: Final = "Home Security Intelligence"
DEFAULT_TITLE: Final = "Home Security Intelligence"

ATTR_EVENT_ID: Final = "event_id"
ATTR_FACTORS: Final = "factors"

CONF_ALERT_COOLDOWN: Final = "alert_cooldown"
CONF_NEIGHBOURS: Final = "neighbours"
CONF_PRESENCE_HOLD: Final = "presence_hold"
CONF_WATCHED_LABELS: Final = "watched_labels"

CONF_CAMERA_ROOT: Final = "camera_root"
CONF_CAMERAS: Final = "cameras"
CONF_CORNERS: Final = "corners"
CONF_DATABASE: Final = "database"
CONF_DATABASE_FINGERPRINT: Final = "database_fingerprint"
CONF_FINGERPRINT: Final = "fingerprint"  # SHA-256 (hex) of the only trusted certificate
CONF_FOLDER: Final = "folder"
CONF_KIND: Final = "kind"
CONF_PARAMETERS: Final = "parameters"
CONF_PRIVACY_MASKS: Final = "privacy_masks"
CONF_ZONES: Final = "zones"

CONF_ALARM: Final = "alarm"
CONF_ASLEEP: Final = "asleep"
CONF_ENTITIES: Final = "entities"  # whose changes the home reports
CONF_PLACEMENT: Final = "placement"
CONF_RESIDENTS: Final = "residents"
CONF_VISITORS: Final = "visitors"

SECTION_HOME: Final = "home"

DEFAULT_CAMERA_ROOT: Final = "/media/cameras"
DEFAULT_DATABASE: Final = "hsi"
DEFAULT_DATABASE_PORT: Final = 5432
DEFAULT_SERVER_URL: Final = "http://localhost:8090"

# Their states show whether residents sleep, and whether a visitor is expected.
ASLEEP_DOMAINS: Final = [
    "binary_sensor",
    "input_boolean",
    "input_select",
    "schedule",
    "select",
    "sensor",
    "switch",
]
VISITOR_DOMAINS: Final = ["binary_sensor", "calendar", "input_boolean", "schedule"]
# Their states show whether someone is home.
RESIDENT_DOMAINS: Final = ["binary_sensor", "device_tracker", "group", "input_boolean", "person"]

SUBENTRY_CAMERA: Final = "camera"
SUBENTRY_SERVER: Final = "server"
