"""What the server takes as facts, and how it names what it does not take."""

from datetime import timedelta
import math

import pytest

from inference_server.assessment.facts import Facts
from inference_server.errors import InvalidRequestError
from tests.server.assessment.bodies import (
    BODY,
    IMAGE,
    OBJECT,
    RULES,
    START,
    base64,
    body,
    body_with_object,
    image,
)


def test_a_valid_body_is_read_as_it_is() -> None:
    facts = Facts.from_json(body())

    assert facts.camera == "Front door"
    assert facts.started_at.isoformat() == START
    assert facts.ended_at - facts.started_at == timedelta(seconds=84)
    assert facts.image_count == 6
    [seen] = facts.objects
    assert (seen.label, seen.confidence, seen.images) == ("person", 0.91, 5)
    assert seen.box == (0.4, 0.2, 0.6, 0.9)


@pytest.mark.parametrize(
    "accepted",
    [
        body(camera="x" * 100),
        body(ended_at=START),
        body(started_at="2026-11-21T01:15:00Z"),
        body(objects=[OBJECT] * 50),
        body_with_object(label="x" * 50),
        body_with_object(confidence=0),
        body_with_object(confidence=1),
        body_with_object(box=[0, 0, 1, 1]),
        body_with_object(box=[0.5, 0.5, 0.5, 0.5]),
    ],
)
def test_the_edges_of_the_ranges_are_inside(accepted: object) -> None:
    Facts.from_json(accepted)


@pytest.mark.parametrize("name", sorted(BODY.keys() - {"part_of_day"}))
def test_every_field_is_needed(name: str) -> None:
    incomplete = {key: value for key, value in body().items() if key != name}

    with pytest.raises(InvalidRequestError, match=f"^{name} is missing"):
        Facts.from_json(incomplete)


@pytest.mark.parametrize("name", OBJECT)
def test_every_field_of_an_object_is_needed(name: str) -> None:
    incomplete = {key: value for key, value in OBJECT.items() if key != name}

    with pytest.raises(InvalidRequestError, match=rf"^objects\[1\]\.{name} is missing"):
        Facts.from_json(body(objects=[OBJECT, incomplete]))


