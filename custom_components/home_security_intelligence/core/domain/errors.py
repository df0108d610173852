"""The tree of errors; each has a failure class, which decides whether a retry can help."""

from .models import FailureClass


class CoreError(Exception):
    """Base of all errors of the core; the message is a sentence for the user."""

    failure = FailureClass.UNKNOWN
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class PipelineStoppedError(CoreError):
    """The pipeline is not running, or stopped during the request."""

    failure = FailureClass.OUTAGE
    code = "stopped"

    def __init__(self) -> None:
        super().__init__("the pipeline is not running")


class InputError(CoreError):
    """The input itself is invalid; a retry cannot help."""

    failure = FailureClass.INPUT
    code = "bad_input"


class LevelBoundsError(InputError):
    """The bounds of the risk levels are out of order."""

    code = "risk_bands"


class LanguageTagError(InputError):
    """A language tag is not one of BCP 47."""

    code = "language_tag"


class EventLengthError(InputError):
    """An event's idle time is longer than its maximum length."""

    code = "event_length"


class SettingsConflictError(CoreError):
    """A worker was configured with other values than the database has for all workers."""

    code = "settings_conflict"


class ClockDoubtedError(CoreError):
    """The machine's clock may be ahead, so nothing is deleted by its age."""

    failure = FailureClass.OUTAGE
    code = "clock_doubted"


class ImageUnreadableError(InputError):
    """The file is missing, not readable, empty or larger than the limit."""

    code = "image_unreadable"


class ImageReplacedError(ImageUnreadableError):
    """The file was replaced; `size` and `mtime_ns` are those of the new file."""

    code = "file_replaced"

    def __init__(self, message: str, *, size: int, mtime_ns: int) -> None:
        super().__init__(message)
        self.size = size
        self.mtime_ns = mtime_ns


class MasksUnavailableError(CoreError):
    """The privacy masks of a camera cannot be applied, so none of its images is read."""

    failure = FailureClass.OUTAGE
    code = "masks_unavailable"


class ClientError(CoreError):
    """The inference server answered with an error that has no class of its own below."""

    code = "server_error"


class ServerRejectedInputError(InputError):
    """The inference server rejected the input for good (not an image, truncated ...)."""


class ServerBusyError(ClientError):
    """The inference server has no capacity now (429, 503); `retry_after` is in seconds."""

    failure = FailureClass.CAPACITY
    code = "overloaded"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class ServerLimitError(CoreError):
    """The request is larger than a limit that the owner can raise; the message names it."""

    failure = FailureClass.CAPACITY
    code = "body_too_large"


class ServerUnreachableError(ClientError):
    """No server answers at the inference server's address."""

    failure = FailureClass.OUTAGE
    code = "unreachable"


class ServerForbiddenError(ServerUnreachableError):
    """A proxy or firewall in front of the inference server refuses the request (403)."""


class ServerTlsError(ServerUnreachableError):
    """The inference server's certificate is not trusted, or it speaks no TLS at all."""

    code = "tls_failed"


class ServerCertificateError(ServerTlsError):
    """The server's certificate is not trusted; `fingerprint` is its SHA-256 in hex."""

    code = "certificate_unknown"

    def __init__(self, message: str, *, fingerprint: str) -> None:
        super().__init__(message)
        self.fingerprint = fingerprint


class ServerCertificateChangedError(ServerCertificateError):
    """The server presents another certificate than the confirmed one."""

    code = "certificate_changed"


class ServerTimeoutError(ClientError):
    """The inference server accepted the request and did not answer in time."""

    code = "timeout"


class ServerStuckError(ServerTimeoutError):
    """The inference server has answered no request since this one, which did not cause that."""

    failure = FailureClass.OUTAGE


class ServerLostError(ClientError):
    """The inference server closed the connection before it answered, also at the repeat."""

    failure = FailureClass.OUTAGE
    code = "connection_lost"


class ResponseLostError(ServerLostError):
    """The connection to the inference server was lost in the middle of a response."""


class InputUnservedError(CoreError):
    """The inference server does not answer one input again, though it answered others meanwhile.

    `may_stop_server` tells whether the input may be what stops the server.
    """

    code = "input_unserved"

    def __init__(self, message: str, *, may_stop_server: bool) -> None:
        super().__init__(message)
        self.may_stop_server = may_stop_server


class AssessorAnswerError(ClientError):
    """The language model's answer cannot be used."""

    code = "assessor_invalid_output"


class AssessorAbsentError(ClientError):
    """The inference server has no language model configured; it can only detect."""

    code = "assessor_absent"


