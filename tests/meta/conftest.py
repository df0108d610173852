"""Fixtures of the tests of the project's own files."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's root."""
    return Path(__file__).resolve().parents[2]
