"""A scene that grows image by image says the same as one built from all images."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from tests.core.risk.scenes import BERLIN, DOOR, NIGHT, PATH, PAVEMENT, ZONES, images, person, thing

# isort: split
from hsi_core.domain.context import Context
from hsi_core.domain.models import Detection
from hsi_core.risk.facts import build_fact_sheet, fact_sheet_of
from hsi_core.risk.scene import Scene

CONTEXT = Context(time_zone=BERLIN, zones=ZONES)
DETECTIONS = st.one_of(
    st.builds(
        person,
        st.floats(0.05, 0.95),
        st.sampled_from([0.2, PAVEMENT, 0.52, PATH, DOOR]),
        st.sampled_from([0.5, 0.85]),
    ),
    st.builds(
        thing,
        st.sampled_from(["car", "package", "bicycle"]),
        st.floats(0.05, 0.95),
        st.sampled_from([PAVEMENT, PATH, DOOR]),
    ),
)


@settings(max_examples=200)
@given(
    seen=st.dictionaries(
        st.integers(-60, 60), st.lists(DETECTIONS, max_size=3), min_size=2, max_size=12
    ),
    context=st.sampled_from([CONTEXT, Context(time_zone=BERLIN)]),
)
def test_judging_with_each_image_gives_what_judging_all_images_gives(
    seen: dict[int, list[Detection]], context: Context
) -> None:
    taken = images(NIGHT, seen)
    history = [each for each in taken[:-1] if each.captured_at < NIGHT]
    own = taken[len(history) :]
    scene = Scene(context.zones, history)

    for count, image in enumerate(own, start=1):
        scene.add(image)

        expected = build_fact_sheet("front", own[:count], history, context)
        assert fact_sheet_of(scene, "front", context) == expected


def test_an_image_out_of_order_is_refused() -> None:
    first, second = images(NIGHT, {0: [], 5: []})
    scene = Scene(ZONES, [])
    scene.add(second)

    with pytest.raises(ValueError, match="captured before"):
        scene.add(first)


def test_a_scene_knows_its_span_and_its_images() -> None:
    scene = Scene(ZONES, images(NIGHT, {-10: [person(0.5, DOOR)]}))
    for image in images(NIGHT, {0: [person(0.5, DOOR)], 4: [person(0.5, DOOR)], 9: []}):
        scene.add(image)

    assert scene.image_count == 3
    assert (scene.started_at, scene.ended_at) == (NIGHT, NIGHT + timedelta(seconds=4))
