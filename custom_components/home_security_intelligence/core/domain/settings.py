"""Every setting of the core, declared once.

To add one, add a field. Given a `variable`, the headless worker reads it; given an `option`, Home
Assistant's options form shows it. `scripts/docs` writes the tables and form texts made from this.

`shared` settings decide what is stored for all, so every worker on one database has to have the
same: what is detected and grouped, how risk is judged, what may leave the machine, and how long
records are kept. Each machine's own are its timeouts, how it watches its folders, and how long
and how much it keeps of the image files on its disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import re

from .declarations import Declaration, Option, Value, declarations_of, setting
from .errors import EventLengthError, LanguageTagError
from .levels import HIGHEST_SCORE, LevelBounds

DEFAULT_WATCHED_LABELS = frozenset(
    {"person", "bicycle", "car", "motorcycle", "bus", "truck", "cat", "dog", "package"}
)
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PARTIAL_UPLOAD_SUFFIXES = frozenset(
    {".part", ".partial", ".tmp", ".temp", ".filepart", ".uploading"}
)
SECTION_LEVELS = "levels"
SECTION_RETENTION = "keeping"
SECTION_WATCHING = "finding"

_BYTES_PER_GIGABYTE = 10**9
_CONFIDENCES = (0.05, 1.0)
_DAYS = (0.0, 36_500.0)
_SCORES = (1, HIGHEST_SCORE)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The core's settings, each with its default.

    Raises LevelBoundsError and EventLengthError for values that contradict each other, and
    LanguageTagError for a language that is none.
    """

    # detection
    confidence_threshold: float = setting(
        0.5,
        "Objects that the detector is less sure of are not recorded.",
        allowed=_CONFIDENCES,
        variable="DETECTION_CONFIDENCE_THRESHOLD",
        option=Option(
            key="confidence_threshold", label="Minimum confidence", step=0.01, slider=True
        ),
        shared=True,
    )
    watched_labels: frozenset[str] = setting(
        DEFAULT_WATCHED_LABELS,
        "Labels that open an event. Others are only recorded.",
        variable="WATCHED_LABELS",
        shared=True,
    )
    max_image_bytes: int = setting(
        20 * 1024 * 1024, "Larger files become dead letters, not requests.", unit="bytes"
    )
    detect_concurrency: int = setting(2, "Concurrent detect jobs for each inference server.")

    # events
    event_idle: float = setting(
        30.0,
        "An event ends after this time without activity.",
        unit="s",
        allowed=(5, 300),
        variable="BATCH_IDLE_TIMEOUT_SECONDS",
        option=Option(key="event_idle", label="Event idle time", slider=True),
        shared=True,
    )
    event_window: float = setting(
        90.0,
        "A longer event is split.",
        unit="s",
        allowed=(10, 900),
        variable="BATCH_WINDOW_SECONDS",
        option=Option(key="event_window", label="Maximum event length", slider=True),
        shared=True,
    )
    history_images: int = setting(
        120, "Maximum number of a camera's images before an event that it is judged by."
    )
    late_after: float = setting(
        120.0,
        "Updates of an event whose last image is older are marked as late.",
        unit="s",
    )
    waiting_limit: float = setting(
        120.0,
        "An event closes although an image that failed to be processed for this long may still join "
        "it. A later join corrects the event.",
        unit="s",
    )
    risk_reset: float = setting(
        300.0,
        "The risk sensors of a camera return to low this long after the close of its last event.",
        unit="s",
        allowed=(0, 86_400),
        option=Option(key="risk_reset", label="Reset of the risk sensors"),
    )
    alert_cooldown: float = setting(
        0.0,
        "A camera raises no second alert of the same or a lower level within this time. 0 allows "
        "every alert.",
        unit="s",
        allowed=(0, 86_400),
        option=Option(key="alert_cooldown", label="Pause between alerts"),
    )
    incident_window: float = setting(
        180.0,
        "Events of neighbouring cameras belong to one incident if a person is seen on both within "
        "this time.",
        unit="s",
        allowed=(10, 900),
        variable="INCIDENT_WINDOW_SECONDS",
        shared=True,
    )

    # presence
    person_hold: float = setting(
        30.0, "A person counts as present for this long after the image was captured.", unit="s"
    )
    vehicle_hold: float = setting(
        60.0, "A vehicle counts as present for this long after the image was captured.", unit="s"
    )
    animal_hold: float = setting(
        30.0, "An animal counts as present for this long after the image was captured.", unit="s"
    )
    package_hold: float = setting(
        300.0, "A package counts as present for this long after the image was captured.", unit="s"
    )

    # the home
    time_zone: str = setting(
        "UTC",
        "The home's time zone. Capture times without an offset, the part of day that an event is "
        "judged by, and the nightly cleanup use it.",
        variable="TZ",
        shared=True,
    )
    language: str = setting(
        "en",
        "The home's language, as a BCP 47 tag. The language model's notes are shown only in a language "
        "in which they can be checked.",
        variable="HOME_LANGUAGE",
    )
    home_interval: float = setting(
        30.0, "Interval at which an unchanged state of the home is confirmed.", unit="s"
    )
    home_hold: float = setting(
        60.0, "A recorded state of the home is valid for this long.", unit="s"
    )

    # risk
    medium_from: int = setting(
        30,
        "The lowest score that is medium. Lower scores are low.",
        allowed=_SCORES,
        variable="SEVERITY_LOW_MAX",
        variable_offset=1,
        variable_description="The highest score that is low.",
        option=Option(key="medium_from", label="Medium from", section=SECTION_LEVELS),
        shared=True,
    )
    high_from: int = setting(
        60,
        "The lowest score that is high.",
        allowed=_SCORES,
        variable="SEVERITY_MEDIUM_MAX",
        variable_offset=1,
        variable_description="The highest score that is medium.",
        option=Option(key="high_from", label="High from", section=SECTION_LEVELS),
        shared=True,
    )
    critical_from: int = setting(
        85,
        "The lowest score that is critical.",
        allowed=_SCORES,
        variable="SEVERITY_HIGH_MAX",
        variable_offset=1,
        variable_description="The highest score that is high.",
        option=Option(key="critical_from", label="Critical from", section=SECTION_LEVELS),
        shared=True,
    )
    images_to_model: bool = setting(
        False,
        "If on, images leave this machine: up to three images of each event are sent to the "
        "inference server and from there to the language model, if it accepts images. If off, "
        "the model receives only what was detected, as words and numbers.",
        variable="PICTURES_TO_MODEL",
        option=Option(
            key="pictures_to_model",
            label="Send images to the language model",
            section=SECTION_LEVELS,
        ),
        shared=True,
    )

    # inference server
    connect_timeout: float = setting(
        10.0,
        "Timeout for a connection to the inference server.",
        unit="s",
        allowed=(1, 60),
        variable="AI_CONNECT_TIMEOUT",
    )
    detect_timeout: float = setting(
        60.0,
        "Timeout for a detection.",
        unit="s",
        allowed=(10, 300),
        variable="RTDETR_READ_TIMEOUT",
    )
    assess_timeout: float = setting(
        120.0,
        "Timeout for an assessment by the language model.",
        unit="s",
        allowed=(30, 600),
        variable="NEMOTRON_READ_TIMEOUT",
    )
    health_interval: float = setting(
        10.0, "Interval between health checks of the inference server.", unit="s"
    )

    # circuit breaker of the inference server
    breaker_failures: int = setting(5, "Consecutive failures after which the breaker opens.")
    breaker_recovery: float = setting(60.0, "An open breaker allows a trial after this.", unit="s")

    # queue
    queue_limit: int = setting(
        10_000,
        "Maximum number of pending detect jobs, shared by the cameras that need it; live images may "
        "exceed it by a tenth. Further images wait in their folder.",
        allowed=(100, 100_000),
        variable="QUEUE_MAX_SIZE",
    )
    lease: float = setting(30.0, "Lifetime of a job's lease; it is renewed at half.", unit="s")
    max_attempts: int = setting(3, "Attempts for failures of class unknown.")
    max_crashes: int = setting(
        3, "Crashes of a job while it ran alone after which it becomes a dead letter."
    )
    requeue_limit: int = setting(5, "Number of times that one dead letter may be requeued.")
    retry_base: float = setting(1.0, "First delay of a retry; it doubles each time.", unit="s")
    retry_max: float = setting(30.0, "Maximum delay of a retry.", unit="s")
    retry_jitter: float = setting(0.25, "Maximum share of the delay that is added at random.")
    drain_timeout: float = setting(
        8.0,
        "Time in which a stopped worker finishes its running jobs. Docker kills a container after "
        "10 s by default.",
        unit="s",
        allowed=(0, 600),
        variable="DRAIN_SECONDS",
    )
    poll_interval: float = setting(
        1.0, "Interval of polling the queue, in case a notification is lost.", unit="s"
    )
    assess_concurrency: int = setting(1, "Concurrent assess jobs for each inference server.")
    listen_check: float = setting(
        15.0, "Interval between checks of the connection that notifications come by.", unit="s"
    )
    backfill_limit: float = setting(
        600.0, "Age up to which events are published again after an outage.", unit="s"
    )

    # retention
    cleanup_hour: int = setting(3, "Hour of the nightly cleanup, in the home's time zone.")
    retention_days: float = setting(
        30.0,
        "Events, the records of their images, and jobs are deleted after this time; 0 keeps them "
        "forever. Image files are not deleted.",
        unit="d",
        allowed=_DAYS,
        variable="RETENTION_DAYS",
        option=Option(key="retention_days", label="Keep events for", section=SECTION_RETENTION),
        shared=True,
    )
    original_days: float = setting(
        0.0,
        "Caution: image files uploaded by the cameras are permanently deleted from the camera "
        "folder after this time. 0 deletes none.",
        unit="d",
        allowed=_DAYS,
        variable="ORIGINAL_DAYS",
        option=Option(key="original_days", label="Keep image files for", section=SECTION_RETENTION),
    )
    original_gigabytes: float = setting(
        0.0,
        "Caution: if the image files uploaded by the cameras need more space than this, the "
        "oldest are permanently deleted from the camera folder. 0 sets no limit.",
        unit="GB",
        allowed=(0, 1_000_000),
        variable="ORIGINAL_GIGABYTES",
        option=Option(
            key="original_gigabytes",
            label="Maximum size of image files",
            section=SECTION_RETENTION,
            step=0.1,
        ),
    )

    # watching the folders
    rescan_interval: float = setting(300.0, "Interval between reconciling scans.", unit="s")
    away_limit: float = setting(
        86_400.0, "Images wait this long for their camera's folder to return.", unit="s"
    )
    watch_retry: float = setting(
        10.0, "Interval between checks of folders that are missing or unreadable.", unit="s"
    )
    storage_timeout: float = setting(
        10.0,
        "A camera is unavailable if reading its folder makes no progress for this long; its images "
        "wait until the folder can be read again.",
        unit="s",
    )
    settle_time: float = setting(
        2.0, "A scanned file is complete after it was unchanged for this long.", unit="s"
    )
    watch_polling: bool = setting(
        False,
        "For folders in which new images are found late because the system does not report them.",
        variable="FILE_WATCHER_POLLING",
        option=Option(key="watch_polling", label="Poll the folders", section=SECTION_WATCHING),
    )
    polling_interval: float = setting(
        1.0,
        "Pause between two scans. With many images the pause is longer, so that scanning takes at "
        "most a tenth of the time.",
        unit="s",
        allowed=(0.1, 60),
        variable="FILE_WATCHER_POLLING_INTERVAL",
        option=Option(
            key="polling_interval", label="Polling interval", section=SECTION_WATCHING, step=0.1
        ),
    )
    ignored_names: frozenset[str] = setting(
        frozenset(),
        "Names of files and folders that are not images of a camera. `*` stands for any characters. "
        "What storage systems leave behind is ignored anyway, such as @eaDir and $RECYCLE.BIN.",
        variable="IGNORED_NAMES",
        option=Option(key="ignored_names", label="Names to ignore", section=SECTION_WATCHING),
        items="names",
    )

    def __post_init__(self) -> None:
        _ = self.level_bounds
        if not _LANGUAGE_TAG.fullmatch(self.language):
            raise LanguageTagError(
                f"{self.language!r} is no language tag; use one such as 'en' or 'pt-BR'"
            )
        if self.event_idle > self.event_window:
            raise EventLengthError(
                f"an event that ends after {self.event_idle:g} s without activity cannot be "
                f"limited to {self.event_window:g} s"
            )

    @property
    def level_bounds(self) -> LevelBounds:
        """The scores at which the levels begin."""
        return LevelBounds(
            medium=self.medium_from, high=self.high_from, critical=self.critical_from
        )

    @property
    def original_bytes(self) -> int:
        """The maximum size of the image files in bytes; 0 sets no limit."""
        return round(self.original_gigabytes * _BYTES_PER_GIGABYTE)


DECLARATIONS: Mapping[str, Declaration] = declarations_of(Settings)


def changed(settings: Settings, values: Mapping[str, Value]) -> Settings:
    """Return the settings with other values, each of its declaration's type."""
    return replace(settings, **values)  # type: ignore[arg-type]  # as declared
