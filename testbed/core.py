"""Make the core importable as `hsi_core` without Home Assistant.

Importing the core by its full name would run the integration's `__init__.py`, which needs Home
Assistant. `import testbed.core` loads the same folder as a package of its own, once a process.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
import sys

NAME = "hsi_core"
FOLDER = Path(__file__).parents[1] / "custom_components" / "home_security_intelligence" / "core"


def _register() -> None:
    """Put the core's folder into `sys.modules` under its short name."""
    if NAME in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no core at {FOLDER}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)


_register()
