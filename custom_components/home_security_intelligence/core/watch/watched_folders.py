"""The watched folders as a tree, so that a folder's watches are found without searching all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from asyncinotify import Watch

from .cameras import join


@dataclass(slots=True, eq=False)
class _Node:
    """One folder: its watches, of which several may have its name, and the folders within it."""

    folder: str
    parent: _Node | None
    name: str  # within the parent
    watches: set[Watch] = field(default_factory=set)
    below: dict[str, _Node] = field(default_factory=dict)


class WatchedFolders:
    """Which watch belongs to which folder.

    Paths are relative to the camera root. Watches are added by threads that scan, and looked up
    and removed by the event loop.
    """

    def __init__(self) -> None:
        self._root = _Node("", None, "")
        self._nodes: dict[Watch, _Node] = {}  # by watch
        self._ended: set[Watch] = set()  # removed; the kernel is yet to confirm it
        self._lock = Lock()

    def __contains__(self, folder: str) -> bool:
        """Return whether a folder of this name is watched."""
        with self._lock:
            node = self._find(folder)
            return node is not None and bool(node.watches)

    def folder_of(self, watch: Watch) -> str | None:
        """Return the folder of a watch; None if the watch is new or removed."""
        with self._lock:
            node = self._nodes.get(watch)
            return None if node is None else node.folder

    def add(self, folder: str, watch: Watch) -> bool:
        """Note the folder of a watch, also if it had another name; return False if it has ended."""
        with self._lock:
            if watch in self._ended:
                return False
            before = self._nodes.get(watch)
            node = self._make(folder)
            if before is not node:
                node.watches.add(watch)
                self._nodes[watch] = node
                if before is not None:
                    before.watches.discard(watch)
                    _prune(before)
            return True

    def confirm_ended(self, watch: Watch) -> None:
        """Forget a watch that the kernel has ended."""
        with self._lock:
            self._ended.discard(watch)
            node = self._nodes.pop(watch, None)
            if node is not None:
                node.watches.discard(watch)
                _prune(node)

    def remove(self, folder: str) -> Iterator[Watch]:
        """Remove and yield the watches of this folder and below, one at a time."""
        with self._lock:
            top = self._find(folder)
            if top is None:
                return
            if top.parent is None:
                self._root = _Node("", None, "")
            else:
                top.parent.below.pop(top.name, None)
                _prune(top.parent)
        nodes = [top]
        while nodes:
            node = nodes.pop()
            nodes += node.below.values()
            while (watch := self._take(node)) is not None:
                yield watch

    def _take(self, node: _Node) -> Watch | None:
        with self._lock:
            if not node.watches:
                return None
            watch = node.watches.pop()
            self._nodes.pop(watch, None)
            self._ended.add(watch)
            return watch

    def _find(self, folder: str) -> _Node | None:
        node: _Node | None = self._root
        for name in folder.split("/") if folder else ():
            if node is None:
                return None
            node = node.below.get(name)
        return node

    def _make(self, folder: str) -> _Node:
        node = self._root
        for name in folder.split("/") if folder else ():
            inner = node.below.get(name)
            if inner is None:
                inner = node.below[name] = _Node(join(node.folder, name), node, name)
            node = inner
        return node


def _prune(node: _Node) -> None:
    """Remove a folder without watches from the tree, and its parents likewise."""
    while node.parent is not None and not node.watches and not node.below:
        if node.parent.below.get(node.name) is node:
            del node.parent.below[node.name]
        node = node.parent
