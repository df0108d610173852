"""One tree of errors; each says what kind of failure it is and so whether a retry can help."""

from .models import FailureClass


class CoreError(Exception):
    """Base of every error the core raises on purpose; the message is a sentence for the user."""

    failure = FailureClass.UNKNOWN
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class PipelineStoppedError(CoreError):
    """The pipeline is not running, or stopped before it had answered."""

    failure = FailureClass.OUTAGE
    code = "stopped"

    def __init__(self) -> None:
        super().__init__("the pipeline is not running")


class InputError(CoreError):
    """The material itself is bad; a retry cannot help."""

    failure = FailureClass.INPUT
    code = "bad_input"


class RiskBandsError(InputError):
    """The risk levels do not begin in order."""

    code = "risk_bands"


class EventLengthError(InputError):
    """An event's idle time is longer than its maximum length."""

    code = "event_length"


class SettingsConflictError(CoreError):
    """A worker was configured with other values than the database has for all workers."""

    code = "settings_conflict"


class ImageUnreadableError(InputError):
    """The file is gone, may not be read, is empty or is larger than the limit."""

    code = "image_unreadable"


class ImageReplacedError(ImageUnreadableError):
    """Under the image's name lies another picture by now; `size` and `mtime_ns` are that one's."""

    code = "file_replaced"

    def __init__(self, message: str, *, size: int, mtime_ns: int) -> None:
        super().__init__(message)
        self.size = size
        self.mtime_ns = mtime_ns


class ClientError(CoreError):
    """The inference server answered with an error that is none of the kinds below."""

    code = "server_error"


class ServerRejectedInputError(InputError):
    """The inference server says that this input can never work (not an image, truncated...)."""


class ServerBusyError(ClientError):
    """The inference server has no room right now (429, 503); `retry_after` is in seconds."""

    failure = FailureClass.CAPACITY
    code = "overloaded"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class ServerUnreachableError(ClientError):
    """Nothing answers at the inference server's address."""

    failure = FailureClass.OUTAGE
    code = "unreachable"


class ServerTlsError(ServerUnreachableError):
    """The inference server's certificate is not trusted, or it speaks no TLS at all."""

    code = "tls_failed"


class ServerCertificateError(ServerTlsError):
    """The server's certificate is vouched for by nobody; `fingerprint` is its sha256 in hex."""

    code = "certificate_unknown"

    def __init__(self, message: str, *, fingerprint: str) -> None:
        super().__init__(message)
        self.fingerprint = fingerprint


class ServerCertificateChangedError(ServerCertificateError):
    """The server shows another certificate than the one that was confirmed."""

    code = "certificate_changed"


class ServerTimeoutError(ClientError):
    """The inference server took the request and did not answer in time."""

    code = "timeout"


class ServerLostError(ClientError):
    """The inference server broke off the connection before it answered, and does not now."""

    code = "connection_lost"


class AssessorAnswerError(ClientError):
    """The language model answered, and its answer is none that can be used."""

    code = "assessor_invalid_output"


class AssessorAbsentError(ClientError):
    """The inference server was set up without a language model; it can only detect."""

    code = "assessor_absent"


class ServerAuthError(ClientError):
    """The inference server does not accept the token; nothing works until it is corrected."""

    failure = FailureClass.OUTAGE
    code = "unauthorized"


class ServerIncompatibleError(ClientError):
    """What answers there is no inference server, or speaks another API version."""

    failure = FailureClass.OUTAGE
    code = "incompatible"


class StoreError(CoreError):
    """The database cannot do what is asked of it."""

    failure = FailureClass.OUTAGE
    code = "database_error"


class StoreUnreachableError(StoreError):
    """No PostgreSQL answers at the address."""

    code = "database_unreachable"


class StoreAuthError(StoreError):
    """PostgreSQL does not accept the user or the password."""

    code = "database_auth"


class StoreMissingError(StoreError):
    """The database named does not exist on that PostgreSQL."""

    code = "database_missing"


class StorePermissionError(StoreError):
    """The user may not create or use our tables there."""

    code = "database_permission"


class StoreNewerError(StoreError):
    """The tables were made by a newer version than this one."""

    code = "database_newer"


class WatchError(CoreError):
    """A folder cannot be watched."""

    failure = FailureClass.OUTAGE
    code = "watch_error"


class CameraFolderMissingError(WatchError):
    """The camera root or a camera's folder is not there."""

    code = "folder_missing"


class CameraFolderPermissionError(WatchError):
    """The camera root or a camera's folder may not be read."""

    code = "folder_permission"


class CameraRootForeignError(WatchError):
    """Somebody works on this database with the pictures of another folder."""

    code = "folder_foreign"


class ImageAwayError(CoreError):
    """One camera's pictures cannot be seen from here now; all others can."""

    failure = FailureClass.OUTAGE
    code = "file_away"


class ImageElsewhereError(ImageAwayError):
    """The picture lies on another machine, whose own worker will look at it."""

    code = "file_elsewhere"


class CameraFolderAwayError(ImageAwayError):
    """The folder of the picture's camera is gone, empty or may not be read; it may come back."""

    code = "camera_folder_away"


class StorageAwayError(WatchError):
    """The disk or share that pictures lie on does not answer."""

    code = "storage_away"


class StorageFailedError(CoreError):
    """The disk or share answers, but not with this picture's content."""

    code = "storage_failed"


class PathEscapeError(InputError):
    """A path leads out of the camera root."""

    code = "path_escape"
