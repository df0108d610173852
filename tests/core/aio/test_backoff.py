"""The retry delay doubles up to a limit, with bounded jitter."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.aio.backoff import retry_delay
from hsi_core.domain.settings import Settings

SETTINGS = Settings()


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (9999, 30)]
)
def test_the_delay_doubles_up_to_a_limit(failures: int, seconds: float) -> None:
    assert retry_delay(failures, jitter=0, settings=SETTINGS) == timedelta(seconds=seconds)


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_jitter_lengthens_the_delay_by_a_bounded_share(failures: int, jitter: float) -> None:
    plain = retry_delay(failures, jitter=0, settings=SETTINGS)
    assert plain <= retry_delay(failures, jitter=jitter, settings=SETTINGS) <= plain * 1.25
    assert plain <= retry_delay(failures + 1, jitter=0, settings=SETTINGS)
