"""English words for objects in images, each with the kinds of object it may stand for.

Two words with a common kind may stand for the same detection. Labels that detectors confuse share
a kind (car, van, truck); others do not (dog, cat). A general word has several kinds ("vehicle",
"pet"). A rider or driver may be detected as the person or as the vehicle.

Not listed: people who are mentioned without being present (resident, owner, anyone, police), and
words with a more common other meaning (bear, train, orange, tie, clock, face, remote, suspect).
"""

import re
from typing import Final

_PERSON: Final = "person"
_CAR: Final = "car"
_MOTORCYCLE: Final = "motorcycle"
_BICYCLE: Final = "bicycle"
_BOAT: Final = "boat"
_AIRCRAFT: Final = "aircraft"
_PACKAGE: Final = "package"
_BAG: Final = "bag"
_KNIFE: Final = "knife"
_GUN: Final = "gun"
_BAT: Final = "bat"
_TOOL: Final = "tool"

_ANIMALS: Final = (
    ("dog", "puppy", "hound"),
    ("cat", "kitten"),
    ("bird", "pigeon", "crow", "magpie", "owl"),
    ("horse", "pony"),
    ("sheep", "lamb"),
    ("cow", "cattle", "bull"),
    ("fox",),
    ("deer",),
    ("raccoon",),
    ("rabbit", "hare"),
    ("squirrel",),
    ("wolf", "coyote"),
    ("rat", "mouse"),
    ("snake",),
    ("elephant",),
    ("zebra",),
    ("giraffe",),
)
_ANY_ANIMAL: Final = frozenset({"bear", *(words[0] for words in _ANIMALS)})
_ANY_VEHICLE: Final = frozenset({_CAR, _MOTORCYCLE, _BICYCLE, _BOAT, _AIRCRAFT, "train"})

_GROUPS: Final[tuple[tuple[frozenset[str], tuple[str, ...]], ...]] = (
    (
        frozenset({_PERSON}),
        (
            *("person", "people", "man", "woman", "boy", "girl", "child", "kid", "baby", "toddler"),
            *("adult", "teenager", "youth", "individual", "figure", "someone", "somebody"),
            *("pedestrian", "passerby", "passer", "walker", "jogger", "runner", "visitor", "guest"),
            *("stranger", "intruder", "burglar", "thief", "robber", "trespasser", "prowler"),
            *("courier", "postman", "mailman", "gardener", "attacker", "gunman"),
        ),
    ),
    (frozenset({_PERSON, _BICYCLE}), ("cyclist", "bicyclist")),
    (frozenset({_PERSON, _MOTORCYCLE}), ("motorcyclist",)),
    (frozenset({_PERSON, _BICYCLE, _MOTORCYCLE, "horse"}), ("rider",)),
    (frozenset({_PERSON, _CAR}), ("driver",)),
    (
        frozenset({_CAR}),
        (
            *("car", "truck", "bus", "van", "lorry", "pickup", "suv", "sedan", "minivan"),
            *("automobile", "taxi", "limousine", "trailer", "tractor", "ambulance"),
        ),
    ),
    (frozenset({_MOTORCYCLE}), ("motorcycle", "motorbike", "moped", "scooter")),
    (frozenset({_BICYCLE}), ("bicycle", "ebike")),
    (frozenset({_BICYCLE, _MOTORCYCLE}), ("bike",)),
    (_ANY_VEHICLE, ("vehicle",)),
    (frozenset({_BOAT}), ("boat", "ship", "yacht", "kayak")),
    (frozenset({_AIRCRAFT}), ("airplane", "aeroplane", "helicopter", "aircraft", "drone")),
    *((frozenset({words[0]}), words) for words in _ANIMALS),
    (_ANY_ANIMAL, ("animal", "pet", "wildlife")),
    (frozenset({_PACKAGE}), ("package", "parcel", "box", "carton")),
    (
        frozenset({_BAG}),
        ("backpack", "rucksack", "handbag", "purse", "suitcase", "briefcase", "luggage"),
    ),
    (frozenset({_BAG, _PACKAGE}), ("bag", "sack")),
    (frozenset({_KNIFE}), ("knife", "blade", "machete", "dagger", "sword", "scissors")),
    (frozenset({_GUN}), ("gun", "pistol", "rifle", "shotgun", "handgun", "firearm", "revolver")),
    (frozenset({_BAT}), ("bat", "club", "baton")),
    (frozenset({_KNIFE, _GUN, _BAT}), ("weapon",)),
    (
        frozenset({_TOOL}),
        ("tool", "crowbar", "hammer", "axe", "screwdriver", "ladder", "drill", "chainsaw"),
    ),
    (frozenset({"disguise"}), ("mask", "balaclava", "hood", "hoodie", "glove", "disguise")),
    (frozenset({"light"}), ("flashlight", "torch", "lantern")),
    (frozenset({"phone"}), ("phone", "smartphone", "cellphone")),
    (frozenset({"pushchair"}), ("stroller", "pushchair", "pram", "buggy")),
    (frozenset({"wheelchair"}), ("wheelchair",)),
    (frozenset({"skateboard"}), ("skateboard", "longboard")),
    (frozenset({"umbrella"}), ("umbrella", "parasol")),
    (frozenset({"ball"}), ("ball", "football", "basketball")),
    (frozenset({"bottle"}), ("bottle",)),
    (frozenset({"laptop"}), ("laptop",)),
    (frozenset({"smoke"}), ("smoke", "flame")),
)
_KINDS: Final = {word: kinds for kinds, words in _GROUPS for word in words}
_IRREGULAR: Final = {
    "men": "man",
    "women": "woman",
    "persons": "person",
    "children": "child",
    "knives": "knife",
    "wolves": "wolf",
    "mice": "mouse",
    "thieves": "thief",
    "buses": "bus",
    "boxes": "box",
    "foxes": "fox",
    "puppies": "puppy",
    "babies": "baby",
    "ponies": "pony",
    "torches": "torch",
    "passersby": "passerby",
}
_NOTHING: Final = frozenset[str]()

# The other labels of COCO; these words are not searched for in texts.
_OTHER_LABELS: Final = {
    **{each: frozenset({each}) for each in ("bear", "train")},
    **dict.fromkeys(
        (
            *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "tie"),
            *("frisbee", "skis", "snowboard", "kite", "surfboard", "tennis racket", "wine glass"),
            *("cup", "fork", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli"),
            *("carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant"),
            *("bed", "dining table", "toilet", "tv", "remote", "keyboard", "microwave", "oven"),
            *("toaster", "sink", "refrigerator", "book", "clock", "vase", "teddy bear"),
            *("hair drier", "toothbrush", "baseball glove"),
        ),
        _NOTHING,
    ),
}


def label_kinds(label: str) -> frozenset[str] | None:
    """Return the kinds of object a label stands for; None if the label is unknown."""
    label = label.lower()
    if label in _OTHER_LABELS:
        return _OTHER_LABELS[label]
    found = [kinds for word in re.findall("[a-z]+", label) if (kinds := word_kinds(word))]
    return frozenset[str]().union(*found) if found else None


def word_kinds(word: str) -> frozenset[str]:
    """Return the kinds of object a lower-case word may stand for; empty if it names none."""
    word = word.removesuffix("'s").removesuffix("'")
    word = _IRREGULAR.get(word, word)
    return _KINDS.get(word) or _KINDS.get(word.removesuffix("s"), _NOTHING)
