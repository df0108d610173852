"""A scene that grows image by image says the same as one built from all images."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from tests.core.risk.scenes import BERLIN, DOOR, NIGHT, PATH, SIDEWALK, ZONES, images, person, thing

# isort: split
from hsi_core.domain.context import Context
from hsi_core.domain.models import Detection, Image
from hsi_core.domain.zones import Zone
from hsi_core.risk.facts import build_fact_sheet
from hsi_core.risk.scene import Scene
from hsi_core.risk.scene_cache import SceneCache

CONTEXT = Context(time_zone=BERLIN, zones=ZONES)
DETECTIONS = st.one_of(
    st.builds(
        person,
        st.floats(0.05, 0.95),
        st.sampled_from([0.2, SIDEWALK, 0.52, PATH, DOOR]),
        st.sampled_from([0.5, 0.85]),
    ),
    st.builds(
        thing,
        st.sampled_from(["car", "package", "bicycle"]),
        st.floats(0.05, 0.95),
        st.sampled_from([SIDEWALK, PATH, DOOR]),
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
    scenes = SceneCache()

    for count in range(1, len(own) + 1):
        grown = build_fact_sheet("front", own[:count], history, context, scenes=scenes)

        assert grown == build_fact_sheet("front", own[:count], history, context)


def test_a_kept_scene_follows_only_new_images() -> None:
    taken = images(NIGHT, {5 * i: [person(0.5, DOOR)] for i in range(4)})
    scenes = SceneCache()

    first = scenes.scene_of("front", ZONES, taken[:2], [])

    assert scenes.scene_of("front", ZONES, taken, []) is first
    assert first.image_count == 4


SHIFTED = images(NIGHT, {5 * i: [person(0.2, PATH)] for i in range(4)})
TAKEN = images(NIGHT, {5 * i: [person(0.5, DOOR)] for i in range(4)})
BEFORE = images(NIGHT, {-20: [person(0.1, SIDEWALK)]})


@pytest.mark.parametrize(
    ("camera", "zones", "own", "history"),
    [
        ("yard", ZONES, TAKEN, []),
        ("front", ZONES[:1], TAKEN, []),
        ("front", ZONES, (TAKEN[0], *TAKEN[2:]), []),  # an image has gone
        ("front", ZONES, SHIFTED, []),  # detected anew
        ("front", ZONES, TAKEN, BEFORE),  # a late image
    ],
)
def test_a_scene_of_other_images_or_zones_is_built_anew(
    camera: str, zones: Sequence[Zone], own: Sequence[Image], history: Sequence[Image]
) -> None:
    scenes = SceneCache()
    kept = scenes.scene_of("front", ZONES, TAKEN, [])

    anew = scenes.scene_of(camera, zones, own, history)

    assert anew is not kept
    assert anew.objects() == SceneCache().scene_of(camera, zones, own, history).objects()


def test_only_the_latest_scenes_are_kept() -> None:
    scenes = SceneCache(size=2)
    kept = [scenes.scene_of(camera, ZONES, TAKEN, []) for camera in ("a", "b", "c")]

    again = [scenes.scene_of(camera, ZONES, TAKEN, []) for camera in ("c", "b", "a")]

    assert again[0] is kept[2]
    assert again[1] is kept[1]
    assert again[2] is not kept[0]


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
