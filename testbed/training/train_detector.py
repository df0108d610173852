"""Train a tiny RT-DETRv2 from scratch on drawn scenes, and measure it on held-out scenes."""

from __future__ import annotations

import argparse
import copy
import json
import math
from pathlib import Path
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from transformers import (
    AutoModelForObjectDetection,
    RTDetrResNetConfig,
    RTDetrV2Config,
    RTDetrV2ForObjectDetection,
)

from testbed.drawing.scenes import LABELS
from testbed.training.measure_detector import INPUT_SIZE, measure, report
from testbed.training.training_scenes import ScenePool

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH: Final = 16  # images
THREADS: Final = 2
PEAK_LEARNING_RATE: Final = 1e-3
RESUMED_LEARNING_RATE: Final = 5e-4  # at its peak; a trained model needs smaller steps
WARM_UP: Final = 0.02  # share of the training time
GRADIENT_NORM: Final = 1.0
AVERAGE_DECAY: Final = 0.998  # of the weight average that is saved
SAVE_INTERVAL: Final = 180.0  # seconds
POOL: Final = 6000  # scenes
TRAIN_SEED: Final = 1_000_000_000  # far above the held-out seeds
RESUMED_SEED: Final = 2_000_000_000  # other scenes than those of the first training
PROGRESS_SEEDS: Final = range(400_000, 400_080)
HELD_OUT_SEED: Final = 500_000
HELD_OUT_SCENES: Final = 300
DEFAULT_FOLDER: Final = Path(".models/test-detector")

PREPROCESSOR: Final = {
    "image_processor_type": "RTDetrImageProcessor",
    "do_resize": True,
    "size": {"height": INPUT_SIZE, "width": INPUT_SIZE},
    "resample": 2,  # bilinear
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": False,
    "do_pad": False,
}


def configuration() -> RTDetrV2Config:
    """Return the configuration of an RT-DETRv2 of about a million parameters, 256 x 256 pixels."""
    widths = [24, 48, 80, 112]
    backbone: dict[str, Any] = {
        "embedding_size": 24,
        "hidden_sizes": widths,
        "depths": [1, 1, 1, 1],
        "layer_type": "basic",
        "out_features": ["stage2", "stage3", "stage4"],
    }
    detector: dict[str, Any] = {
        "backbone_config": RTDetrResNetConfig(**backbone),
        "freeze_backbone_batch_norms": False,  # nothing pretrained to protect
        "encoder_in_channels": widths[1:],
        "encoder_hidden_dim": 64,
        "encoder_ffn_dim": 128,
        "encoder_attention_heads": 4,
        "hidden_expansion": 0.5,
        "d_model": 64,
        "decoder_in_channels": [64, 64, 64],
        "decoder_ffn_dim": 128,
        "decoder_attention_heads": 4,
        "decoder_layers": 3,
        "num_queries": 40,
        "num_denoising": 32,
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: index for index, label in enumerate(LABELS)},
        "hsi_test_model": True,
    }
    return RTDetrV2Config(**detector)


def train(*, minutes: float, steps: int, folder: Path, resume: bool, workers: int) -> None:
    """Train for `steps` or `minutes`, whichever ends first; the learning rate falls to zero."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(2)
    rng = np.random.default_rng(2)
    model: Any = (
        AutoModelForObjectDetection.from_pretrained(folder, local_files_only=True)
        if resume
        else RTDetrV2ForObjectDetection(configuration())
    )
    model.train()
    average = copy.deepcopy(model).eval()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    peak = RESUMED_LEARNING_RATE if resume else PEAK_LEARNING_RATE
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=1e-4)
    first_seed = RESUMED_SEED if resume else TRAIN_SEED
    scenes = ScenePool(range(first_seed, first_seed + POOL), workers=workers)
    print(f"{POOL} scenes drawn", flush=True)
    start = saved = time.monotonic()
    step, losses = 0, []
    while (progress := max(step / steps, (time.monotonic() - start) / (minutes * 60))) < 1:
        for group in optimiser.param_groups:
            group["lr"] = peak * _schedule(progress)
        pixels, targets = scenes.batch(BATCH, rng)
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(pixel_values=pixels, labels=targets).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimiser.step()
        _follow(average, model, min(AVERAGE_DECAY, (1 + step) / (10 + step)))
        step += 1
        losses.append(loss.item())
        if step % 25 == 0:
            seconds = time.monotonic() - start
            print(
                f"step {step} {seconds:.0f} s loss {np.mean(losses[-25:]):.3f} "
                f"learning rate {optimiser.param_groups[0]['lr']:.1e}",
                flush=True,
            )
        if time.monotonic() - saved > SAVE_INTERVAL:
            save(average, folder)
            print(report(measure(average, PROGRESS_SEEDS)), flush=True)
            saved = time.monotonic()
    save(average, folder)


def _schedule(progress: float) -> float:
    if progress < WARM_UP:
        return progress / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))


@torch.no_grad()
def _follow(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    current = model.state_dict()
    for name, value in average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(current[name], 1 - decay)
        else:
            value.copy_(current[name])


def save(model: Any, folder: Path) -> None:
    """Write the model and its preprocessor settings as transformers reads them."""
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=2) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DEFAULT_FOLDER, help="checkpoint folder")
    parser.add_argument("--steps", type=int, default=3500, help="batches of 16 to train on")
    parser.add_argument("--minutes", type=float, default=math.inf, help="maximum training time")
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")
    parser.add_argument("--evaluate-only", action="store_true", help="measure the checkpoint")
    parser.add_argument("--scenes", type=int, default=HELD_OUT_SCENES, help="scenes to measure on")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    options = parser.parse_args(arguments)
    if not options.evaluate_only:
        train(
            minutes=options.minutes,
            steps=options.steps,
            folder=options.output,
            resume=options.resume,
            workers=options.workers,
        )
    model: Any = AutoModelForObjectDetection.from_pretrained(options.output, local_files_only=True)
    model.eval()
    print(report(measure(model, range(HELD_OUT_SEED, HELD_OUT_SEED + options.scenes))))


if __name__ == "__main__":
    main()
