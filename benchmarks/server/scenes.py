"""Drawn images in the sizes of cameras."""

from pathlib import Path

from testbed.drawing.scenes import draw, jpeg

FULL_HD = (1920, 1080)
UHD = (3840, 2160)


def draw_jpegs(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """Write that many JPEGs; 1080p ones have 330 to 460 KB, 4K ones 1.2 to 1.8 MB."""
    files = []
    for seed in range(count):
        file = folder / f"{size[0]}-{seed}.jpg"
        file.write_bytes(jpeg(draw(seed, size=size)))
        files.append(file)
    return files