@pytest.mark.parametrize(
    ("refused", "field"),
    [
        (None, "The body"),
        ([], "The body"),
        ("text", "The body"),
        (body(zone="yard"), "zone"),
        (body(armed="yes"), "armed"),
        (body(occupancy="asleep"), "occupancy"),
        (body_with_object(movement="flying"), "objects[0].movement"),
        (body_with_object(zones=["roof"]), "objects[0].zones[0]"),
        (body_with_object(zones=["yard", "yard"]), "objects[0].zones"),
        (body_with_object(zones="yard"), "objects[0].zones"),
        (body(rules=None), "rules"),
        (body(rules={**RULES, "low": 70}), "rules.low"),
        (body(rules={**RULES, "high": 50}), "rules.high"),
        (body(rules={**RULES, "score": 101}), "rules.score"),
        (body(rules={**RULES, "level": "high"}), "rules.level"),
        (
            body(rules={**RULES, "factors": [{"name": "Night", "points": 1}]}),
            "rules.factors[0].name",
        ),
        (body(rules={**RULES, "factors": [{"name": "x]", "points": 1}]}), "rules.factors[0].name"),
        (
            body(rules={**RULES, "factors": [{"name": "x", "points": 101}]}),
            "rules.factors[0].points",
        ),
        (body(camera=""), "camera"),
        (body(camera="x" * 101), "camera"),
        (body(camera=7), "camera"),
        (body(camera=None), "camera"),
        (body(started_at="2026-11-21T02:15:00"), "started_at"),
        (body(started_at="yesterday"), "started_at"),
        (body(started_at=1795441152), "started_at"),
        (body(ended_at="2026-11-21T02:14:59+01:00"), "ended_at"),
        (body(image_count=0), "image_count"),
        (body(image_count=100_001), "image_count"),
        (body(image_count=1.5), "image_count"),
        (body(image_count="6"), "image_count"),
        (body(image_count=True), "image_count"),
        (body(objects=[]), "objects"),
        (body(objects=[OBJECT] * 51), "objects"),
        (body(objects=OBJECT), "objects"),
        (body(objects=["person"]), "objects[0]"),
        (body_with_object(colour="red"), "objects[0].colour"),
        (body_with_object(label=""), "objects[0].label"),
        (body_with_object(label="x" * 51), "objects[0].label"),
        (body_with_object(confidence=1.01), "objects[0].confidence"),
        (body_with_object(confidence=-0.1), "objects[0].confidence"),
        (body_with_object(confidence=math.nan), "objects[0].confidence"),
        (body_with_object(confidence="0.9"), "objects[0].confidence"),
        (body_with_object(confidence=10**400), "objects[0].confidence"),
        (body_with_object(images=10**400), "objects[0].images"),
        (body(**{"z" * 90: 1}), "z" * 50),
        (body(objects={"0": OBJECT}), "objects"),
        (body_with_object(zones={"yard": 1}), "objects[0].zones"),
        (body_with_object(confidence=True), "objects[0].confidence"),
        (body_with_object(box=[0, 0, 1]), "objects[0].box[3]"),
        (body_with_object(box=[0, 0, 1, 1, 1]), "objects[0].box"),
        (body_with_object(box=[0, 0, 1, 1.1]), "objects[0].box[3]"),
        (body_with_object(box=[0, 0, 1, None]), "objects[0].box[3]"),
        (body_with_object(box=[0.6, 0, 0.4, 1]), "objects[0].box"),
        (body_with_object(box=[0, 0.6, 1, 0.4]), "objects[0].box"),
        (body_with_object(box={"x1": 0}), "objects[0].box"),
        (body_with_object(first_seen="2026-11-21"), "objects[0].first_seen"),
        (body_with_object(last_seen="2026-11-21T02:00:00+01:00"), "objects[0].last_seen"),
        (body_with_object(images=0), "objects[0].images"),
        (body_with_object(images=100_001), "objects[0].images"),
    ],
)
def test_what_breaks_the_schema_is_refused_by_name(refused: object, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Facts.from_json(refused)

    assert str(caught.value).startswith(f"{field} ")


def test_images_are_taken_in_every_kind_that_detection_takes() -> None:
    drawn = [image(kind) for kind in ("JPEG", "PNG", "WEBP")]

    assert Facts.from_json(body(pictures=[base64(each) for each in drawn])).pictures == (*drawn,)
    assert Facts.from_json(body()).pictures == ()


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (None, "^pictures must be a list"),
        ([], "^pictures has too few items"),
        ([base64(IMAGE)] * 4, "^pictures has too many items"),
        ([1], r"pictures\[0\] must be a text"),
        (["?" + base64(IMAGE)], r"pictures\[0\] must be an image in base64"),
        (["\u00e9"], r"pictures\[0\] must be an image in base64"),
        ([""], r"pictures\[0\] must be a JPEG"),
        ([base64(IMAGE), base64(b"GIF89a")], r"pictures\[1\] must be a JPEG"),
        ([base64(IMAGE[:20])], r"pictures\[0\] must be a JPEG"),
        (
            [base64(IMAGE.ljust(1024 * 1024 + 1))],
            r"pictures\[0\] must have at most 1048576 bytes",
        ),
        (
            [base64(image("PNG", (5001, 5000)))],
            r"pictures\[0\] must have at most 25000000 pixels",
        ),
    ],
)
def test_an_image_that_is_none_or_too_large_is_named(images: object, complaint: str) -> None:
    with pytest.raises(InvalidRequestError, match=complaint):
        Facts.from_json(body(pictures=images))


def test_an_image_may_be_as_large_as_is_said() -> None:
    Facts.from_json(body(pictures=[base64(IMAGE.ljust(1024 * 1024))]))
