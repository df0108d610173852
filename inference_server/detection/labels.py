"""One spelling per label: checkpoints trained on COCO use older ones."""

_CURRENT = {
    "aeroplane": "airplane",
    "diningtable": "dining table",
    "motorbike": "motorcycle",
    "pottedplant": "potted plant",
    "sofa": "couch",
    "tvmonitor": "tv",
}


def current_label(label: str) -> str:
    """Return the label as the newer COCO files spell it."""
    return _CURRENT.get(label, label)
