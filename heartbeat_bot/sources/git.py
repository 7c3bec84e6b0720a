"""A branch of a Git remote as a source, read through the git command line."""

import asyncio
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.config.remotes import check_branch
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.gitcache import GitCache, GitTree
from heartbeat_bot.sources.gitcommand import GitCommand, git_environment
from heartbeat_bot.sources.snapshot import BlobId, Snapshot

# A first fetch of a large site's tree over a slow line takes minutes; a remote that hangs must not hold the bot for ever.
_TIMEOUT = 300.0
# Files are mostly read one after the other; so many come out of the copy with one command.
_AT_ONCE = 50


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
        environ: Mapping[str, str] = os.environ,
        timeout: float = _TIMEOUT,
    ) -> None:
        """Remember what to read; nothing is fetched yet.

        ``branch`` None follows the remote's HEAD. A copy is kept below ``cache_dir``, which may be deleted at any time. ``timeout``
        is in seconds, for each git command. Raise ValueError for an address, branch or pattern that cannot be used.
        """
        if branch is not None:
            check_branch(branch)
        self._patterns = PathPatterns(paths)
        self._cache = GitCache(remote, branch, cache_dir, GitCommand(environ=git_environment(environ), timeout=timeout))
        self._seen: tuple[GitTree, Mapping[str, BlobId]] | None = None
        """The last tree and those of its files that match: the same tree, which most passes see, is not matched again."""

    async def snapshot(self) -> Snapshot:
        """Fetch the branch and return what it holds now; raise SourceError, which never shows a password, when it cannot be had.

        ``time`` is the commit's committer time. Bytes are fetched when the first file is read: all missing ones that match, at once.
        """
        tree = await self._cache.update()
        if self._seen is None or self._seen[0] is not tree:
            self._seen = (tree, {path: blob for path, blob in tree.blobs.items() if self._patterns.match(path)})
        files = self._seen[1]
        return Snapshot(commit=tree.commit, time=tree.time, files=files, contents=GitContents(self._cache, tree, files))


class GitContents:
    """The bytes of a commit's files, fetched when asked for."""

    def __init__(self, cache: GitCache, tree: GitTree, files: Mapping[str, BlobId]) -> None:
        """Read ``tree`` through ``cache``; ``files`` are the ones that will be read one after the other."""
        self._cache = cache
        self._tree = tree
        self._issues = list(files)
        self._positions = {path: position for position, path in enumerate(self._issues)}
        self._loaded: dict[BlobId, bytes] = {}
        self._loading = asyncio.Lock()

    async def read(self, path: str) -> bytes:
        """Return a file's bytes; raise SourceError when the commit has no such file, or the remote does not give it."""
        found = self._located(path)
        if found is None:
            raise SourceError(f"{self._cache.shown}: there is no file '{path}' in commit {self._tree.commit[:12]}")
        return await self._bytes(found)

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size in bytes of any file of the commit; None when there is none. The file is fetched for its size."""
        found = self._located(path)
        return None if found is None else (self._tree.blobs[found], len(await self._bytes(found)))

    def _located(self, path: str) -> str | None:
        """Return the path as the tree spells it: exactly, or with its accents encoded the other way (NFC, NFD)."""
        forms = (path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))
        return next((form for form in forms if form in self._tree.blobs), None)

    async def _bytes(self, path: str) -> bytes:
        blob = self._tree.blobs[path]
        async with self._loading:
            if blob not in self._loaded:
                self._loaded = await self._load(path, blob)
            return self._loaded[blob]

    async def _load(self, path: str, blob: BlobId) -> dict[BlobId, bytes]:
        position = self._positions.get(path)
        if position is None:
            return await self._cache.read([blob], [])
        following = [self._tree.blobs[issue] for issue in self._issues[position : position + _AT_ONCE]]
        return await self._cache.read(following, [self._tree.blobs[issue] for issue in self._issues])
