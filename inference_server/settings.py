"""Every setting of the server, with its variable, default, unit and range."""

from enum import StrEnum
from pathlib import Path
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
)
from pydantic.dataclasses import dataclass

_MIN_TOKEN_LENGTH: Final = 16  # valid tokens are never rate limited, so none may be guessable


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it."""


class Device(StrEnum):
    """Where the detector runs."""

    AUTO = "auto"  # CUDA if there is a device, else the CPU
    CPU = "cpu"
    CUDA = "cuda"  # refuses to run on anything else


class DetectorRuntime(StrEnum):
    """What computes the detector."""

    AUTO = "auto"  # torch on CUDA; on a CPU OpenVINO, ONNX Runtime or torch, as installed
    TORCH = "torch"
    OPENVINO = "openvino"  # on the CPU
    ONNXRUNTIME = "onnxruntime"  # on the CPU
    TENSORRT = "tensorrt"  # on CUDA; torch if TensorRT is not available


class DetectorPrecision(StrEnum):
    """The number format of the detector; its results are compared with those of fp32 on the CPU."""

    AUTO = "auto"  # fp16 on CUDA, fp32 on a CPU
    FP32 = "fp32"
    BF16 = "bf16"  # faster on CPUs with AVX512-BF16 or AMX


class LlmBackend(StrEnum):
    """What runs the language model."""

    OLLAMA = "ollama"
    OPENAI = "openai"  # any server that speaks OpenAI's chat completions
    EMBEDDED = "embedded"  # llama.cpp inside this process
    NONE = "none"  # detection only


class LogLevel(StrEnum):
    """The least severe line that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _user_state_dir() -> Path:
    try:
        home = Path.home()
    except RuntimeError as err:
        raise SettingsError("Set STATE_DIR: this user has no home folder to keep state in") from err
    return home / ".local" / "state" / "hsi-inference-server"


def _expand_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("there is no such home folder") from None


def _check_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:  # port raises ValueError if it is not a number
        raise ValueError("must name a host, and a port other than 0 if any")
    if parts.username is not None:  # errors quote the address
        raise ValueError("must not contain a user or password")
    return text.rstrip("/")


def _read_flag(value: object) -> object:
    if isinstance(value, str):
        if (text := value.strip().lower()) not in {"true", "false"}:
            raise ValueError("must be true or false")
        return text == "true"
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _split_tokens(value: object) -> object:
    """Split a text of tokens separated by commas; refuse guessable ones."""
    if not isinstance(value, str):
        return value
    tokens = tuple(token.strip() for token in value.split(",") if token.strip())
    if not tokens:
        raise ValueError("contains no token")
    if any(not token.isascii() or not token.isprintable() or " " in token for token in tokens):
        raise ValueError("a token consists of printable ASCII without spaces")
    if any(len(token) < _MIN_TOKEN_LENGTH for token in tokens):
        raise ValueError(
            f"each token needs at least {_MIN_TOKEN_LENGTH} characters, and a comma ends one; "
            "make one with: openssl rand -hex 32"
        )
    return tokens


def _check_digest(text: str) -> str:
    digest = text.strip().lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{12,64}", digest):
        raise ValueError("must be 12 to 64 hexadecimal digits")
    return digest


_Path = Annotated[Path, AfterValidator(_expand_home)]
_Url = Annotated[str, AfterValidator(_check_url)]
_Flag = Annotated[bool, BeforeValidator(_read_flag)]
_Digest = Annotated[str, AfterValidator(_check_digest)]
_Tokens = Annotated[tuple[str, ...], BeforeValidator(_split_tokens)]


