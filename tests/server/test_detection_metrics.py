"""Average precision, precision and recall of detections."""

import numpy as np
import pytest

from testbed.training.detection_metrics import Detections, Truth, average_precision, evaluate, iou

LEFT, RIGHT = (0.0, 0.0, 0.4, 0.4), (0.6, 0.6, 1.0, 1.0)
Corners = tuple[float, float, float, float]


def _truth(*objects: tuple[int, Corners]) -> Truth:
    return Truth(
        labels=np.array([label for label, _ in objects], dtype=np.int64),
        boxes=np.array([box for _, box in objects]).reshape(-1, 4),
    )


def _found(*objects: tuple[int, float, Corners]) -> Detections:
    return Detections(
        labels=np.array([label for label, _, _ in objects], dtype=np.int64),
        scores=np.array([score for _, score, _ in objects]),
        boxes=np.array([box for _, _, box in objects]).reshape(-1, 4),
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (LEFT, LEFT, 1.0),
        (LEFT, RIGHT, 0.0),
        ((0.0, 0.0, 0.2, 0.2), (0.1, 0.0, 0.3, 0.2), 1 / 3),
        ((0.1, 0.1, 0.1, 0.1), (0.1, 0.1, 0.1, 0.1), 0.0),
    ],
)
def test_iou(one: Corners, other: Corners, expected: float) -> None:
    assert iou(np.array([one]), np.array([other])) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("correct", "total", "expected"),
    [
        ([True, True], 2, 1.0),
        ([True], 2, 0.5),
        ([False, True], 1, 0.5),
        # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: the envelope is 1 then 2/3.
        ([True, False, True], 2, 0.5 * 1 + 0.5 * 2 / 3),
        # A late hit lifts the precision of every smaller recall.
        ([False, True, True], 2, 2 / 3),
        ([False, False], 3, 0.0),
        ([], 3, 0.0),
    ],
)
def test_average_precision_is_the_area_under_the_interpolated_curve(
    correct: list[bool], total: int, expected: float
) -> None:
    scores = np.linspace(0.9, 0.1, len(correct))
    assert average_precision(scores, np.array(correct, dtype=bool), total) == pytest.approx(
        expected
    )


def test_nothing_to_find_has_no_average_precision() -> None:
    assert np.isnan(average_precision(np.array([0.5]), np.array([False]), 0))


def test_perfect_detections_score_one() -> None:
    measured = evaluate(
        [_truth((0, LEFT), (1, RIGHT)), _truth()],
        [_found((0, 0.9, LEFT), (1, 0.8, RIGHT)), _found()],
        class_count=2,
        threshold=0.5,
    )
    assert measured.map50 == 1.0
    assert (measured.precision, measured.recall) == (1.0, 1.0)
    assert (measured.empty, measured.empty_with_box) == (1, 0)


def test_a_second_box_on_the_same_object_is_wrong() -> None:
    measured = evaluate(
        [_truth((0, LEFT))],
        [_found((0, 0.9, LEFT), (0, 0.8, LEFT))],
        class_count=1,
        threshold=0.5,
    )
    assert measured.map50 == 1.0
    assert (measured.precision, measured.recall) == (0.5, 1.0)


def test_the_right_place_with_the_wrong_class_is_wrong() -> None:
    measured = evaluate([_truth((0, LEFT))], [_found((1, 0.9, LEFT))], class_count=2, threshold=0.5)
    assert measured.ap50[0] == 0.0
    assert np.isnan(measured.ap50[1])
    assert measured.recall == 0.0


def test_a_box_below_the_threshold_claims_nothing() -> None:
    measured = evaluate([_truth()], [_found((0, 0.4, LEFT))], class_count=1, threshold=0.5)
    assert measured.empty_with_box == 0


def test_scores_are_ranked_across_images() -> None:
    measured = evaluate(
        [_truth((0, LEFT)), _truth((0, LEFT))],
        [_found((0, 0.6, RIGHT)), _found((0, 0.9, LEFT))],
        class_count=1,
        threshold=0.5,
    )
    assert measured.map50 == pytest.approx(0.5)
