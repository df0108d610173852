"""Every tunable of the core with its unit, default and range, in one place."""

from dataclasses import dataclass, field

from .levels import Bands

DEFAULT_WATCHED_LABELS = frozenset(
    {"person", "bicycle", "car", "motorcycle", "bus", "truck", "cat", "dog", "package"}
)
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
PARTIAL_UPLOAD_SUFFIXES = frozenset(
    {".part", ".partial", ".tmp", ".temp", ".filepart", ".uploading"}
)
POLLING_RANGE = (0.1, 60.0)  # seconds
RETENTION_RANGE = (0.0, 36_500.0)  # days
DRAIN_RANGE = (0.0, 600.0)  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The core's settings; the defaults are those of the system this one succeeds."""

    # detection
    confidence_threshold: float = 0.5  # 0-1, detections below are not stored
    watched_labels: frozenset[str] = DEFAULT_WATCHED_LABELS  # these open an event
    max_image_bytes: int = 20 * 1024 * 1024  # larger files are dead letters, not requests
    detect_workers: int = 2  # concurrent detect jobs for each inference server

    # events
    event_window: float = 90.0  # seconds from first to last image, at most
    event_idle: float = 30.0  # seconds without activity after which an event closes
    fast_path_confidence: float = 0.90  # 0-1, an event opened by this or more is assessed at once
    fast_path_labels: frozenset[str] = frozenset({"person"})
    history_images: int = 120  # a camera's latest pictures that an event is judged by, at most
    presence_hold: float = 30.0  # seconds a person counts as present after the image was captured

    # the home
    home_interval: float = 30.0  # seconds between notes that what the home says still holds
    home_hold: float = 60.0  # seconds after such a note for which it counts

    # risk
    risk_bands: Bands = field(default_factory=Bands)  # where the levels begin
    pictures_to_model: bool = False  # a language model that sees is sent an event's best pictures

    # dedupe
    dedupe_window: float = 300.0  # seconds in which the same content counts as a duplicate

    # inference server
    connect_timeout: float = 10.0  # seconds
    detect_timeout: float = 60.0  # seconds
    assess_timeout: float = 120.0  # seconds

    # queue
    queue_limit: int = 10_000  # pending jobs above which the folder is the spool
    lease: float = 30.0  # seconds; renewed at half
    max_attempts: int = 3  # for failures of class unknown
    max_crashes: int = 3  # of workers that did nothing else, after which a job counts as poison
    requeue_limit: int = 5  # times that one dead letter may be requeued
    retry_base: float = 1.0  # seconds, doubles each attempt
    retry_max: float = 30.0  # seconds
    retry_jitter: float = 0.25  # share of the delay added at random, at most
    drain_limit: float = 8.0  # seconds for a stopped worker's jobs in hand; Docker kills after 10
    poll_interval: float = 1.0  # seconds, the safety net below LISTEN/NOTIFY
    assess_workers: int = 1  # concurrent assess jobs for each inference server
    listen_check: float = 15.0  # seconds between checks that notifications can still come
    missed_limit: float = 600.0  # seconds for which a missed assessment is still told as news

    # inference server's health
    health_interval: float = 10.0  # seconds between questions how it is

    # circuit breaker of the inference server
    breaker_failures: int = 5
    breaker_recovery: float = 60.0  # seconds

    # retention, every night
    cleanup_hour: int = 3  # of the home's local time
    retention_days: float = 30.0  # that events, images and jobs are kept; 0 keeps them for ever
    original_days: float = 0.0  # that the picture files themselves are kept; 0 keeps them for ever
    original_bytes: int = 0  # of picture files kept, the newest ones; 0 sets no limit

    # watch
    rescan_interval: float = 300.0  # seconds between reconciling scans
    away_limit: float = 86_400.0  # seconds that images wait for their camera's folder to come back
    watch_retry: float = 10.0  # seconds between looks at folders that are missing or in trouble
    settle_time: float = 2.0  # seconds a scanned file must be unchanged to count as complete
    watch_polling: bool = False  # look regularly instead of relying on what the system tells
    polling_interval: float = 1.0  # seconds between looks where nothing is told
