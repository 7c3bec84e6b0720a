"""Git's trees → the files of a commit that match, without git's own listing, which is as long as anybody likes.

A tree that names the one below it ten times, ten levels deep, lists ten thousand million paths out of a kilobyte. So trees are read
folder by folder, those only that the patterns lead to, and what is read is counted.
"""

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.sources.source_bounds import Tally, TooManyError

LARGEST_TREE: Final = 16 * 1024 * 1024
"""Bytes of a folder's tree: some 300,000 entries."""
_DEEPEST: Final = 100
"""Folders that a path may lead through; Git's own limit is 2,048 (core.maxTreeDepth)."""
_AT_ONCE: Final = 500
_ENTRY: Final = re.compile(rb"([0-7]{1,7}) ([^\0]+)\0", re.DOTALL)
# No work tree can hold these, and a path with one of them would lead elsewhere.
_LONGEST_NAME = 1000
_LONGEST_PATH = 4096
"""Bytes of a file's name and path that is taken: more than a work tree can hold (Linux's NAME_MAX is 255, its PATH_MAX 4096). They stand
in logs and lists, and must not fill them."""
_NO_NAMES: Final = frozenset({b".", b"..", b".git"})


class DamagedTreeError(Exception):
    """What should be a tree is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One line of a tree. ``regular``: a file, no link and no submodule."""

    name: bytes
    id: str
    folder: bool
    regular: bool


def entries_of(tree: bytes, id_bytes: int) -> Iterator[TreeEntry]:
    """Yield a tree's lines whose names a work tree could hold; ``id_bytes`` is 20, or 32 in a repository of SHA-256."""
    position = 0
    while position < len(tree):
        head = _ENTRY.match(tree, position)
        if head is None or head.end() + id_bytes > len(tree):
            raise DamagedTreeError("a folder of the commit is damaged")
        position = head.end() + id_bytes
        mode, name = stat.S_IFMT(int(head[1], 8)), head[2]
        if name not in _NO_NAMES and b"/" not in name:
            yield TreeEntry(
                name=name, id=tree[head.end() : position].hex(), folder=mode == stat.S_IFDIR, regular=mode == stat.S_IFREG
            )


def shown(path: bytes) -> str:
    """Make a path printable that is not UTF-8."""
    return path.decode("utf-8", "backslashreplace")


def entry_named(tree: bytes, name: str, id_bytes: int) -> TreeEntry | None:
    """Return the line of a tree with a name as :func:`shown` shows it, None when there is none."""
    return next((entry for entry in entries_of(tree, id_bytes) if shown(entry.name) == name), None)


class TreeWalk:
    """Looks for the files that match, beginning at a commit's tree: :meth:`wanted` names the trees to read next, :meth:`take` reads them."""

    def __init__(self, *, patterns: PathPatterns, root: str) -> None:
        """Begin at the tree whose id is ``root``."""
        self._patterns = patterns
        self._id_bytes = len(root) // 2
        self._waiting = [(b"", root)]
        self._reading: list[tuple[bytes, str]] = []
        self._files: dict[bytes, BlobId] = {}
        self._tally = Tally()

    def wanted(self) -> Sequence[str]:
        """Return the ids of the trees to read next, none at the end. The deepest come first, which keeps the list of others short."""
        self._reading = [self._waiting.pop() for _ in range(min(_AT_ONCE, len(self._waiting)))]
        return tuple(dict.fromkeys(tree for _, tree in self._reading))

    def take(self, trees: Mapping[str, bytes]) -> None:
        """Read those of the wanted trees that are given. Raise TooManyError, or DamagedTreeError."""
        for prefix, tree in self._reading:
            if tree in trees:
                self._look(prefix, trees[tree])

    def files(self) -> dict[str, BlobId]:
        """Return what was found: paths to blobs, sorted by the bytes of the paths."""
        return {shown(path): self._files[path] for path in sorted(self._files)}

    def _look(self, prefix: bytes, tree: bytes) -> None:
        if prefix.count(b"/") > _DEEPEST:
            raise TooManyError(
                f"folders lie more than {_DEEPEST} deep below '{shown(prefix[:40])}…'; write `paths` that do not lead there"
            )
        for entry in entries_of(tree, self._id_bytes):
            path = prefix + entry.name
            self._tally.look_at(len(path))
            if entry.folder:
                if self._patterns.leads_to(shown(path)):
                    self._waiting.append((path + b"/", entry.id))
            elif len(entry.name) > _LONGEST_NAME or len(path) > _LONGEST_PATH:
                continue
            elif entry.regular and self._patterns.match(shown(path)):
                self._tally.take()
                self._files[path] = BlobId(entry.id)
