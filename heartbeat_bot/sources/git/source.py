"""A branch of a Git remote as a source, read through the git command line."""

import asyncio
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.config.remotes import Credentials, check_branch
from heartbeat_bot.errors import SourceError
from heartbeat_bot.issues.decoding import MOST_BYTES, check_size
from heartbeat_bot.sources.git.cache import GitCache
from heartbeat_bot.sources.git.command import GitCommand, git_environment
from heartbeat_bot.sources.git.local_copy import GitTree
from heartbeat_bot.sources.git.remote_turns import RemoteTurns
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.sources.source_bounds import check_picture

# A first fetch of a large site's tree over a slow line takes minutes; a remote that hangs must not hold the bot for ever.
_TIMEOUT: Final = 300.0
# Files are mostly read one after the other; so much comes out of the copy with one command, and is held until others are read.
_BYTES_AT_ONCE: Final = 2 * 1024 * 1024
_FILES_AT_ONCE: Final = 500


class GitSource:
    """Reads the files of a branch whose paths match ``paths`` (see PathPatterns).

    Only trees are compared, never commit logs: force-pushes, merges and a remote replaced by another one make no difference.
    Symbolic links and submodules are no files here.
    """

    def __init__(
        self,
        remote: str,
        paths: Sequence[str],
        *,
        cache_dir: Path,
        branch: str | None = None,
        credentials: Credentials | None = None,
        environ: Mapping[str, str] = os.environ,
        timeout: float = _TIMEOUT,
        turns: RemoteTurns | None = None,
    ) -> None:
        """Remember what to read; nothing is fetched yet.

        ``branch`` None follows the remote's HEAD. A copy is kept below ``cache_dir``, which may be deleted at any time. ``credentials``
        take the place of those that stand in the address. ``timeout`` is in seconds, for each git command; all that a look or a
        reading needs has twice that. Sources that share ``turns`` call git one after the other. Raise ValueError for an address, branch or pattern that cannot be used.
        """
        if branch is not None:
            check_branch(branch)
        git = GitCommand(environ=git_environment(environ), timeout=timeout, turns=turns or RemoteTurns())
        self._cache = GitCache(remote, branch, PathPatterns(paths), cache_dir, git, credentials)

    async def snapshot(self) -> Snapshot:
        """Fetch the branch and return what it holds now; raise SourceError, which never shows a password, when it cannot be had.

        ``time`` is the commit's committer time. Bytes are fetched when the first file is read: all missing ones that match, at once.
        """
        tree = await self._cache.update()
        return Snapshot(commit=tree.commit, time=tree.time, files=tree.files, contents=GitContents(self._cache, tree))


class GitContents:
    """The bytes of a commit's files, fetched when asked for. Sizes are asked for first: what is too large is never loaded."""

    def __init__(self, cache: GitCache, tree: GitTree) -> None:
        """Read ``tree`` through ``cache``; its ``files`` are the ones that will be read one after the other."""
        self._cache = cache
        self._tree = tree
        self._sizes: Mapping[str, int] = {}
        """Sizes of the files that match, as far as they are in the copy."""
        self._loaded: Mapping[str, bytes] = {}
        self._loading = asyncio.Lock()

    async def read(self, path: str) -> bytes:
        """Return an issue's bytes; raise IssueError when it is too large, SourceError when the commit or the remote does not give it."""
        return await self._bytes(path, check_size)

    async def read_picture(self, path: str) -> bytes:
        """Return the bytes of a file to upload; raise SourceError when it is too large, or the commit or the remote does not give it."""
        return await self._bytes(path, check_picture)

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size in bytes of any file of the commit; None when there is none.

        The file is fetched for its size. One that is too large even for that is none.
        """
        async with self._loading:
            found = await self._located(path)
            size = None if found is None else await self._size(*found)
        return None if found is None or size is None else (found[1], size)

    async def _located(self, path: str) -> tuple[str, BlobId] | None:
        """Return the path as the tree spells it, exactly or with its accents encoded the other way (NFC, NFD), and the blob there."""
        for form in dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))):
            blob = self._tree.files.get(form) or await self._cache.locate(self._tree, form)
            if blob is not None:
                return form, blob
        return None

    async def _size(self, path: str, blob: BlobId) -> int | None:
        """Return a blob's size, None for one that cannot be fetched because it is too large."""
        if blob in self._sizes:
            return self._sizes[blob]
        if path not in self._tree.files:
            return (await self._cache.sizes(blob)).get(blob)
        self._sizes = await self._cache.sizes(blob, list(self._tree.files.values()))
        return self._sizes.get(blob)

    async def _bytes(self, path: str, check: Callable[[str, int | None], None]) -> bytes:
        async with self._loading:
            found = await self._located(path)
            if found is None:
                raise SourceError(f"{self._cache.shown}: there is no file '{path}' in commit {self._tree.commit[:12]}")
            spelled, blob = found
            size = await self._size(spelled, blob)
            check(path, size)
            assert size is not None, "what cannot be fetched was refused"
            if blob not in self._loaded:
                # What is no longer needed goes before the next comes.
                self._loaded = {}
                self._loaded = await self._cache.read(self._following(spelled, blob, size))
            return self._loaded[blob]

    def _following(self, path: str, blob: BlobId, size: int) -> list[BlobId]:
        """Return a blob, and those of the issues after it that are loaded along with it."""
        blobs, total = [blob], size
        issues = list(self._tree.files)
        after = issues.index(path) + 1 if path in self._tree.files else len(issues)
        for issue in issues[after : after + _FILES_AT_ONCE - 1]:
            one = self._tree.files[issue]
            length = self._sizes.get(one, MOST_BYTES + 1)
            if length > MOST_BYTES:
                continue
            total += length
            if total > _BYTES_AT_ONCE:
                break
            blobs.append(one)
        return blobs
