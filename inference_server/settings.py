"""Every setting of the server with its default and unit; flags win over the environment."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from inference_server.parsers import choice, flag, http_url, number, path, tokens, whole


class SettingsError(Exception):
    """A setting is wrong; the message is one line that names it."""


def _user_state_dir() -> Path:
    try:
        home = Path.home()
    except RuntimeError as err:
        raise SettingsError("Set STATE_DIR: this user has no home folder to keep state in") from err
    return home / ".local" / "state" / "hsi-inference-server"


class Device(StrEnum):
    """Where the detector runs."""

    AUTO = "auto"  # CUDA where there is one, else the CPU
    CPU = "cpu"
    CUDA = "cuda"  # refuses to run on anything else


class DetectorRuntime(StrEnum):
    """What computes the detector."""

    AUTO = "auto"  # torch on CUDA; on a CPU OpenVINO, ONNX Runtime or torch, as installed
    TORCH = "torch"
    OPENVINO = "openvino"  # on the CPU
    ONNXRUNTIME = "onnxruntime"  # on the CPU
    TENSORRT = "tensorrt"  # on CUDA; on torch where it is not to be had


class DetectorPrecision(StrEnum):
    """The numbers the detector is computed with; they are held against fp32 on the CPU."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The server's settings."""

    # listening
    host: str = "127.0.0.1"
    port: int = 8090  # 0 = any free one; it is printed
    api_tokens: tuple[str, ...] = field(default=(), repr=False)  # each is accepted
    zeroconf: bool = True  # announces itself in the network, unless it listens on loopback only
    tls_cert_file: Path | None = None  # PEM, with what is between it and its authority
    tls_key_file: Path | None = None  # PEM, without a password
    tls_self_signed: bool = False  # makes a certificate once, and keeps it in the state folder
    rate_limit: float = 1000.0  # requests a second of one client; 0 sets no limit
    max_body_bytes: int = 20 * 1024 * 1024

    # detection
    detector_model: Path = Path(".models/rtdetr_v2_r18vd")  # a folder in transformers' format
    models_dir: Path | None = None  # detectors to load on request; None: where detector_model is
    device: Device = Device.AUTO
    detector_runtime: DetectorRuntime = DetectorRuntime.AUTO
    detector_precision: DetectorPrecision = DetectorPrecision.AUTO
    parity_pictures: Path | None = None  # a folder; runtimes are compared with these, too
    confidence_threshold: float = 0.5  # 0-1, where a request names none
    max_pixels: int = 50_000_000  # width x height a picture may have
    queue_limit: int = 32  # pictures that arrive, wait or are being looked at
    batch_max: int | None = None  # pictures at once; None: what pays off on the device
    canary_interval: float = 60.0  # seconds without a picture, after which the detector is proven
    batch_wait_ms: float = 4.0  # for others that are being decoded, where a batch has room

    # assessment
    llm_backend: LlmBackend = LlmBackend.OLLAMA
    nemotron_url: str = "http://127.0.0.1:11434"
    nemotron_model: str = "nemotron-3-nano:4b"
    nemotron_api_key: str | None = field(default=None, repr=False)  # for openai
    embedded_model: Path | None = None  # a gguf file
    connect_timeout: float = 10.0  # seconds
    assess_timeout: float = 120.0  # seconds
    llm_canary_interval: float = (
        60.0  # seconds without an answer after which a tiny one is asked for
    )
    assess_limit: int = 16  # assessments underway or waiting for the language model

    # the process
    state_dir: Path = field(
        default_factory=_user_state_dir
    )  # keeps the instance id and converted models
    log_level: LogLevel = LogLevel.INFO
    otlp_endpoint: str | None = None  # where traces are sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """One setting as the environment and the command line spell it."""

    setting: str
    env: str
    help: str
    parse: Callable[[str], object] = str
    secret: bool = False  # also read from the file that <env>_FILE names; never a flag


