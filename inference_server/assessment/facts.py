"""The facts of one event, validated: AssessRequest of openapi.yaml."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inference_server.assessment.fields import Fields
from inference_server.assessment.images import MOST_PICTURES, read_picture
from inference_server.errors import (
    AssessorForeignClaimError,
    AssessorInvalidOutputError,
    AssessorNotJsonError,
    AssessorScoreOutOfRangeError,
    AssessorTruncatedError,
)

MOVEMENTS: Final = ("approaching", "leaving", "passing", "roaming", "still", "unknown")
ZONES: Final = ("entry_point", "driveway", "sidewalk", "yard", "restricted")
OCCUPANCIES: Final = ("home", "away")
ANSWER_PROBLEMS: Final = (
    AssessorInvalidOutputError.code,
    AssessorTruncatedError.code,
    AssessorNotJsonError.code,
    AssessorScoreOutOfRangeError.code,
    AssessorForeignClaimError.code,
)


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
    movement: str  # one of MOVEMENTS
    zones: tuple[str, ...]  # of ZONES


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One reason for a score, with its signed points."""

    name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What rules made of the same facts: a score, the band around it, and the factors."""

    score: int
    low: int
    high: int
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one event; times carry the home's UTC offset, None is unknown."""

    camera: str
    started_at: datetime
    ended_at: datetime
    image_count: int
    armed: bool | None
    occupancy: str | None  # one of OCCUPANCIES
    objects: tuple[ObjectFacts, ...]
    rules: Rules
    earlier_problem: str | None = None  # one of ANSWER_PROBLEMS, of an earlier answer on this event
    pictures: tuple[bytes, ...] = ()  # JPEG, PNG or WebP; for a model that sees

    @classmethod
    def from_json(cls, body: object) -> "Facts":
        """Read a decoded JSON body; raises InvalidRequestError that names the field."""
        fields = Fields(body)
        camera = fields.text("camera", longest=100)
        started_at, ended_at = fields.period("started_at", "ended_at")
        image_count = fields.whole("image_count", low=1, high=100_000)
        armed = fields.flag_or_none("armed")
        occupancy = fields.choice_or_none("occupancy", OCCUPANCIES)
        objects = tuple(_object(each) for each in fields.items("objects", fewest=1, most=50))
        rules = _rules(fields.inner("rules"))
        earlier_problem = fields.choice_or_none("earlier_problem", ANSWER_PROBLEMS)
        pictures = tuple(
            read_picture(text, name)
            for name, text in fields.optional_texts("pictures", fewest=1, most=MOST_PICTURES)
        )
        fields.refuse_others()
        return cls(
            camera=camera,
            started_at=started_at,
            ended_at=ended_at,
            image_count=image_count,
            armed=armed,
            occupancy=occupancy,
            objects=objects,
            rules=rules,
            earlier_problem=earlier_problem,
            pictures=pictures,
        )


def _object(fields: Fields) -> ObjectFacts:
    label = fields.text("label", longest=50)
    confidence = fields.fraction("confidence")
    x1, y1, x2, y2 = fields.box("box")
    first_seen, last_seen = fields.period("first_seen", "last_seen")
    images = fields.whole("images", low=1, high=100_000)
    movement = fields.choice("movement", MOVEMENTS)
    zones = fields.choices("zones", ZONES)
    fields.refuse_others()
    return ObjectFacts(
        label=label,
        confidence=confidence,
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
        first_seen=first_seen,
        last_seen=last_seen,
        images=images,
        movement=movement,
        zones=zones,
    )


def _rules(fields: Fields) -> Rules:
    score = fields.whole("score", low=0, high=100)
    low = fields.whole("low", low=0, high=score)
    high = fields.whole("high", low=score, high=100)
    factors = tuple(_factor(each) for each in fields.items("factors", fewest=0, most=40))
    fields.refuse_others()
    return Rules(score=score, low=low, high=high, factors=factors)


def _factor(fields: Fields) -> Factor:
    name = fields.term("name", longest=40)
    points = fields.whole("points", low=-100, high=100)
    fields.refuse_others()
    return Factor(name=name, points=points)
