"""An input that gets no answer meets an outage, unless others are answered in between."""

from collections.abc import Callable

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable
from testbed.fake_inference_server import FakeInferenceServer, Fault, forbidden, hang_up

# isort: split
from hsi_core.domain.errors import (
    CoreError,
    InputUnservedError,
    ServerForbiddenError,
    ServerLostError,
)
from hsi_core.domain.models import FailureClass
from hsi_core.inference.pool import ServerPool
from tests.core.inference.test_pool import FACTS

IMAGE, OTHER = b"person 0.9 #it", b"person 0.9 #other"
FAULTS = pytest.mark.parametrize(
    ("fault", "outage"), [(forbidden, ServerForbiddenError), (hang_up, ServerLostError)]
)


async def detect(pool: ServerPool, image: bytes) -> None:
    await pool.detect(image, content_type="image/jpeg", threshold=0.5)


async def failure(pool: ServerPool, image: bytes) -> CoreError:
    with pytest.raises(CoreError) as caught:
        await detect(pool, image)
    return caught.value


@FAULTS
async def test_an_image_is_the_cause_if_others_are_answered_in_between(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    fault: Fault,
    outage: type[CoreError],
) -> None:
    pool = make(first)
    first.image_faults[IMAGE] = fault
    await detect(pool, OTHER)
    for _ in range(2):  # once, and again at once
        error = await failure(pool, IMAGE)
        assert type(error) is outage
        assert error.failure is FailureClass.OUTAGE
    await detect(pool, OTHER)
    error = await failure(pool, IMAGE)
    assert type(error) is InputUnservedError
    assert error.failure is FailureClass.UNKNOWN
    assert type(await failure(pool, IMAGE)) is outage  # nothing was answered since


@FAULTS
async def test_what_meets_all_images_is_an_outage(
    make: Callable[..., ServerPool],
    first: FakeInferenceServer,
    fault: Fault,
    outage: type[CoreError],
) -> None:
    pool = make(first)
    await detect(pool, OTHER)
    first.detect_fault = fault
    for image in (IMAGE, OTHER):
        assert type(await failure(pool, image)) is outage
    await pool.assess(FACTS)  # another stage proves nothing
    for image in (IMAGE, OTHER):
        assert type(await failure(pool, image)) is outage


async def test_an_image_that_one_firewall_refuses_is_tried_elsewhere(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.image_faults[IMAGE] = second.image_faults[IMAGE] = forbidden
    assert type(await failure(pool, IMAGE)) is ServerForbiddenError
    for _ in range(2):
        await detect(pool, OTHER)
    assert type(await failure(pool, IMAGE)) is InputUnservedError
    for _ in range(2):
        await detect(pool, OTHER)
    del second.image_faults[IMAGE]
    await detect(pool, IMAGE)


async def test_an_image_that_stops_a_server_is_not_sent_to_another(
    make: Callable[..., ServerPool], first: FakeInferenceServer, second: FakeInferenceServer
) -> None:
    pool = make(first, second)
    first.image_faults[IMAGE] = second.image_faults[IMAGE] = hang_up
    assert type(await failure(pool, IMAGE)) is ServerLostError
    assert (first.detected[IMAGE], second.detected[IMAGE]) == (2, 0)
