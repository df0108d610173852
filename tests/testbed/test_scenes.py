from datetime import datetime
import hashlib
import io

from PIL import Image
import pytest

from testbed.drawing.scenes import LABELS, Lighting, Scene, draw, jpeg

EXIF_IFD, DATETIME_ORIGINAL = 0x8769, 0x9003


def _fingerprint(scene: Scene) -> str:
    return hashlib.sha256(scene.image.tobytes()).hexdigest()


def test_the_same_seed_draws_the_same_scene() -> None:
    assert _fingerprint(draw(7)) == _fingerprint(draw(7))
    assert draw(7).boxes == draw(7).boxes


def test_another_seed_draws_another_scene() -> None:
    assert len({_fingerprint(draw(seed)) for seed in range(8)}) == 8


def test_the_drawing_style_is_the_one_the_test_model_was_trained_on() -> None:
    # Edges differ slightly between Pillow versions, so the image is compared coarsely.
    scene = draw(108)
    person, car = scene.boxes
    tones = scene.image.resize((2, 2), Image.Resampling.BOX).tobytes()
    assert (scene.lighting, person.label, car.label) == ("day", "person", "car")
    corners = (person.x1, person.y1, person.x2, person.y2)
    assert corners == pytest.approx((0.0887, 0.3567, 0.1556, 0.6633), abs=0.002)
    expected = (102, 102, 101, 108, 122, 126, 79, 77, 64, 76, 76, 68)
    assert tuple(tones) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("size", [(640, 480), (640, 360), (1920, 1080), (160, 120)])
@pytest.mark.parametrize("lighting", ["day", "night"])
def test_size_lighting_and_labels_are_honoured(size: tuple[int, int], lighting: Lighting) -> None:
    scene = draw(3, size=size, lighting=lighting, labels=("person", "dog", "person"))
    assert scene.image.size == size
    assert scene.image.mode == "RGB"
    assert scene.lighting == lighting
    assert sorted(box.label for box in scene.boxes) == ["dog", "person", "person"]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(10))
def test_boxes_are_inside_the_image_and_large_enough_to_see(label: str, seed: int) -> None:
    for box in draw(seed, labels=(label, "person")).boxes:
        assert 0 <= box.x1 < box.x2 <= 1
        assert 0 <= box.y1 < box.y2 <= 1
        assert (box.x2 - box.x1) * 640 >= 10
        assert (box.y2 - box.y1) * 480 >= 10


def test_a_box_holds_what_the_empty_scene_lacks() -> None:
    blank, scene = (draw(11, lighting="day", labels=labels) for labels in ((), ("person",)))
    (box,) = scene.boxes
    area = (round(box.x1 * 640), round(box.y1 * 480), round(box.x2 * 640), round(box.y2 * 480))
    assert blank.image.crop(area).tobytes() != scene.image.crop(area).tobytes()


@pytest.mark.parametrize("lighting", ["day", "night"])
def test_an_empty_scene_has_no_boxes(lighting: Lighting) -> None:
    assert draw(5, lighting=lighting, labels=()).boxes == ()


def test_random_scenes_show_every_label() -> None:
    scenes = [draw(seed, size=(160, 120)) for seed in range(120)]
    assert {box.label for scene in scenes for box in scene.boxes} == set(LABELS)
    assert {scene.lighting for scene in scenes} == {"day", "night"}
    assert any(not scene.boxes for scene in scenes)


def test_night_is_grey() -> None:
    red, green, blue = draw(5, lighting="night", labels=("car",)).image.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown labels"):
        draw(1, labels=("unicorn",))


def test_the_time_of_capture_is_in_the_exif_data() -> None:
    taken = datetime(2026, 2, 3, 4, 5, 6)  # noqa: DTZ001 - a camera writes naive local time
    image = Image.open(io.BytesIO(jpeg(draw(1), captured_at=taken)))
    assert image.format == "JPEG"
    assert image.getexif().get_ifd(EXIF_IFD)[DATETIME_ORIGINAL] == "2026:02:03 04:05:06"


def test_without_a_time_there_is_no_exif_time() -> None:
    image = Image.open(io.BytesIO(jpeg(draw(1))))
    assert DATETIME_ORIGINAL not in image.getexif().get_ifd(EXIF_IFD)
