"""Names that more than one module of the integration uses."""

import logging
from typing import Final

DOMAIN: Final = "home_security_intelligence"
LOGGER: Final = logging.getLogger(__package__)
MANUFACTURER: Final = "Home Security Intelligence"
DEFAULT_TITLE: Final = "Home Security Intelligence"

ATTR_FACTORS: Final = "factors"

CONF_CAMERA_ROOT: Final = "camera_root"
CONF_CAMERAS: Final = "cameras"
CONF_CORNERS: Final = "corners"
CONF_DATABASE: Final = "database"
CONF_FINGERPRINT: Final = "fingerprint"  # sha256 in hex of the only certificate taken
CONF_FOLDER: Final = "folder"
CONF_KIND: Final = "kind"
CONF_ZONES: Final = "zones"

CONF_ALARM: Final = "alarm"
CONF_CONFIDENCE_THRESHOLD: Final = "confidence_threshold"
CONF_CRITICAL_FROM: Final = "critical_from"
CONF_EVENT_IDLE: Final = "event_idle"
CONF_EVENT_WINDOW: Final = "event_window"
CONF_FAST_PATH_CONFIDENCE: Final = "fast_path_confidence"
CONF_HIGH_FROM: Final = "high_from"
CONF_MEDIUM_FROM: Final = "medium_from"
CONF_ORIGINAL_DAYS: Final = "original_days"
CONF_ORIGINAL_GIGABYTES: Final = "original_gigabytes"
CONF_PICTURES_TO_MODEL: Final = "pictures_to_model"
CONF_POLLING_INTERVAL: Final = "polling_interval"
CONF_RESIDENTS: Final = "residents"
CONF_RETENTION_DAYS: Final = "retention_days"
CONF_WATCH_POLLING: Final = "watch_polling"

SECTION_FINDING: Final = "finding"
SECTION_HOME: Final = "home"
SECTION_KEEPING: Final = "keeping"
SECTION_LEVELS: Final = "levels"

DEFAULT_CAMERA_ROOT: Final = "/media/cameras"
DEFAULT_DATABASE: Final = "hsi"
DEFAULT_DATABASE_PORT: Final = 5432
DEFAULT_SERVER_URL: Final = "http://localhost:8090"

# Whose states say whether somebody is home.
RESIDENT_DOMAINS: Final = ["binary_sensor", "device_tracker", "group", "input_boolean", "person"]

SUBENTRY_CAMERA: Final = "camera"
SUBENTRY_SERVER: Final = "server"
