"""Damaged images are decoded or refused, in bounded time; scripts/test-attack tries more of them."""

import os
from random import Random
import time

from inference_server.detection.decoding.decode import decode
from inference_server.errors import ProblemError
from testbed.fuzz.mutation import mutate, splice
from testbed.fuzz.samples import make_samples
from tests.attack import images

SECONDS = float(os.environ.get("ATTACK_SECONDS", "10"))
SEED = int(os.environ.get("ATTACK_SEED", "1"))
MOST = 5.0  # seconds of a processor for one image
LIMIT = 50_000_000


def test_damaged_images_are_decoded_or_refused() -> None:
    samples = (
        *make_samples().images,
        images.jpeg(restart_marker_rows=1),
        images.progressive_scans(5, 640, 480),
        images.sequential_scans(3, 640, 480),
        images.webp_of_one_colour(300, 200),
        images.png(300, 200, more=images.chunk(b"iCCP", b"icc\0\0" + bytes(9))),
    )
    number, ends_at = 0, time.monotonic() + SECONDS
    while time.monotonic() < ends_at:
        rng = Random(f"{SEED}:{number}")
        data = splice(rng, samples) if rng.random() < 0.2 else mutate(rng, rng.choice(samples))
        started = time.thread_time()
        try:
            decode(data, max_pixels=LIMIT)
        except ProblemError:
            pass
        except Exception as err:
            raise AssertionError(f"ATTACK_SEED={SEED}, image {number}: {err!r}") from err
        assert time.thread_time() - started < MOST, f"ATTACK_SEED={SEED}, image {number} is slow"
        number += 1
    assert number > SECONDS
