"""Starts the headless worker: `python path/to/core`, with no Home Assistant installed.

Run as a folder the core has no package around it, so it makes itself one under a short name; the
integration's own package would ask for Home Assistant.
"""

from importlib import import_module
import importlib.util
import os
from pathlib import Path
import sys

_NAME = "hsi_core"


def _package() -> str:
    """Return the name of the package this file belongs to, made where there is none."""
    if __package__:
        return __package__
    folder = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no core in {folder}")
    sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[_NAME])
    # The folder's own modules must not be found as top-level ones.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder.resolve()]
    return _NAME


if __name__ == "__main__":
    sys.exit(import_module(f"{_package()}.cli.worker").main(os.environ, sys.argv[1:]))
