"""The client's reading is pinned to the API's schema, field by field and word by word."""

from base64 import b64encode
from collections.abc import Callable, Mapping
import copy
from datetime import UTC, datetime
from typing import Any

from jsonschema import ValidationError
import pytest

from hsi_core.domain.context import Occupancy
from hsi_core.domain.errors import ClientError
from hsi_core.domain.inference import (
    AnswerProblem,
    AssessorBackend,
    ComponentState,
    EventFacts,
    ObjectFacts,
    RulesFacts,
    ServerStatus,
)
from hsi_core.domain.models import Box, Change, RiskFactor
from hsi_core.domain.movement import Movement
from hsi_core.domain.part_of_day import PartOfDay
from hsi_core.inference.json_reader import JsonReader
from hsi_core.inference.wire import (
    API_VERSION,
    OPTIONAL_FIELDS,
    facts_json,
    read_detect_result,
    read_health,
    read_model_answer,
)
from hsi_core.risk.zone_map import BY_PRIVACY
from hsi_core.stages.prompt_images import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGES
from testbed.inference_responses import ASSESSED, DETECTED, HEALTH
from tests.contract.openapi import SCHEMAS, required_fields, validate

type Reader = Callable[[JsonReader], object]

READERS: Mapping[str, tuple[Reader, Any]] = {
    "Health": (read_health, HEALTH),
    "DetectResponse": (read_detect_result, DETECTED),
    "AssessResponse": (read_model_answer, ASSESSED),
}
FIELDS = [(name, field) for name in READERS for field in required_fields(name)]


def copied(value: object) -> Any:
    return copy.deepcopy(value)


def named(value: str | tuple[str | int, ...]) -> str:
    return value if isinstance(value, str) else ".".join(map(str, value))


def changed(value: Any, field: tuple[str | int, ...], change: object) -> Any:
    """Return a copy in which the field holds something else, or is not there for `...`."""
    value = copy.deepcopy(value)
    inner = value
    for step in field[:-1]:
        inner = inner[step]
    if change is ...:
        del inner[field[-1]]
    else:
        inner[field[-1]] = change
    return value


@pytest.mark.parametrize("name", READERS)
def test_the_answers_that_other_tests_use_are_of_the_schema(name: str) -> None:
    validate(name, READERS[name][1])


def test_every_part_of_the_schema_is_pinned() -> None:
    assert len(FIELDS) > 40


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=named)
def test_every_required_field_is_read(name: str, field: tuple[str | int, ...]) -> None:
    reader, whole = READERS[name]
    reader(JsonReader(copy.deepcopy(whole)))

    with pytest.raises(ClientError, match=str(field[-1])):
        reader(JsonReader(changed(whole, field, ...)))


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=named)
def test_every_required_field_has_to_be_of_its_kind(
    name: str, field: tuple[str | int, ...]
) -> None:
    reader, whole = READERS[name]

    wrong = changed(whole, field, {"wrong": []} if field[-1] != "image" else 1)
    with pytest.raises(ClientError):
        reader(JsonReader(wrong))


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=named)
def test_null_is_taken_where_the_schema_allows_it(name: str, field: tuple[str | int, ...]) -> None:
    reader, whole = READERS[name]
    null = changed(whole, field, None)
    try:
        validate(name, null)
    except ValidationError:
        with pytest.raises(ClientError):
            reader(JsonReader(null))
    else:
        reader(JsonReader(null))


def test_enums_are_equal() -> None:
    assert [*ComponentState] == SCHEMAS["ComponentState"]["enum"]
    assert [*ServerStatus] == SCHEMAS["Health"]["properties"]["status"]["enum"]
    assert [*AssessorBackend] == SCHEMAS["AssessResponse"]["properties"]["backend"]["enum"]
    parts = SCHEMAS["AssessRequest"]["properties"]["part_of_day"]["enum"]
    assert [*PartOfDay, None] == parts
    assert [*Change, None] == SCHEMAS["AssessResponse"]["properties"]["change"]["enum"]
    problems = SCHEMAS["AssessRequest"]["properties"]["earlier_problem"]["enum"]
    assert [*AnswerProblem, None] == problems
    assert {*AnswerProblem} < {*SCHEMAS["Problem"]["properties"]["code"]["enum"]}
    assert SCHEMAS["Health"]["properties"]["api_version"]["const"] == API_VERSION


def test_the_vision_field_is_read_and_may_be_missing() -> None:
    said = changed(HEALTH, ("assessor", "vision"), True)
    validate("Health", said)

    assert read_health(JsonReader(said)).assessor.vision is True
    assert (
        read_health(JsonReader(changed(HEALTH, ("assessor", "vision"), None))).assessor.vision
        is None
    )
    assert read_health(JsonReader(copied(HEALTH))).assessor.vision is None
    with pytest.raises(ClientError, match="vision"):
        read_health(JsonReader(changed(HEALTH, ("assessor", "vision"), "yes")))


EXPLAINED: Mapping[str, object] = {
    **ASSESSED,
    "change": "higher",
    "because": "entry point",
    "note": "Nobody is expected there.",
    "note_refused": None,
    "suggested_points": 2.5,
}


def test_the_words_of_a_new_server_are_read() -> None:
    validate("AssessResponse", EXPLAINED)

    read = read_model_answer(JsonReader(copied(EXPLAINED)))

    assert (read.change, read.because) == (Change.HIGHER, "entry point")
    assert (read.note, read.note_refused) == ("Nobody is expected there.", None)
    assert read.suggested_points == 2.5


