"""Keeps what a checkpoint is converted to, so that it is converted once only."""

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
    """Return the file of that name, made by `convert` where the cache does not have it yet.

    `version` is of what converts. Raises what `convert` and the disk raise.
    """
    folder = cache / _fingerprint(checkpoint.folder, (version, *_VERSIONS))
    file = folder / name
    if not file.exists():
        shutil.rmtree(cache, ignore_errors=True)  # of another model, or of another version
        cache.mkdir(parents=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        convert(draft / name)
        draft.replace(folder)  # whole or not at all
    return file


def trace_model(checkpoint: Checkpoint) -> torch.jit.ScriptModule:
    """Return the raw model as TorchScript for one picture at a time."""
    pixels = torch.zeros(1, 3, checkpoint.size.height, checkpoint.size.width)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing fixes the shapes, which is what is wanted
        module: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call] # torch's types lack it
            RawModel(checkpoint.model), pixels, check_trace=False
        )
    return module


def _fingerprint(folder: Path, versions: Sequence[str]) -> str:
    """Return what the converted model depends on, as one name."""
    digest = hashlib.sha256()
    for version in versions:
        digest.update(f"{version}\n".encode())
    for file in [folder / "config.json", *sorted(folder.glob("*.safetensors"))]:
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]


# The last is of the outputs: what an older server kept has others.
_VERSIONS = (torch.__version__, transformers.__version__, "logits, boxes, candidates")
