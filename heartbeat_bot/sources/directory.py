"""A folder of this machine as a source."""

import asyncio
import errno
import hashlib
import os
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import SourceError
from heartbeat_bot.issues.decoding import MOST_BYTES, check_size
from heartbeat_bot.rendering.limits import PICTURE_BYTES
from heartbeat_bot.sources.regular_file import IrregularError, RegularFile, open_regular
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.sources.source_bounds import Tally, TooManyError, check_picture

# A file that is replaced while the folder is read is read again; one that comes and goes all the time is somebody's to look at.
_ATTEMPTS = 3
_GIT = ".git"
_HASHED_BYTES = 8 * 1024 * 1024
"""A larger file is named by its size and its time of modification: to hash a terabyte of nothing would take an hour."""
_PIECE = 256 * 1024
_TICK_NANOSECONDS = 2_000_000_000
"""How coarse a file system's clock may be (FAT's has two seconds): a file as young is read in every pass."""
_PRINTED = re.compile(rb"\\x([89a-f][0-9a-f])")


def blob_id(content: bytes) -> BlobId:
    """Return Git's name for bytes: SHA-1 over ``blob <length>``, a zero byte and the bytes (gitformat-pack, "Object types")."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return BlobId(digest.hexdigest())


class DirectorySource:
    """Reads the files below ``root`` whose paths match ``paths`` (see PathPatterns).

    A folder and the Git repository made of it give the same paths and blob ids. So symbolic links below the root are not followed,
    as Git does not follow them either, and nothing outside of the root is ever read. What is called ``.git`` is never looked at, nor
    is a folder below the root that holds one: it is a repository of its own, such as a submodule.
    """

    def __init__(self, root: Path, paths: Sequence[str]) -> None:
        """Remember what to read; nothing is read yet. Raise ValueError for a pattern that cannot be used."""
        self.root = root
        self._patterns = PathPatterns(paths)
        self._known: dict[str, tuple[tuple[int, ...] | None, _File]] = {}
        """The files as they were hashed, with their marks: none is read again while the file system says that it is the same."""

    async def snapshot(self) -> Snapshot:
        """Return what the folder holds now; only files that are new or changed are read. Raise SourceError when it, or a file in it, cannot be read.

        ``commit`` is a digest over paths and blobs. ``time`` is the newest modification time of the files (the folder's own when
        there are none). The bytes are not kept: reading a file that has changed since is a SourceError.
        """
        return await asyncio.to_thread(self._snapshot)

    def _snapshot(self, attempts: int = _ATTEMPTS) -> Snapshot:
        try:
            return self._look()
        except FileNotFoundError as error:
            if attempts > 1:
                return self._snapshot(attempts - 1)
            raise SourceError(
                f"{error.filename}: the file vanished while {self.root} was read; the next pass tries again"
            ) from error

    def _look(self) -> Snapshot:
        try:
            newest = self.root.stat().st_mtime if self.root.is_dir() else None
        except OSError as error:
            raise _unreadable(self.root, error) from error
        if newest is None:
            what = "is not a folder" if self.root.exists() else "does not exist"
            raise SourceError(f"{self.root}: this {what}; set source.directory to the folder that holds the newsletter")
        files: dict[str, BlobId] = {}
        times: list[float] = []
        # Sorted by the bytes of the path, as Git sorts a flat listing.
        known, self._known = self._known, {}
        for path, place in sorted(self._matches(), key=lambda match: os.fsencode(match[1])):
            mark, (before, found) = _mark(place), known.get(path, (None, None))
            if found is None or mark is None or mark != before:
                found = _read(self.root, place)
            self._known[path] = mark, found
            files[path] = found.blob
            times.append(found.changed)
        digest = hashlib.sha256()
        for path, blob in files.items():
            digest.update(f"{path}\0{blob}\n".encode())
        when = datetime.fromtimestamp(max(times, default=newest), tz=UTC)
        return Snapshot(commit=digest.hexdigest(), time=when, files=files, contents=DirectoryContents(root=self.root, files=files))

    def _matches(self) -> Iterator[tuple[str, Path]]:
        tally = Tally()
        try:
            for path, place in _walk(self.root, self._patterns.leads_to, tally):
                if self._patterns.match(path):
                    tally.take()
                    yield path, place
        except TooManyError as error:
            raise SourceError(f"{self.root}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryContents:
    """The bytes of a folder's snapshot, read when asked for and checked against it."""

    root: Path
    files: dict[str, BlobId]

    async def read(self, path: str) -> bytes:
        """Return an issue's bytes.

        Raise IssueError when it is too large, SourceError when it is gone, unreadable, or changed since the snapshot.
        """
        return await asyncio.to_thread(self._bytes, path, MOST_BYTES, check_size)

    async def read_picture(self, path: str) -> bytes:
        """Return the bytes of a file to upload; raise SourceError when it is too large, gone, unreadable, or changed."""
        return await asyncio.to_thread(self._bytes, path, PICTURE_BYTES, check_picture)

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size in bytes of any file below the root; None when there is none."""
        found = await asyncio.to_thread(self._found, path)
        return None if found is None else (found.blob, found.size)

    def _bytes(self, path: str, most: int, check: Callable[[str, int | None], None]) -> bytes:
        found = self._found(path, keep=most)
        if found is None:
            raise SourceError(f"{self.root / path}: there is no such file (any more); the next pass sees the folder as it is then")
        expected = self.files.get(path)
        if expected is not None and found.blob != expected:
            raise SourceError(f"{self.root / path}: the file changed while it was read; the next pass reads it anew")
        check(path, found.size)
        return found.content

    def _found(self, path: str, *, keep: int = 0) -> "_File | None":
        place = _located(self.root, path)
        if place is None:
            return None
        try:
            return _read(self.root, place, keep=keep)
        except FileNotFoundError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file as it was read: ``content`` is empty when it has more bytes than were to be kept; ``changed`` is in seconds."""

    blob: BlobId
    size: int
    changed: float
    content: bytes


