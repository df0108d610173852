"""Description of the machine and the versions that a figure was measured on."""

from importlib.metadata import PackageNotFoundError, version
import os
from pathlib import Path
import platform

_TELLING = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "i8mm",
)
_PACKAGES = ("aiohttp", "torch", "transformers", "openvino", "onnxruntime", "simplejpeg")


def describe() -> dict[str, object]:
    """Return the machine, its load and the versions of what computes."""
    info = _cpu_info()
    flags = info.get("flags", info.get("Features", "")).split()
    return {
        "cpu": info.get("model name", platform.machine()),
        "cores": os.cpu_count(),
        "cpu_flags": [flag for flag in _TELLING if flag in flags],
        "load_average": round(os.getloadavg()[0], 2),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _cpu_info() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