@dataclass(
    frozen=True,
    slots=True,
    kw_only=True,
    config=ConfigDict(
        allow_inf_nan=False, extra="forbid", validate_by_alias=True, validate_by_name=True
    ),
)
class Settings:
    """The server's settings; each may be given by its name or by its environment variable."""

    # listening
    host: str = Field(
        default="127.0.0.1", validation_alias="HOST", description="address to listen on"
    )
    port: int = Field(
        default=8090,
        validation_alias="PORT",
        ge=0,
        le=65535,
        description="port to listen on; 0 takes a free one and prints it",
    )
    api_tokens: _Tokens = Field(
        default=(),
        validation_alias="API_TOKEN",
        repr=False,
        description="tokens that clients may send, separated by commas",
    )
    zeroconf: _Flag = Field(
        default=True,
        validation_alias="ZEROCONF",
        description="true: announce the server in the local network, unless it listens on loopback only",
    )
    tls_cert_file: _Path | None = Field(
        default=None,
        validation_alias="TLS_CERT_FILE",
        description="certificate to serve https with, in PEM, followed by its intermediate certificates",
    )
    tls_key_file: _Path | None = Field(
        default=None,
        validation_alias="TLS_KEY_FILE",
        description="the certificate's key, in PEM and without a password",
    )
    tls_self_signed: _Flag = Field(
        default=False,
        validation_alias="TLS_SELF_SIGNED",
        description="true: serve https with a certificate that the server makes once and keeps in its state folder",
    )
    rate_limit: float = Field(
        default=1000.0,
        validation_alias="RATE_LIMIT",
        ge=0,
        le=1_000_000,
        description="requests per second that one client may send; 0 sets no limit",
    )
    max_body_bytes: int = Field(
        default=20 * 1024 * 1024,
        validation_alias="MAX_BODY_BYTES",
        ge=1024,
        le=1024**3,
        description="largest request body, in bytes",
    )

    # detection
    detector_model: _Path = Field(
        default=Path(".models/rtdetr_v2_r18vd"),
        validation_alias="DETECTOR_MODEL",
        description="folder of the detector, in the format of transformers",
    )
    models_dir: _Path | None = Field(
        default=None,
        validation_alias="MODELS_DIR",
        description="folder of the detectors that may be loaded on request; by default the one that contains DETECTOR_MODEL",
    )
    device: Annotated[Device, BeforeValidator(_lower)] = Field(
        default=Device.AUTO,
        validation_alias="DEVICE",
        description="device of the detector: auto, cpu or cuda",
    )
    detector_runtime: Annotated[DetectorRuntime, BeforeValidator(_lower)] = Field(
        default=DetectorRuntime.AUTO,
        validation_alias="DETECTOR_RUNTIME",
        description="what computes the detector: auto, torch, openvino, onnxruntime or tensorrt",
    )
    detector_precision: Annotated[DetectorPrecision, BeforeValidator(_lower)] = Field(
        default=DetectorPrecision.AUTO,
        validation_alias="DETECTOR_PRECISION",
        description="number format of the detector: auto, fp32 or bf16",
    )
    parity_images: _Path | None = Field(
        default=None,
        validation_alias="PARITY_PICTURES",
        description="folder of your own images; a runtime is also compared with the reference on these when it is loaded",
    )
    confidence_threshold: float = Field(
        default=0.5,
        validation_alias="DETECTION_CONFIDENCE_THRESHOLD",
        ge=0,
        le=1,
        description="lowest confidence of detections, 0-1, for requests without a threshold",
    )
    max_pixels: int = Field(
        default=50_000_000,
        validation_alias="MAX_PIXELS",
        ge=1,
        le=1_000_000_000,
        description="largest image, width x height",
    )
    queue_limit: int = Field(
        default=32,
        validation_alias="QUEUE_LIMIT",
        ge=1,
        le=10_000,
        description="images that may be arriving, waiting or in progress",
    )
    batch_max: int | None = Field(
        default=None,
        validation_alias="BATCH_MAX",
        ge=1,
        le=16,
        description="images per batch; by default what pays off on the device",
    )
    batch_wait_ms: float = Field(
        default=4.0,
        validation_alias="BATCH_WAIT_MS",
        ge=0,
        le=100,
        description="milliseconds to wait for images that are being decoded, if the batch has room",
    )
    self_test_interval: float = Field(
        default=60.0,
        validation_alias="CANARY_INTERVAL",
        ge=1,
        le=3600,
        description="seconds without an image after which the detector runs a self-test",
    )

    # assessment
    llm_backend: Annotated[LlmBackend, BeforeValidator(_lower)] = Field(
        default=LlmBackend.OLLAMA,
        validation_alias="LLM_BACKEND",
        description="what runs the language model: ollama, openai, embedded or none",
    )
    nemotron_url: _Url = Field(
        default="http://127.0.0.1:11434",
        validation_alias="NEMOTRON_URL",
        description="address of the language model's server",
    )
    nemotron_model: str = Field(
        default="nemotron-3-nano:4b",
        validation_alias="NEMOTRON_MODEL",
        description="name of the language model",
    )
    nemotron_api_key: str | None = Field(
        default=None,
        validation_alias="NEMOTRON_API_KEY",
        repr=False,
        description="key for the language model's server, which is sent as a header",
    )
    nemotron_num_ctx: int | None = Field(
        default=None,
        validation_alias="NEMOTRON_NUM_CTX",
        ge=2048,
        le=1_000_000,
        description="context length in tokens that Ollama loads the model with; by default what the prompt needs, or a longer one that is in use",
    )
    nemotron_digest: _Digest | None = Field(
        default=None,
        validation_alias="NEMOTRON_DIGEST",
        description="SHA-256 of the only model that may answer, or its first 12 digits or more; for ollama",
    )
    nemotron_allow_cloud: _Flag = Field(
        default=False,
        validation_alias="NEMOTRON_ALLOW_CLOUD",
        description="true: allow cloud models of Ollama, to which facts and images are sent over the internet",
    )
    embedded_model: _Path | None = Field(
        default=None,
        validation_alias="EMBEDDED_MODEL",
        description="gguf file for the embedded backend",
    )
    connect_timeout: float = Field(
        default=10.0,
        validation_alias="AI_CONNECT_TIMEOUT",
        ge=0.1,
        le=600,
        description="seconds to connect to the language model's server",
    )
    assess_timeout: float = Field(
        default=120.0,
        validation_alias="NEMOTRON_READ_TIMEOUT",
        ge=0.1,
        le=3600,
        description="seconds an assessment may take",
    )
    llm_self_test_interval: float = Field(
        default=60.0,
        validation_alias="NEMOTRON_CANARY_INTERVAL",
        ge=0,
        le=86_400,
        description="seconds without an answer after which the language model runs a self-test, which detects a lost GPU; 0 = never",
    )
    assess_limit: int = Field(
        default=16,
        validation_alias="ASSESS_LIMIT",
        ge=1,
        le=1000,
        description="assessments that may be in progress or waiting",
    )

    # the process
    state_dir: _Path = Field(
        default_factory=_user_state_dir,
        validation_alias="STATE_DIR",
        description="folder that keeps the server's id, its certificate and converted models",
    )
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        default=LogLevel.INFO,
        validation_alias="LOG_LEVEL",
        description="least severe line to log: debug, info, warning or error",
    )
    otlp_endpoint: _Url | None = Field(
        default=None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="address of an OpenTelemetry receiver (OTLP over HTTP) that traces are sent to",
    )