def _mark(place: Path) -> tuple[int, ...] | None:
    """Return what changes with a file, None for one so young that it may change within the same tick of the file system's clock."""
    try:
        found = place.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(place, error) from error
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) <= _TICK_NANOSECONDS:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _walk(root: Path, wanted: Callable[[str], bool], tally: Tally) -> Iterator[tuple[str, Path]]:
    """Give the regular files below the root with their paths from there, looking into those folders only that are wanted.

    Raise TooManyError when the tally says so.
    """
    waiting = [("", root)]
    while waiting:
        prefix, folder = waiting.pop()
        if prefix and os.path.lexists(folder / _GIT):
            continue
        try:
            entries = _entries(folder, len(prefix), tally)
        except OSError as error:
            if prefix and isinstance(error, FileNotFoundError):
                continue  # a folder that was removed meanwhile holds nothing; a root that was is no empty newsletter
            raise _unreadable(folder, error) from error
        for entry in entries:
            path = prefix + _shown(entry.name)
            if entry.name == _GIT:
                continue
            if entry.is_dir(follow_symlinks=False):
                if wanted(path):
                    waiting.append((f"{path}/", Path(entry.path)))
            elif entry.is_file(follow_symlinks=False):
                yield path, Path(entry.path)


def _entries(folder: Path, prefix: int, tally: Tally) -> list[os.DirEntry[str]]:
    """List a folder whose path has ``prefix`` characters."""
    entries: list[os.DirEntry[str]] = []
    with os.scandir(folder) as listing:
        for entry in listing:
            tally.look_at(prefix + len(entry.name))
            entries.append(entry)
    return entries


def _shown(name: str) -> str:
    """Make a name printable that is not UTF-8, as the listing of a Git tree does."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read(root: Path, place: Path, *, keep: int = 0) -> _File:
    """Read a regular file below a root, keeping its bytes when there are no more than ``keep``; FileNotFoundError passes."""
    try:
        with open_regular(root, place.relative_to(root).parts) as file:
            blob, content = _hashed(file, keep)
            return _File(blob=blob, size=file.size, changed=file.changed, content=content)
    except FileNotFoundError:
        raise
    except IrregularError as error:
        raise FileNotFoundError(errno.ENOENT, str(error), str(place)) from error
    except OSError as error:
        raise _unreadable(place, error) from error


def _hashed(file: RegularFile, keep: int) -> tuple[BlobId, bytes]:
    """Return a file's name, and its bytes when there are no more than ``keep``; never hold more than those of it."""
    if file.size > _HASHED_BYTES:
        return blob_id(f"{file.size} bytes, changed at {file.changed!r}".encode()), b""
    digest = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    kept: list[bytes] = []
    left = file.size
    while piece := file.file.read(min(_PIECE, left)):
        digest.update(piece)
        left -= len(piece)
        if file.size <= keep:
            kept.append(piece)
    return BlobId(digest.hexdigest()), b"".join(kept)


def _located(root: Path, path: str) -> Path | None:
    """Return where a path of the source is on disk: exactly, with its accents encoded the other way (NFC, NFD), or no UTF-8 there."""
    if not path or "\0" in path or {"", ".", "..", _GIT}.intersection(path.split("/")):
        return None
    try:
        for form in (path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path), _as_bytes(path)):
            if _is_inside(root, root / form) and (root / form).is_file():
                return root / form
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise _unreadable(root / path, error) from error
    return None


def _as_bytes(path: str) -> str:
    """Return the name on disk that :func:`_shown` made printable."""
    return os.fsdecode(_PRINTED.sub(lambda match: bytes.fromhex(match[1].decode()), path.encode("utf-8", "replace")))


def _is_inside(root: Path, place: Path) -> bool:
    """Tell whether neither the place, nor a folder on the way to it, is a symbolic link or a repository of its own."""
    while place != root:
        if place.is_symlink() or (place / _GIT).exists():
            return False
        place = place.parent
    return True


def _unreadable(place: Path, error: OSError) -> SourceError:
    return SourceError(f"{place}: it cannot be read ({error.strerror or error}); check its permissions")