class ServerAuthError(ClientError):
    """The inference server does not accept the token."""

    failure = FailureClass.OUTAGE
    code = "unauthorized"


class ServerIncompatibleError(ClientError):
    """The address does not belong to an inference server, or its API version differs."""

    failure = FailureClass.OUTAGE
    code = "incompatible"


class StoreError(CoreError):
    """The database cannot do what was requested."""

    failure = FailureClass.OUTAGE
    code = "database_error"


class StoreUnreachableError(StoreError):
    """No PostgreSQL answers at the address."""

    code = "database_unreachable"


class StoreParameterError(StoreError):
    """A parameter of the database's address is unknown, or its value is."""

    code = "database_parameter"


class StoreTlsError(StoreUnreachableError):
    """The connection to PostgreSQL cannot be encrypted."""

    code = "database_tls_failed"


class StoreCertificateError(StoreTlsError):
    """PostgreSQL's certificate is not trusted; `fingerprint` is its SHA-256 in hex, if known."""

    code = "database_certificate_unknown"

    def __init__(self, message: str, *, fingerprint: str | None = None) -> None:
        super().__init__(message)
        self.fingerprint = fingerprint


class StoreCertificateChangedError(StoreCertificateError):
    """PostgreSQL presents another certificate than the confirmed one."""

    code = "database_certificate_changed"


class StoreAuthError(StoreError):
    """PostgreSQL does not accept the user or the password."""

    code = "database_auth"


class StoreMissingError(StoreError):
    """The named database does not exist on that PostgreSQL server."""

    code = "database_missing"


class StorePermissionError(StoreError):
    """The user may not create or use the tables."""

    code = "database_permission"


class StoreRefusedError(StoreError):
    """PostgreSQL admits this user, database or address by none of its rules."""

    code = "database_refused"


class StoreUserError(StoreRefusedError):
    """The user does not exist in PostgreSQL, or may not log in."""

    code = "database_user"


class StoreTlsRequiredError(StoreRefusedError):
    """PostgreSQL admits encrypted connections only, and this one is not encrypted."""

    code = "database_tls_required"


class StoreInterruptedError(StoreError):
    """PostgreSQL broke off one statement or session; the database itself works."""

    code = "database_interrupted"


class StoreConflictError(StoreInterruptedError):
    """Two transactions were in conflict."""

    code = "database_conflict"


class StoreNewerError(StoreError):
    """The tables were created by a newer version than this one."""

    code = "database_newer"


class WatchError(CoreError):
    """A folder cannot be watched."""

    failure = FailureClass.OUTAGE
    code = "watch_error"


class CameraFolderMissingError(WatchError):
    """The camera root or a camera's folder does not exist."""

    code = "folder_missing"


class CameraFolderPermissionError(WatchError):
    """The camera root or a camera's folder is not readable."""

    code = "folder_permission"


class CameraFolderUnmountedError(WatchError):
    """The file system that held a camera's folder is no longer mounted, and the folder is empty."""

    code = "folder_unmounted"


class CameraRootForeignError(WatchError):
    """Another worker on this database uses a different camera root."""

    code = "folder_foreign"


class ImageAwayError(CoreError):
    """The images of one camera are not accessible from here; those of others are."""

    failure = FailureClass.OUTAGE
    code = "file_away"


class ImageElsewhereError(ImageAwayError):
    """The image is on another machine, whose own worker will process it."""

    code = "file_elsewhere"


class CameraFolderAwayError(ImageAwayError):
    """The folder of the image's camera is missing, empty or not readable; it may return."""

    code = "camera_folder_away"


class StorageStalledError(ImageAwayError):
    """A file operation makes no progress: the file system of the camera's folder hangs."""

    code = "storage_stalled"

    @classmethod
    def of(cls, camera: str) -> StorageStalledError:
        """Return the error of a camera, or of the camera root if that is ""."""
        owner = f"camera {camera}" if camera else "the camera root"
        return cls(f"The storage of {owner} does not respond.")


class ImageForbiddenError(ImageAwayError):
    """There is no permission to read the image; its writer may still grant it."""

    code = "file_forbidden"


class CameraStorageAwayError(ImageAwayError):
    """The file system of a camera's folder reports that its storage is away; others work."""

    code = "camera_storage_away"


class StorageAwayError(WatchError):
    """The disk or share with the images does not respond."""

    code = "storage_away"


class StorageFailedError(CoreError):
    """The disk or share cannot read this image."""

    code = "storage_failed"


class PathEscapeError(InputError):
    """A path leads outside the camera root."""

    code = "path_escape"
