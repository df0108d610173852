"""Brings the heavy packages in, and keeps the reason where one of them broke off halfway."""

from collections.abc import Iterator
import contextlib
import logging
import sys

from inference_server.detection.base import DetectorLoadError

_LOG = logging.getLogger(__name__)
_broken: list[tuple[str, tuple[str, ...]]] = []  # of the process, as sys.modules is, and for good


class HalfImportedError(DetectorLoadError):
    """Packages broke off while they were imported; this process can have them no more."""

    def __init__(self, message: str, *, packages: tuple[str, ...]) -> None:
        super().__init__(message)
        self.packages = packages


@contextlib.contextmanager
def heavy_imports(*, install: str) -> Iterator[None]:
    """Import what is heavy in its body; raises DetectorLoadError and, from then on, HalfImportedError.

    `install` is a sentence for who lacks a package. Of a package that fails Python forgets the
    name and keeps the parts: torch and numpy, begun again with these, fail on something else, or
    crash the process.
    """
    for message, packages in _broken:
        raise HalfImportedError(message, packages=packages)
    halves = _halves()
    try:
        yield
    except Exception as err:
        if halved := tuple(sorted(_halves() - halves)):
            message = (
                f"The import of {', '.join(halved)} broke off ({_first_line(err)}). "
                "Restart the server; where that does not help, install it again."
            )
            _LOG.exception("%s", message)
            _broken.append((message, halved))
            raise HalfImportedError(message, packages=halved) from err
        if isinstance(err, ModuleNotFoundError) and err.name and "." not in err.name:
            raise DetectorLoadError(f"The package {err.name} is not installed. {install}") from err
        _LOG.exception("The detector's packages cannot be imported")
        raise DetectorLoadError(
            f"The detector's packages cannot be imported ({_first_line(err)}). "
            "Install the server again, then restart it."
        ) from err


def _halves() -> set[str]:
    """Return the packages that Python has parts of, and not the whole."""
    return {name.partition(".")[0] for name in list(sys.modules)} - sys.modules.keys()


def _first_line(err: Exception) -> str:
    return f"{type(err).__name__}: {err}".partition("\n")[0]
