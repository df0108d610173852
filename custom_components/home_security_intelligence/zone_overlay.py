"""Render zones and a coordinate grid over a camera's image, as SVG."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import Final

from .core.domain.queries import ImageFile
from .core.domain.zones import Zone, ZoneKind

CONTENT_TYPE: Final = "image/svg+xml"

_WIDTH: Final = 1000
_MARGIN: Final = 30
_DEFAULT_ASPECT: Final = 0.75  # height / width, if the image's is unknown
_COLOURS: Final = {
    ZoneKind.ENTRY_POINT: "#ff9800",
    ZoneKind.OTHER_DOOR: "#ff9800",
    ZoneKind.WINDOW: "#ff9800",
    ZoneKind.GATE: "#ff9800",
    ZoneKind.DRIVEWAY: "#03a9f4",
    ZoneKind.SIDEWALK: "#9e9e9e",
    ZoneKind.YARD: "#4caf50",
    ZoneKind.RESTRICTED: "#f44336",
}


def render(file: ImageFile, zones: Sequence[Zone]) -> bytes:
    """Return the image with its zones; run in the executor."""
    image = file.image
    aspect = image.height / image.width if image.width and image.height else _DEFAULT_ASPECT
    height = round(_WIDTH * aspect)
    content = b64encode(file.content).decode()
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_STYLE}>',
            f'<image width="{_WIDTH}" height="{height}" {_STRETCHED} href="data:',
            f'{file.content_type};base64,{content}"/>',
            *(_zone(zone, height) for zone in zones),
            *(_grid_line(tenth, height) for tenth in range(1, 10)),
            "</svg>",
        )
    ).encode()


def _zone(zone: Zone, height: int) -> str:
    points = [(x * _WIDTH, y * height) for x, y in zone.polygon]
    colour = _COLOURS[zone.kind]
    # Keep clear of the grid's numbers.
    left = max(min(x for x, _ in points), _MARGIN)
    top = max(min(y for _, y in points), _MARGIN)
    corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    return (
        f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.3" '
        f'stroke="{colour}" stroke-width="4"/>'
        f'<text x="{left + 8:.0f}" y="{top + 24:.0f}" {_OUTLINE}>{escape(zone.name)}</text>'
    )


def _grid_line(tenth: int, height: int) -> str:
    x, y = tenth * _WIDTH // 10, tenth * height // 10
    return (
        f'<path d="M{x} 0V{height}M0 {y}H{_WIDTH}" stroke="#fff" stroke-opacity="0.5" '
        'stroke-dasharray="4 6"/>'
        f'<text x="{x + 3}" y="18" {_OUTLINE}>0.{tenth}</text>'
        f'<text x="3" y="{y - 4}" {_OUTLINE}>0.{tenth}</text>'
    )


_STYLE: Final = 'font-family="sans-serif" font-size="18" fill="#fff" stroke-linejoin="round"'
_STRETCHED: Final = 'preserveAspectRatio="none"'
_OUTLINE: Final = 'stroke="#000" stroke-width="4" paint-order="stroke"'
