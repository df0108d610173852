"""The watcher remembers a limited number of files, and no file is lost beyond the limit."""

from hsi_core.domain.found_file import FoundFile
from hsi_core.watch.seen_files import SeenFiles
from hsi_core.watch.stability import UnstableFiles


def file(name: str, size: int = 1) -> FoundFile:
    return FoundFile(camera="front", path=f"front/{name}", size=size, mtime_ns=0)


def test_a_file_not_found_by_a_full_scan_is_removed() -> None:
    known = SeenFiles()
    known.add(file("gone.jpg"))
    known.add(file("kept.jpg"))

    known.begin_full_scan("front")
    assert known.has(file("kept.jpg"))
    known.add(file("new.jpg"))
    known.end_full_scan("front")

    assert known.has(file("kept.jpg"))
    assert known.has(file("new.jpg"))
    assert not known.has(file("gone.jpg"))


def test_files_beyond_the_limit_are_not_added() -> None:
    known = SeenFiles(limit=2)

    for name in "abc":
        known.add(file(name))

    assert [known.has(file(name)) for name in "abc"] == [True, True, False]


def test_another_size_is_another_file() -> None:
    known = SeenFiles()
    known.add(file("a.jpg", 1))

    assert not known.has(file("a.jpg", 2))


def test_a_file_is_due_once_it_is_unchanged_for_the_settle_time() -> None:
    waiting = UnstableFiles(2.0)
    waiting.add(file("a.jpg", 1), now=10.0)
    waiting.add(file("a.jpg", 1), now=11.0)
    waiting.add(file("b.jpg", 1), now=11.0)
    waiting.add(file("b.jpg", 2), now=12.0)

    assert waiting.next_due == 12.0
    assert waiting.take_due(13.0) == [file("a.jpg", 1)]
    assert waiting.take_due(14.0) == [file("b.jpg", 2)]
    assert waiting.next_due is None


def test_unstable_files_beyond_the_limit_are_refused() -> None:
    waiting = UnstableFiles(2.0, limit=1)

    assert waiting.add(file("a.jpg"), now=0.0)
    assert not waiting.add(file("b.jpg"), now=0.0)
