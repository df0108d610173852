"""What a model says was there has to be among what was detected."""

import pytest

from inference_server.assessment.facts import Facts
from inference_server.assessment.grounding import find_foreign_claims
from tests.server.assessment.bodies import OBJECT, RULES, facts


def seen(*labels: str, camera: str = "Back yard", reasons: tuple[str, ...] = ()) -> Facts:
    return facts(
        camera=camera,
        objects=[{**OBJECT, "label": label} for label in labels],
        rules={**RULES, "factors": [{"name": name, "points": 1} for name in reasons]},
    )


# SmolLM2's own words, and what it was told had been detected.
@pytest.mark.parametrize(
    ("text", "told", "foreign"),
    [
        ("A car was at Gate on Monday at 23:55 for 24 seconds.", seen("person"), ("car",)),
        ("A car alone, by night, for seconds.", seen("person"), ("car",)),
        ("A car was at Bike Stand on Thursday at 15:15.", seen("bicycle"), ("car",)),
        ("A car was at Garage on Friday for 2 minutes.", seen("bicycle", "person"), ("car",)),
        ("A car was at Kerb on Thursday at 9:10.", seen("person", "truck"), ()),
        ("A person was at Carport on Sunday.", seen("person", camera="Carport"), ()),
        ("A person was at the letter box on Monday.", seen("person", camera="Letter box"), ()),
        ("A person was driving at Driveway.", seen("person"), ()),
        ("A dog alone, by night, for 2 hours.", seen("dog", "person"), ()),
        ("A package was left at St. Peter's on Friday.", seen("package"), ()),
        ("A package was brought by a person.", seen("package"), ("person",)),
        ("A package was brought by a person.", seen("package", reasons=("brought something",)), ()),
        ("A person, at night, for the past 24 hours.", seen("person"), ()),
    ],
)
def test_what_a_small_model_said(text: str, told: Facts, foreign: tuple[str, ...]) -> None:
    assert find_foreign_claims(text, told) == foreign


@pytest.mark.parametrize(
    "text",
    [
        "A man with a knife stood at the door.",
        "Two people, one holding a gun, came close.",
        "Someone masked: he wore a balaclava.",
        "The person tried the lock with a crowbar.",
        "A dog ran past.",
        "Cats and dogs were there.",
        "The person was not alone, a dog was with him.",
        "The alarm is not set and a dog was in the yard.",
        "No person was seen, but a dog was.",
        "Not only a person but a dog came.",
        "A van stopped. It was not there for long.",
    ],
)
def test_what_was_never_detected_is_found(text: str) -> None:
    assert find_foreign_claims(text, seen("person"))


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (("person",), "Two men and a woman came to the door."),
        (("person",), "A figure lingers; perhaps a burglar, perhaps a child."),
        (("person",), "An intruder's visit at night."),
        (("person",), "Nobody else, no dog, cat or car was seen."),
        (("person",), "A person without a weapon or tools."),
        (("person",), "There is no sign of weapons."),
        (("person",), "The person isn't carrying a package."),
        (("person",), "A vehicle was not detected."),
        (("person",), "A car cannot be seen."),
        (("person",), "The residents are at home; anyone may visit them."),
        (("person",), "Neither a knife nor a gun is visible."),
        (("person",), "A person rather than a dog set it off."),
        (("person",), "A person near the car park and the dog flap."),
        (("person",), "The torso bears no risk, a torrential rain."),
        (("car",), "A vehicle is parked, its driver waits."),
        (("truck",), "A delivery van stopped in the driveway."),
        (("car",), "A car, with no person in it."),
        (("motorcycle",), "A bike passed; its rider did not stop."),
        (("bicycle", "person"), "A cyclist rode past."),
        (("cat",), "A pet or another animal strolled by."),
        (("raccoon",), "An animal at night."),
        (("package",), "A parcel lies at the door, a small box."),
        (("handbag", "person"), "Somebody with a bag."),
        (("cell phone", "person"), "A person looks at a phone."),
        (("baseball bat", "person"), "A person holds a bat, a weapon."),
        (("delivery man",), "A man at the door."),
        (("Hund",), "A dog ran past a person."),
    ],
)
def test_what_was_detected_may_have_another_name(labels: tuple[str, ...], text: str) -> None:
    assert find_foreign_claims(text, seen(*labels)) == ()


def test_a_label_of_furniture_covers_nobody() -> None:
    assert find_foreign_claims("A person sat there.", seen("chair")) == ("person",)


def test_to_be_at_a_camera_is_not_to_be_what_it_is_called() -> None:
    assert find_foreign_claims("A person was at dog RUN.", seen("person", camera="Dog run")) == ()
    assert find_foreign_claims("A dog was at Dog run.", seen("person", camera="Dog run")) == (
        "dog",
    )


def test_a_reason_that_tells_of_a_vehicle_lets_it_be_named() -> None:
    told = seen("person", reasons=("beside a parked vehicle",))

    assert find_foreign_claims("The person stood beside a car.", told) == ()
    assert find_foreign_claims("The person stood beside a dog.", told) == ("dog",)


def test_a_factor_that_tells_of_a_taken_thing_means_the_detected_one() -> None:
    told = seen("person", "package", reasons=("taken away",))

    assert find_foreign_claims("The package was taken.", told) == ()
    assert find_foreign_claims("A bicycle was taken.", told) == ("bicycle",)
    assert (
        find_foreign_claims("A bicycle was taken.", seen("person", reasons=("taken away",))) == ()
    )


def test_a_resident_at_home_is_no_detected_person() -> None:
    assert find_foreign_claims("Somebody was at home.", seen("cat")) == ()
    assert find_foreign_claims("Somebody was at the door.", seen("cat")) == ("somebody",)
