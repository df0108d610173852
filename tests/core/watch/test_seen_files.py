"""What is remembered of delivered files, and how much memory that takes."""

import tracemalloc

from hypothesis import given, strategies as st
import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.found_file import FoundFile
from hsi_core.watch.seen_files import SeenFiles

FILES = 20_000
CAMERAS = ("front", "yard")


def file(number: int, camera: str = "front") -> FoundFile:
    return FoundFile(camera=camera, path=f"{camera}/{number}.jpg", size=number, mtime_ns=number)


def test_a_file_takes_a_few_bytes() -> None:
    tracemalloc.start()
    try:
        seen = SeenFiles()
        for number in range(FILES):
            seen.add(file(number))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert all(seen.has(file(number)) for number in range(0, FILES, 100))
    assert not any(seen.has(file(number)) for number in range(FILES, FILES + 200))
    assert used / FILES < 40  # bytes


@pytest.mark.parametrize("files", [0, 1, 170, 171, 1000])
def test_files_that_a_full_scan_does_not_find_make_room(files: int) -> None:
    seen = SeenFiles(limit=1000)
    for number in range(files):
        seen.add(file(number))
    seen.begin_full_scan("front")
    kept = [file(number) for number in range(0, files, 7)]
    assert all(seen.has(each) for each in kept)
    seen.end_full_scan("front")

    assert [number for number in range(files) if seen.has(file(number))] == list(range(0, files, 7))
    for number in range(1000, 2100):
        seen.add(file(number))
    assert sum(seen.has(file(number)) for number in range(2100)) == 1000


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 400), st.sampled_from(CAMERAS)),
        st.tuples(st.just("has"), st.integers(0, 400), st.sampled_from(CAMERAS)),
        st.tuples(st.sampled_from(("begin", "end")), st.just(0), st.sampled_from(CAMERAS)),
    ),
    max_size=200,
)


@given(_STEPS, st.sampled_from((5, 300)))
def test_it_is_a_set_of_the_files_that_scans_still_find(
    steps: list[tuple[str, int, str]], limit: int
) -> None:
    seen = SeenFiles(limit=limit)
    expected: dict[FoundFile, bool] = {}  # and whether the scan has found it
    for step, number, camera in steps:
        each = file(number, camera)
        match step:
            case "add" if each in expected or len(expected) < limit:
                seen.add(each)
                expected[each] = True
            case "add":
                seen.add(each)
            case "has":
                assert seen.has(each) == (each in expected)
                if each in expected:
                    expected[each] = True
            case "begin":
                seen.begin_full_scan(camera)
                expected.update({one: False for one in expected if one.camera == camera})
            case "end":
                seen.end_full_scan(camera)
                expected = {
                    one: found for one, found in expected.items() if found or one.camera != camera
                }
    assert all(seen.has(each) for each in expected)