def test_an_older_server_sends_no_words_of_its_own_kind() -> None:
    read = read_model_answer(JsonReader(copied(ASSESSED)))

    assert (read.change, read.because, read.note) == (None, None, None)
    assert (read.note_refused, read.suggested_points) == (None, None)


@pytest.mark.parametrize("field", ["change", "because", "note", "note_refused", "suggested_points"])
def test_a_word_may_be_null_and_has_to_be_of_its_kind(field: str) -> None:
    null = changed(EXPLAINED, (field,), None)
    validate("AssessResponse", null)
    assert getattr(read_model_answer(JsonReader(null)), field) is None

    wrong = changed(EXPLAINED, (field,), ["wrong"])
    with pytest.raises(ValidationError):
        validate("AssessResponse", wrong)
    with pytest.raises(ClientError, match=field):
        read_model_answer(JsonReader(wrong))


def test_only_fields_that_a_server_lists_are_optional_for_it() -> None:
    request = SCHEMAS["AssessRequest"]
    optional = set(request["properties"]) - set(request["required"]) - {"pictures"}
    assert set(OPTIONAL_FIELDS) == optional

    said = changed(HEALTH, ("assessor", "accepts"), ["narrative"])
    validate("Health", said)

    assert read_health(JsonReader(said)).assessor.accepts == {"narrative"}
    assert read_health(JsonReader(copied(HEALTH))).assessor.accepts == frozenset()


def test_the_limits_of_images_are_equal() -> None:
    pictures = SCHEMAS["AssessRequest"]["properties"]["pictures"]
    assert pictures["maxItems"] == MAX_IMAGES
    assert pictures["items"]["maxLength"] == len(b64encode(bytes(MAX_IMAGE_BYTES)))
    assert f"{MAX_IMAGE_PIXELS:,} pixels" in pictures["description"]


@pytest.mark.parametrize(
    ("name", "field", "outside"),
    [
        ("DetectResponse", ("image", "width"), 0),
        ("DetectResponse", ("detections", 0, "confidence"), 1.01),
        ("DetectResponse", ("detections", 0, "box"), [0.0, 0.0, 1.0]),
        ("DetectResponse", ("detections", 0, "box"), [0.0, 0.0, 1.0, 1.5]),
        ("DetectResponse", ("timings_ms", "total"), -1),
        ("AssessResponse", ("risk_score",), 101),
        ("AssessResponse", ("risk_score",), 50.5),
        ("AssessResponse", ("summary",), ""),
        ("AssessResponse", ("summary",), "x" * 501),
        ("AssessResponse", ("reasoning",), "x" * 2001),
        ("AssessResponse", ("backend",), "something"),
        ("AssessResponse", ("change",), "sideways"),
        ("AssessResponse", ("note",), "x" * 161),
        ("AssessResponse", ("suggested_points",), 6.1),
        ("AssessResponse", ("usage", "prompt_tokens"), -1),
        ("Health", ("status",), "fine"),
        ("Health", ("detector", "state"), "happy"),
        ("Health", ("detector", "since"), "2026-11-23T12:00:00"),
        ("Health", ("instance_id",), "1"),
        ("Health", ("assessor", "backend"), "something"),
    ],
)
def test_what_the_schema_refuses_the_client_refuses(
    name: str, field: tuple[str | int, ...], outside: object
) -> None:
    reader, whole = READERS[name]
    wrong = changed(whole, field, outside)

    with pytest.raises(ValidationError):
        validate(name, wrong)
    with pytest.raises(ClientError):
        reader(JsonReader(wrong))


@pytest.mark.parametrize("occupancy", [*Occupancy, None])
def test_every_occupancy_is_of_the_schema(occupancy: Occupancy | None) -> None:
    validate("AssessRequest", facts_json(some_facts(occupancy)))


def test_facts_are_of_the_schema() -> None:
    facts = some_facts(Occupancy.HOME)
    sent: Any = facts_json(facts, [b"\xff\xd8\xff"] * 3)
    assert "pictures" not in facts_json(facts)
    assert set(facts_json(facts, accepts=())) == set(sent) - {*OPTIONAL_FIELDS, "pictures"}

    validate("AssessRequest", sent)
    assert set(sent) == set(SCHEMAS["AssessRequest"]["properties"])
    rules = SCHEMAS["AssessRequest"]["properties"]["rules"]["properties"]
    assert set(sent["rules"]) == set(rules)
    assert set(sent["rules"]["factors"][0]) == set(rules["factors"]["items"]["properties"])
    assert set(sent["objects"][0]) == set(
        SCHEMAS["AssessRequest"]["properties"]["objects"]["items"]["properties"]
    )


def some_facts(occupancy: Occupancy | None) -> EventFacts:
    then = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    seen = ObjectFacts(
        label="person",
        confidence=1.0,
        box=Box(x1=0.0, y1=0.0, x2=1.0, y2=1.0),
        first_seen=then,
        last_seen=then,
        images=1,
        movement=Movement.UNKNOWN,
        zones=BY_PRIVACY,
    )
    return EventFacts(
        camera="Front",
        started_at=then,
        ended_at=then,
        part_of_day=PartOfDay.NIGHT,
        image_count=1,
        armed=None,
        occupancy=occupancy,
        objects=(seen,),
        rules=RulesFacts(
            score=19,
            low=7,
            high=29,
            factors=(RiskFactor(name="entry point", points=19, reason="Somebody is there."),),
        ),
        narrative="A person was at Front.",
        language="pt-BR",
    )
