"""What a source holds at one commit, and the protocol that every source keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

BlobId = NewType("BlobId", str)
"""Names a file's bytes: equal ids mean equal bytes (Git's blob hash; another one for what is far too large to be hashed)."""


class Contents(Protocol):
    """Where the bytes of a snapshot come from, on demand."""

    async def read(self, path: str) -> bytes:
        """Return the bytes of an issue; raise IssueError, before any are loaded, when it is too large, SourceError when it cannot be had."""
        ...

    async def read_picture(self, path: str) -> bytes:
        """Return the bytes of a file to upload; raise SourceError when it cannot be had, or is larger than Discord takes."""
        ...

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size in bytes of any file of the source, matching the patterns or not; None when absent.

        Its bytes are not loaded.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A source at one commit.

    ``files`` maps the paths that match the newsletter's patterns (relative to the source's root, ``/`` between folders) to blobs.
    ``commit`` is the commit's id, or a digest of the files for a plain directory. ``time`` is the commit's time in UTC.
    """

    commit: str
    time: datetime
    files: Mapping[str, BlobId]
    contents: Contents


class Source(Protocol):
    """A place where a newsletter's files live."""

    async def snapshot(self) -> Snapshot:
        """Return what the source holds now; raise SourceError when it cannot be reached."""
        ...
