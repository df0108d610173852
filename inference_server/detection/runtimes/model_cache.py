"""Cache converted models, so that each checkpoint is converted once."""

from collections.abc import Callable, Sequence
import hashlib
from pathlib import Path
import shutil
import tempfile
import warnings

import torch
import transformers

from inference_server.detection.checkpoint import Checkpoint
from inference_server.detection.runtimes.base import RawModel


def convert_once(
    checkpoint: Checkpoint, cache: Path, name: str, version: str, convert: Callable[[Path], None]
) -> Path:
    """Return the converted model's file, calling `convert` if it is not in the cache.

    `version` is the converter's version. Raises the errors of `convert`, and OSError.
    """
    folder = cache / _fingerprint(checkpoint.folder, (version, *_VERSIONS))
    file = folder / name
    if not file.exists():
        shutil.rmtree(cache, ignore_errors=True)  # another model's or version's
        cache.mkdir(parents=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        convert(draft / name)
        draft.replace(folder)  # atomic
    return file


def trace_model(checkpoint: Checkpoint) -> torch.jit.ScriptModule:
    """Return the raw model as TorchScript for one image at a time."""
    pixels = torch.zeros(1, 3, checkpoint.size.height, checkpoint.size.width)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing fixes the shapes, as intended
        module: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call] # torch's types lack it
            RawModel(checkpoint.model), pixels, check_trace=False
        )
    return module


def _fingerprint(folder: Path, versions: Sequence[str]) -> str:
    """Return a hash of everything the converted model depends on."""
    digest = hashlib.sha256()
    for version in versions:
        digest.update(f"{version}\n".encode())
    for file in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


# The last entry stands for the outputs, which older versions of the server had in another form.
_VERSIONS = (torch.__version__, transformers.__version__, "logits, boxes, candidates")
