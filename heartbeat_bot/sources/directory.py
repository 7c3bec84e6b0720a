"""A folder of this machine as a source."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.snapshot import BlobId, Snapshot


def blob_of(data: bytes) -> BlobId:
    """Return Git's hash of a file's bytes, so that a folder and its repository agree."""
    return BlobId(hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest())


class DirectorySource:
    """The files below ``root`` that match ``patterns``. Links that lead out of the folder are not followed."""

    def __init__(self, root: Path, patterns: PathPatterns) -> None:
        """Remember where to look; nothing is read yet."""
        self._root = root
        self._patterns = patterns

    async def snapshot(self) -> Snapshot:
        """Read all matching files; raise SourceError when the folder or one of them cannot be read."""
        return await asyncio.to_thread(self._snapshot)

    def _snapshot(self) -> Snapshot:
        if not self._root.is_dir():
            raise SourceError(f"There is no folder {self._root}: correct `directory` in the configuration.")
        files: dict[str, BlobId] = {}
        held: dict[str, bytes] = {}
        newest = 0.0
        for path in self._paths():
            name = path.relative_to(self._root).as_posix()
            try:
                held[name] = path.read_bytes()
                newest = max(newest, path.stat().st_mtime)
            except OSError as error:
                raise SourceError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
            files[name] = blob_of(held[name])
        digest = hashlib.sha256("\0".join(f"{name}\0{blob}" for name, blob in files.items()).encode()).hexdigest()
        time = datetime.fromtimestamp(newest, UTC)
        return Snapshot(commit=digest, time=time, files=files, contents=_DirectoryContents(self._root.resolve(), held))

    def _paths(self) -> Iterator[Path]:
        root = self._root.resolve()
        found: set[Path] = set()
        for folder in self._patterns.folders:
            start = self._root / folder
            if start.is_dir():
                found.update(path for path in start.rglob("*") if self._patterns.match(path.relative_to(self._root).as_posix()))
        for path in sorted(found):
            if path.is_file() and path.resolve().is_relative_to(root):
                yield path


class _DirectoryContents:
    """Matching files as they were read for the snapshot; others (pictures) as they are now."""

    def __init__(self, root: Path, held: dict[str, bytes]) -> None:
        self._root = root
        self._held = held

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        if path in self._held:
            return self._held[path]
        return await asyncio.to_thread(self._read, path)

    def _read(self, path: str) -> bytes:
        place = (self._root / path).resolve()
        if not place.is_relative_to(self._root):
            raise SourceError(f"{path} lies outside of {self._root}.")
        try:
            return place.read_bytes()
        except OSError as error:
            raise SourceError(f"{place} cannot be read: {error.strerror}.") from error

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size of any file of the folder."""
        place = (self._root / path).resolve()
        if not (place.is_relative_to(self._root) and place.is_file()):
            return None
        data = await self.read(path)
        return blob_of(data), len(data)
