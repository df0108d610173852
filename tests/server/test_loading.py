"""A detector whose packages are missing or broken is reported with what to do."""

from pathlib import Path
import subprocess
import sys

import pytest

from tests.server.support import ROOT

# Loads the detector twice, in a process whose import of one module fails.
PROGRAM = """
import sys
from pathlib import Path
from inference_server.detection.base import DetectorLoadError
from inference_server.detection.loading import load_detector
from inference_server.settings import Settings

class FailingImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise {error}

sys.meta_path.insert(0, FailingImport())
for _ in range(2):
    try:
        load_detector(Settings(detector_model=Path({folder!r})))
    except DetectorLoadError as err:
        print(err)
"""
HALFWAY = (
    "The import of torch broke off (OSError: [Errno 5] Input/output error). "
    "Restart the server; if that does not help, install it again."
)


def not_found(module: str) -> str:
    return f"ModuleNotFoundError({f'No module named {module!r}'!r}, name={module!r})"


@pytest.mark.parametrize(
    ("module", "error", "expected"),
    [
        pytest.param(
            "transformers",
            not_found("transformers"),
            "The package transformers is not installed. Install the server with",
            id="one package missing",
        ),
        pytest.param(
            "torch",
            not_found("torch"),
            "The package torch is not installed. Install the server with",
            id="torch missing",
        ),
        pytest.param(
            "safetensors._safetensors_rust",
            not_found("safetensors._safetensors_rust"),
            "cannot be imported (ModuleNotFoundError: No module",
            id="part of a package missing",
        ),
        pytest.param(
            "torch.nn", "OSError(5, 'Input/output error')", HALFWAY, id="torch imported halfway"
        ),
    ],
)
def test_every_attempt_reports_the_first_error(
    detector_folder: Path, module: str, error: str, expected: str
) -> None:
    program = PROGRAM.format(module=module, error=error, folder=str(detector_folder))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert expected in first
    assert second == first