def load_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Read flags over environment over defaults; raises SettingsError."""
    texts = {**_from_environment(environ), **_from_flags(argv)}
    values: dict[str, object] = {}
    for option in _OPTIONS:
        if (text := texts.get(option.setting)) is None:
            continue
        try:
            values[option.setting] = option.parse(text)
        except ValueError as err:
            # A secret that cannot be read must not reach the terminal either.
            shown = "" if option.secret or "@" in text else f" {text!r}"
            raise SettingsError(f"{option.env}{shown}: {err}") from err
    return Settings(**values)  # type: ignore[arg-type] # each option's parse gives its setting's type


def environment_names() -> tuple[str, ...]:
    """Every environment variable the server reads."""
    return tuple(
        name
        for option in _OPTIONS
        for name in ((option.env, f"{option.env}_FILE") if option.secret else (option.env,))
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for option in _OPTIONS:
        if text := environ.get(option.env, ""):
            texts[option.setting] = text
        if option.secret and (name := environ.get(f"{option.env}_FILE", "")):
            if text:
                raise SettingsError(f"Set {option.env} or {option.env}_FILE, not both")
            try:
                texts[option.setting] = Path(name).read_text(encoding="utf-8").strip()
            except OSError as err:
                reason = err.strerror or err
                raise SettingsError(f"{option.env}_FILE {name}: {reason}") from err
            except UnicodeDecodeError as err:
                raise SettingsError(f"{option.env}_FILE {name}: is no text") from err
    return texts


def _from_flags(argv: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(
        prog="python -m inference_server",
        description="Detects objects in pictures and assesses the risk of events.",
        epilog="Each flag is also an environment variable; secrets are only that, or a file.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for option in _OPTIONS:
        if not option.secret:
            parser.add_argument(
                "--" + option.setting.replace("_", "-"), help=f"{option.help} ({option.env})"
            )
    return dict(vars(parser.parse_args(argv)))


_OPTIONS = (
    _Option(setting="host", env="HOST", help="address to listen on"),
    _Option(
        setting="port",
        env="PORT",
        help="port to listen on; 0 takes a free one",
        parse=whole(0, 65535),
    ),
    _Option(
        setting="api_tokens",
        env="API_TOKEN",
        help="tokens a client may send, separated by commas",
        parse=tokens,
        secret=True,
    ),
    _Option(
        setting="zeroconf",
        env="ZEROCONF",
        help="true: announce the server in the local network, so that it is found by itself",
        parse=flag,
    ),
    _Option(
        setting="tls_cert_file",
        env="TLS_CERT_FILE",
        help="certificate to serve https with, in PEM",
        parse=path,
    ),
    _Option(
        setting="tls_key_file",
        env="TLS_KEY_FILE",
        help="the certificate's key, in PEM and without a password",
        parse=path,
    ),
    _Option(
        setting="tls_self_signed",
        env="TLS_SELF_SIGNED",
        help="true: serve https with a certificate that the server makes for itself",
        parse=flag,
    ),
    _Option(
        setting="rate_limit",
        env="RATE_LIMIT",
        help="requests a second that one client may send; 0 sets no limit",
        parse=number(0, 1_000_000),
    ),
    _Option(
        setting="max_body_bytes",
        env="MAX_BODY_BYTES",
        help="largest request body, in bytes",
        parse=whole(1024, 1024**3),
    ),
    _Option(
        setting="detector_model",
        env="DETECTOR_MODEL",
        help="folder of the detector, in transformers' format",
        parse=path,
    ),
    _Option(
        setting="models_dir",
        env="MODELS_DIR",
        help="folder of the detectors that may be loaded on request",
        parse=path,
    ),
    _Option(
        setting="device",
        env="DEVICE",
        help="where the detector runs: auto, cpu or cuda",
        parse=choice(Device),
    ),
    _Option(
        setting="detector_runtime",
        env="DETECTOR_RUNTIME",
        help="what computes the detector: auto, torch, openvino, onnxruntime or tensorrt",
        parse=choice(DetectorRuntime),
    ),
    _Option(
        setting="detector_precision",
        env="DETECTOR_PRECISION",
        help="the numbers the detector is computed with: auto, fp32 or bf16",
        parse=choice(DetectorPrecision),
    ),
    _Option(
        setting="parity_pictures",
        env="PARITY_PICTURES",
        help="folder of your own pictures to compare runtimes with when one is loaded",
        parse=path,
    ),
    _Option(
        setting="confidence_threshold",
        env="DETECTION_CONFIDENCE_THRESHOLD",
        help="lowest confidence to answer with where a request names none, 0-1",
        parse=number(0, 1),
    ),
    _Option(
        setting="max_pixels",
        env="MAX_PIXELS",
        help="largest picture, width x height",
        parse=whole(1, 1_000_000_000),
    ),
    _Option(
        setting="queue_limit",
        env="QUEUE_LIMIT",
        help="pictures that may arrive, wait or be looked at",
        parse=whole(1, 10_000),
    ),
    _Option(
        setting="batch_max",
        env="BATCH_MAX",
        help="pictures the detector is given at once",
        parse=whole(1, 16),
    ),
    _Option(
        setting="batch_wait_ms",
        env="BATCH_WAIT_MS",
        help="milliseconds a picture may wait for others to join its batch",
        parse=number(0, 100),
    ),
    _Option(
        setting="canary_interval",
        env="CANARY_INTERVAL",
        help="seconds without a picture, after which the detector has to prove itself",
        parse=number(1, 3600),
    ),
    _Option(
        setting="llm_backend",
        env="LLM_BACKEND",
        help="what runs the language model: ollama, openai, embedded or none",
        parse=choice(LlmBackend),
    ),
    _Option(
        setting="nemotron_url",
        env="NEMOTRON_URL",
        help="address of the language model's server",
        parse=http_url,
    ),
    _Option(setting="nemotron_model", env="NEMOTRON_MODEL", help="name of the language model"),
    _Option(
        setting="nemotron_api_key",
        env="NEMOTRON_API_KEY",
        help="key for the openai backend",
        secret=True,
    ),
    _Option(
        setting="embedded_model",
        env="EMBEDDED_MODEL",
        help="gguf file for the embedded backend",
        parse=path,
    ),
    _Option(
        setting="connect_timeout",
        env="AI_CONNECT_TIMEOUT",
        help="seconds to connect to the language model's server",
        parse=number(0.1, 600),
    ),
    _Option(
        setting="assess_timeout",
        env="NEMOTRON_READ_TIMEOUT",
        help="seconds an assessment may take",
        parse=number(0.1, 3600),
    ),
    _Option(
        setting="llm_canary_interval",
        env="NEMOTRON_CANARY_INTERVAL",
        help="seconds without an answer after which the language model is made to give a tiny "
        "one, which shows a GPU that was lost; 0 = never",
        parse=number(0, 86_400),
    ),
    _Option(
        setting="assess_limit",
        env="ASSESS_LIMIT",
        help="assessments underway or waiting for the language model",
        parse=whole(1, 1000),
    ),
    _Option(
        setting="state_dir",
        env="STATE_DIR",
        help="folder that keeps the server's identity and converted models",
        parse=path,
    ),
    _Option(
        setting="otlp_endpoint",
        env="OTEL_EXPORTER_OTLP_ENDPOINT",
        help="address of an OpenTelemetry receiver (OTLP over HTTP) that traces are sent to",
        parse=http_url,
    ),
    _Option(
        setting="log_level",
        env="LOG_LEVEL",
        help="least severe line to log: debug, info, warning or error",
        parse=choice(LogLevel),
    ),
)
