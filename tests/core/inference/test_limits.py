"""An image above a limit of its owner waits, and holds nothing else back."""

from collections.abc import Callable

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import FakeInferenceServer, problem

# isort: split
from hsi_core.domain.errors import ServerLimitError
from hsi_core.inference.pool import ServerPool
from tests.core.inference.test_pool import asked, detect

LARGE = b"person 0.9\ncar 0.8"
TOO_LARGE = problem(413, "body_too_large", retryable=False)


async def test_an_image_above_one_servers_limit_goes_to_another(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.detect_fault = TOO_LARGE
    await detect(pool)
    assert (asked(first), asked(second)) == (1, 1)
    second.detect_fault = TOO_LARGE
    with pytest.raises(ServerLimitError):
        await detect(pool)


async def test_a_limit_holds_no_other_image_back_and_is_shown_until_it_is_raised(
    make: Callable[..., ServerPool], first: FakeInferenceServer
) -> None:
    pool = make(first)
    [server] = pool.servers
    first.detect_fault = TOO_LARGE
    for _ in range(10):
        with pytest.raises(ServerLimitError):
            await pool.detect(LARGE, content_type="image/jpeg", threshold=0.5)
    assert server.limit == "The server reports body_too_large."
    first.detect_fault = None
    await detect(pool)  # a smaller one
    assert server.limit
    await pool.detect(LARGE, content_type="image/jpeg", threshold=0.5)
    assert server.limit is None
