"""One spelling per label: checkpoints use other cases, older names and other data sets' words."""

from collections.abc import Sequence
import re
from typing import Final

# Old spellings of COCO's labels, and words of Open Images, Objects365, VisDrone and custom sets for
# the same objects.
_CURRENT: Final = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
    **dict.fromkeys(
        ("human", "people", "persons", "pedestrian", "man", "woman", "boy", "girl", "child"),
        "person",
    ),
    **dict.fromkeys(("automobile", "cars", "suv", "sedan", "minivan"), "car"),
    **dict.fromkeys(("pickup truck", "lorry", "trucks"), "truck"),
    **dict.fromkeys(("bike", "bicycles"), "bicycle"),
    **dict.fromkeys(("motor", "motorcycles", "scooter"), "motorcycle"),
    "dogs": "dog",
    "cats": "cat",
    "packages": "package",
}
_NAMELESS: Final = re.compile(r"(?:label|class)?[ _-]?\d+|n/a|")


def current_label(label: str) -> str:
    """Return the label in lower case, as the newer COCO files spell it."""
    plain = " ".join(label.replace("_", " ").lower().split())
    if _NAMELESS.fullmatch(label.strip().lower()):
        return label
    return _CURRENT.get(plain, plain)


def are_nameless(labels: Sequence[str]) -> bool:
    """Whether the labels are numbers only, such as LABEL_0."""
    return all(_NAMELESS.fullmatch(label.strip().lower()) for label in labels)
