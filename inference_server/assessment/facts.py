"""The facts of one event, validated: AssessRequest of openapi.yaml."""

from dataclasses import dataclass
from datetime import datetime

from .fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An object's place, each edge 0-1 of the upright picture."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    """One object that was seen during the event."""

    label: str
    confidence: float  # 0-1, the highest seen
    box: Box
    first_seen: datetime
    last_seen: datetime
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one event; times carry the home's UTC offset."""

    camera: str
    started_at: datetime
    ended_at: datetime
    image_count: int
    objects: tuple[ObjectFacts, ...]

    @classmethod
    def from_json(cls, body: object) -> "Facts":
        """Read a decoded JSON body; raises InvalidRequestError that names the field."""
        fields = Fields(body)
        camera = fields.text("camera", longest=100)
        started_at, ended_at = fields.period("started_at", "ended_at")
        image_count = fields.whole("image_count", low=1, high=100_000)
        objects = tuple(_object(each) for each in fields.items("objects", fewest=1, most=50))
        fields.refuse_others()
        return cls(
            camera=camera,
            started_at=started_at,
            ended_at=ended_at,
            image_count=image_count,
            objects=objects,
        )


def _object(fields: Fields) -> ObjectFacts:
    label = fields.text("label", longest=50)
    confidence = fields.fraction("confidence")
    x1, y1, x2, y2 = fields.box("box")
    first_seen, last_seen = fields.period("first_seen", "last_seen")
    images = fields.whole("images", low=1, high=100_000)
    fields.refuse_others()
    return ObjectFacts(
        label=label,
        confidence=confidence,
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
        first_seen=first_seen,
        last_seen=last_seen,
        images=images,
    )
