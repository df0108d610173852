"""Texts of others in descriptions that Home Assistant's frontend renders as Markdown."""

import re
from typing import Final

# What can begin a link, an image, HTML, code or emphasis within a line.
_SYNTAX: Final = re.compile(r"[\\`*_\[\]<>&|~$@]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def escape_markdown(text: str) -> str:
    """Return a text that is shown as it is, within a line."""
    return _SYNTAX.sub(lambda found: "\\" + found[0], " ".join(text.split()))
