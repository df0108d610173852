"""Which names in a camera folder are images, by the name alone."""

from ..domain.settings import IMAGE_SUFFIXES, PARTIAL_UPLOAD_SUFFIXES


def is_image_name(name: str) -> bool:
    """Return whether the name is an image's and not marked as a partial upload."""
    stem, dot, suffix = name.lower().rpartition(".")
    if not stem or dot + suffix not in IMAGE_SUFFIXES:
        return False
    # Some uploaders put their mark before the suffix: image.part.jpg
    _, dot, mark = stem.rpartition(".")
    return dot + mark not in PARTIAL_UPLOAD_SUFFIXES


def is_storable(name: str) -> bool:
    """Return whether the name is valid UTF-8; the database cannot store another one."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
