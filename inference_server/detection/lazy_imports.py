"""Import heavy packages with an error that names the remedy."""

from collections.abc import Iterator
import contextlib
import logging
import sys

from inference_server.detection.base import DetectorLoadError

_LOG = logging.getLogger(__name__)
_broken: list[str] = []  # for the life of the process, as sys.modules


@contextlib.contextmanager
def heavy_imports(*, install: str) -> Iterator[None]:
    """Import heavy packages in the body of the context; raises DetectorLoadError.

    `install` is a sentence on how to install a missing package. When an import fails halfway,
    Python removes the package and keeps its submodules: a second import of torch or numpy then fails
    with another error or crashes the process. It is therefore not repeated, and the error stays.
    """
    for message in _broken:
        raise DetectorLoadError(message)
    before = _partial_imports()
    try:
        yield
    except Exception as err:
        if partial := tuple(sorted(_partial_imports() - before)):
            message = (
                f"The import of {', '.join(partial)} broke off ({_first_line(err)}). "
                "Restart the server; if that does not help, install it again."
            )
            _LOG.exception("%s", message)
            _broken.append(message)
            raise DetectorLoadError(message) from err
        if isinstance(err, ModuleNotFoundError) and err.name and "." not in err.name:
            raise DetectorLoadError(f"The package {err.name} is not installed. {install}") from err
        _LOG.exception("The detector's packages cannot be imported")
        raise DetectorLoadError(
            f"The detector's packages cannot be imported ({_first_line(err)}). "
            "Install the server again, then restart it."
        ) from err


def _partial_imports() -> set[str]:
    """Return packages of which only submodules are imported."""
    return {name.partition(".")[0] for name in list(sys.modules)} - sys.modules.keys()


def _first_line(err: Exception) -> str:
    return f"{type(err).__name__}: {err}".partition("\n")[0]
