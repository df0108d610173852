"""Synthetic images for the parity check of a runtime."""

import torch

from inference_server.detection.decoding.preprocess import InputSize


def synthetic_images(size: InputSize) -> list[torch.Tensor]:
    """Return synthetic images, (3, height, width) uint8, always the same.

    The server stores no camera images, so none are available when it starts. The model detects no
    objects in these, but its candidates are compared at any score. They depend on every layer, so a
    wrongly computed layer changes their boxes and scores.
    """
    generator = torch.Generator().manual_seed(20)
    height, width = size.height, size.width
    noise = torch.rand(3, height, width, generator=generator)
    coarse = torch.rand(1, 3, 8, 8, generator=generator)
    patches = torch.nn.functional.interpolate(coarse, size=(height, width), mode="nearest")[0]
    clouds = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")[0]
    down = torch.linspace(0, 1, height)[:, None].expand(height, width)
    across = torch.linspace(0, 1, width)[None, :].expand(height, width)
    gradient = torch.stack((down, across, 1 - down))
    figure = gradient.clone()
    figure[:, height // 4 : -height // 4, width // 3 : width // 2] = 0.1
    return [(each * 255).round().byte() for each in (noise, patches, clouds, figure)]
