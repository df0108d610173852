"""The facts of one event, validated: AssessRequest of openapi.yaml."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from inference_server.assessment.images import MAX_IMAGES, read_image
from inference_server.errors import InvalidRequestError

Movement = Literal["approaching", "leaving", "passing", "roaming", "still", "unknown"]
Zone = Literal["entry_point", "driveway", "sidewalk", "yard", "restricted"]
PartOfDay = Literal["night", "early morning", "day", "late evening"]
AnswerProblem = Literal[
    "assessor_invalid_output",
    "assessor_truncated",
    "assessor_not_json",
    "assessor_score_out_of_range",  # of servers of an earlier version
    "assessor_foreign_claim",  # the same
]
ZONES: Final = get_args(Zone)
ANSWER_PROBLEMS: Final = get_args(AnswerProblem)

# Fields that a client may send to a server that lists them in its health.
OPTIONAL_FIELDS: Final = ("part_of_day", "narrative", "language")

_LANGUAGE: Final = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"
_MAX_NAME: Final = 50  # characters of a name from the request that an error repeats
_MESSAGES: Final = {  # instead of pydantic's own, which speak of Python
    "model_type": "must be an object",
    "missing": "is missing",
    "extra_forbidden": "is not a field of the request",
    "tuple_type": "must be a list",
    "too_short": "has too few items",
    "too_long": "has too many items",
    "string_pattern_mismatch": "must be a term in small letters",
}


def _read_moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise PydanticCustomError("moment", "must be an ISO 8601 date and time with an offset")
    return moment


def _at_most(limit: int) -> AfterValidator:
    """Limit the length in Python: pydantic refuses surrogates, which a folder's name may hold."""

    def check(text: str) -> str:
        if not 1 <= len(text) <= limit:
            raise PydanticCustomError(
                "text", "must be a text of 1-{limit} characters", {"limit": limit}
            )
        return text

    return AfterValidator(check)


def _distinct(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    if len(set(zones)) < len(zones):
        raise PydanticCustomError("distinct", "must not hold a word twice")
    return zones


def _in_reading_order(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    if x1 > x2 or y1 > y2:
        raise PydanticCustomError("box", "must have x1 <= x2 and y1 <= y2")
    return box


_Moment = Annotated[datetime, BeforeValidator(_read_moment)]
_Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Image = Annotated[bytes, BeforeValidator(read_image)]
# Not strict, as JSON's arrays are Python's lists; one error is reported, so none is searched after it.
_Array = Field(strict=False, fail_fast=True)
# x1, y1, x2, y2: each edge 0-1 of the upright image
Box = Annotated[
    tuple[_Fraction, _Fraction, _Fraction, _Fraction], _Array, AfterValidator(_in_reading_order)
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ObjectFacts(_Model):
    """One object that was detected during the event."""

    label: Annotated[str, _at_most(50)]
    confidence: _Fraction  # the highest seen
    box: Box
    first_seen: _Moment
    last_seen: _Moment
    images: int = Field(ge=1, le=100_000)
    movement: Movement
    zones: Annotated[tuple[Zone, ...], _Array, AfterValidator(_distinct)]

    @field_validator("last_seen")
    @classmethod
    def _check_order(cls, last_seen: datetime, info: ValidationInfo) -> datetime:
        return _not_before("first_seen", last_seen, info)


class Factor(_Model):
    """One reason for a score, with its signed points."""

    name: Annotated[str, _at_most(40), Field(pattern=r"^[a-z][a-z ,-]*$")]
    points: int = Field(ge=-100, le=100)


class Rules(_Model):
    """The result of the rules on the same facts: a score, the range around it, and the factors."""

    score: int = Field(ge=0, le=100)
    low: int = Field(ge=0)
    high: int = Field(le=100)
    factors: Annotated[tuple[Factor, ...], _Array] = Field(max_length=40)

    @field_validator("low", "high")
    @classmethod
    def _check_band(cls, edge: int, info: ValidationInfo) -> int:
        score = info.data.get("score", edge)
        if edge > score if info.field_name == "low" else edge < score:
            raise PydanticCustomError("band", "must leave the score inside the range")
        return edge


class Facts(_Model):
    """The facts of one event; times carry the home's UTC offset, None is unknown."""

    camera: Annotated[str, _at_most(100)]
    started_at: _Moment
    ended_at: _Moment
    image_count: int = Field(ge=1, le=100_000)
    part_of_day: PartOfDay | None = None  # that the rules used; older clients do not send it
    narrative: Annotated[str, _at_most(330)] | None = None  # who, where, when, how long
    language: Annotated[str, _at_most(35), Field(pattern=_LANGUAGE)] | None = None  # BCP 47
    armed: bool | None
    occupancy: Literal["home", "away"] | None
    objects: Annotated[tuple[ObjectFacts, ...], _Array] = Field(min_length=1, max_length=50)
    rules: Rules
    earlier_problem: AnswerProblem | None  # of an earlier answer on this event
    # JPEG, PNG or WebP; for a model with vision
    pictures: Annotated[tuple[_Image, ...], _Array] = Field((), min_length=1, max_length=MAX_IMAGES)

    @field_validator("ended_at")
    @classmethod
    def _check_order(cls, ended_at: datetime, info: ValidationInfo) -> datetime:
        return _not_before("started_at", ended_at, info)

    @classmethod
    def from_json(cls, body: object) -> Self:
        """Validate a decoded JSON body; raises InvalidRequestError that names the field."""
        try:
            return cls.model_validate(body)
        except ValidationError as err:
            [first, *_] = err.errors(include_url=False, include_context=False, include_input=False)
            raise InvalidRequestError(_describe(first)) from err


def _not_before(start: str, moment: datetime, info: ValidationInfo) -> datetime:
    if start in info.data and moment < info.data[start]:
        raise PydanticCustomError("order", "must not be before {start}", {"start": start})
    return moment


def _describe(error: ErrorDetails) -> str:
    """Return the path of the field and the problem, such as `objects[0].box[3] is missing`."""
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part[:_MAX_NAME]}" for part in error["loc"]
    )
    problem = _MESSAGES.get(error["type"]) or error["msg"].replace("Input should", "should", 1)
    return f"{path.removeprefix('.') or 'The body'} {problem}"
