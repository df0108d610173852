"""Which names in a camera folder are pictures, by the name alone."""

from ..domain.settings import IMAGE_SUFFIXES, PARTIAL_UPLOAD_SUFFIXES


def is_image_name(name: str) -> bool:
    """Tell whether a file of this name is a picture that is not marked as half uploaded."""
    if is_hidden(name):
        return False
    stem, dot, suffix = name.lower().rpartition(".")
    if not stem or dot + suffix not in IMAGE_SUFFIXES:
        return False
    # Some uploaders put their mark before the suffix: picture.part.jpg
    _, dot, mark = stem.rpartition(".")
    return dot + mark not in PARTIAL_UPLOAD_SUFFIXES


def is_hidden(name: str) -> bool:
    """Tell whether the name is one that its maker keeps out of sight."""
    return name.startswith(".")


def is_storable(name: str) -> bool:
    """Tell whether the name is valid UTF-8, without which no record can be kept of the file."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
