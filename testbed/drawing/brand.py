"""Draw the integration's icon and logo: `python -m testbed.drawing.brand`.

A house shaped like a shield, with a lens for a window and the corners of a detection box around it.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[2] / "custom_components" / "home_security_intelligence" / "brand"
UNIT = 1024  # the icon is drawn at this size and reduced
LIGHT = {"top": (22, 138, 173), "bottom": (13, 71, 110), "ink": (24, 45, 66)}
DARK = {"top": (62, 180, 214), "bottom": (28, 110, 160), "ink": (232, 240, 246)}
WORDS = ("Home Security", "Intelligence")


def icon(colours: dict[str, tuple[int, int, int]]) -> Image.Image:
    """Return the icon at full size on a transparent ground."""
    ramp = Image.linear_gradient("L").resize((UNIT, UNIT))
    body = Image.composite(
        Image.new("RGB", (UNIT, UNIT), colours["bottom"]),
        Image.new("RGB", (UNIT, UNIT), colours["top"]),
        ramp,
    )
    mask = Image.new("L", (UNIT, UNIT))
    draw = ImageDraw.Draw(mask)
    outline = _shield()
    draw.polygon(outline, fill=255)
    # Round the corners: the outline drawn again with a thick round sprite.
    draw.line((*outline, outline[0], outline[1]), fill=255, width=72, joint="curve")
    for x, y in outline:
        draw.ellipse((x - 36, y - 36, x + 36, y + 36), fill=255)
    image = Image.new("RGBA", (UNIT, UNIT))
    image.paste(body, mask=mask)
    _lens(ImageDraw.Draw(image), (512, 540))
    _corners(ImageDraw.Draw(image), (252, 280, 772, 800))
    return image


def logo(colours: dict[str, tuple[int, int, int]]) -> Image.Image:
    """Return the icon with the name to its right, trimmed."""
    image = Image.new("RGBA", (UNIT * 4, UNIT))
    image.paste(icon(colours))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=330)
    for line, top in zip(WORDS, (150, 510), strict=True):
        draw.text((1090, top), line, font=font, fill=colours["ink"], stroke_width=5)
    box = image.getbbox()
    return image if box is None else image.crop(box)


def _shield() -> list[tuple[float, float]]:
    """Return a roof and walls that close in a curve."""
    steps = [step / 40 for step in range(41)]
    right = [
        (912 * (1 - t) ** 2 + 912 * 2 * t * (1 - t) + 512 * t**2,
         530 * (1 - t) ** 2 + 850 * 2 * t * (1 - t) + 976 * t**2)
        for t in steps
    ]  # fmt: skip
    left = [(UNIT - x, y) for x, y in reversed(right)]
    return [(512, 56), (912, 330), *right, *left, (112, 330)]


def _lens(draw: ImageDraw.ImageDraw, centre: tuple[int, int]) -> None:
    rings = ((200, (255, 255, 255)), (150, (16, 40, 62)), (92, (38, 170, 205)), (48, (12, 30, 48)))
    for radius, colour in rings:
        _disc(draw, centre, radius, colour)
    _disc(draw, (centre[0] + 52, centre[1] - 56), 30, (255, 255, 255))


def _disc(
    draw: ImageDraw.ImageDraw, centre: tuple[int, int], radius: int, colour: tuple[int, int, int]
) -> None:
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _corners(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    amber, width, arm = (255, 183, 77), 40, 120
    for x, inward_x in ((box[0], 1), (box[2], -1)):
        for y, inward_y in ((box[1], 1), (box[3], -1)):
            points = [(x + inward_x * arm, y), (x, y), (x, y + inward_y * arm)]
            draw.line(points, fill=amber, width=width, joint="curve")
            for end_x, end_y in points:
                _disc(draw, (end_x, end_y), width // 2, amber)


def main() -> None:
    """Write every image that Home Assistant uses."""
    FOLDER.mkdir(exist_ok=True)
    for prefix, colours in (("", LIGHT), ("dark_", DARK)):
        for suffix, scale in (("", 1), ("@2x", 2)):
            side = 256 * scale
            small = icon(colours).resize((side, side), Image.Resampling.LANCZOS)
            small.save(FOLDER / f"{prefix}icon{suffix}.png", optimize=True)
            wide = logo(colours)
            height = 128 * scale
            size = (round(wide.width * height / wide.height), height)
            wide.resize(size, Image.Resampling.LANCZOS).save(
                FOLDER / f"{prefix}logo{suffix}.png", optimize=True
            )


if __name__ == "__main__":
    main()
