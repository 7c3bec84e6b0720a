"""A Git remote as a source, through the git command line: a bare copy without file contents, which are fetched when asked for."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.snapshot import BlobId, Snapshot

_SECONDS = 600
_MAX_WORDS = 300
_FILE_MODES = frozenset({"100644", "100755"})
"""Plain files; links (120000) and submodules (160000) are no issues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    blob: BlobId
    size: int | None


class GitSource:
    """One branch of a remote (the remote's own when ``branch`` is None), copied into a folder of ``cache``.

    ``shown`` is the address as it may be shown, without a password in it.
    """

    def __init__(self, url: str, *, shown: str, branch: str | None, patterns: PathPatterns, cache: Path) -> None:
        """Remember where to look; nothing is fetched yet."""
        self._url = url
        self._shown = shown
        self._branch = branch
        self._patterns = patterns
        self._copy = cache / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"

    async def snapshot(self) -> Snapshot:
        """Fetch the branch and list its files; raise SourceError when the remote cannot be reached or has no such branch."""
        await self._ensure_copy()
        branch = self._branch or await self._default_branch()
        where = f"refs/heads/{branch}"
        try:
            await self._git("fetch", "--quiet", "--no-tags", "--filter=blob:none", "--depth=1", "origin", f"+{where}:refs/heartbeat/head")
        except SourceError as error:
            if "couldn't find remote ref" in str(error):
                heads = (await self._git("ls-remote", "--heads", "origin")).decode().split()[1::2]
                names = ", ".join(head.removeprefix("refs/heads/") for head in heads) or "none"
                raise SourceError(f"{self._shown} has no branch {branch!r}: its branches are {names}.") from error
            raise
        commit = (await self._git("rev-parse", "refs/heartbeat/head")).decode().strip()
        seconds = int((await self._git("show", "--no-patch", "--format=%ct", commit)).split()[-1])
        entries = await self._entries(commit)
        files = {path: entry.blob for path, entry in sorted(entries.items()) if self._patterns.match(path)}
        return Snapshot(commit=commit, time=datetime.fromtimestamp(seconds, UTC), files=files, contents=_GitContents(self, entries))

    async def _entries(self, commit: str) -> Mapping[str, _Entry]:
        listed = await self._git("ls-tree", "-r", "-z", "--full-tree", commit)
        entries: dict[str, _Entry] = {}
        for line in listed.decode("utf-8", "surrogateescape").split("\0"):
            head, _, path = line.partition("\t")
            if path:
                mode, _, blob = head.split()
                if mode in _FILE_MODES:
                    entries[path] = _Entry(blob=BlobId(blob), size=None)
        return entries

    async def read_blob(self, blob: BlobId) -> bytes:
        """Return the bytes of a blob, from the remote when the copy does not hold them yet."""
        return await self._git("cat-file", "blob", blob)

    async def _ensure_copy(self) -> None:
        if (self._copy / "config").exists():
            try:
                await self._git("rev-parse", "--git-dir")
            except SourceError:
                await asyncio.to_thread(shutil.rmtree, self._copy, ignore_errors=True)
            else:
                return
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self._copy.parent, prefix="new-"))
        try:
            await self._git("init", "--quiet", "--bare", str(fresh), copy=None)
            await self._git("remote", "add", "origin", self._url, copy=fresh)
            await self._git("config", "remote.origin.promisor", "true", copy=fresh)
            await self._git("config", "remote.origin.partialclonefilter", "blob:none", copy=fresh)
            shutil.rmtree(self._copy, ignore_errors=True)
            fresh.rename(self._copy)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    async def _default_branch(self) -> str:
        for line in (await self._git("ls-remote", "--symref", "origin", "HEAD")).decode().splitlines():
            if line.startswith("ref: refs/heads/"):
                return line.split()[1].removeprefix("refs/heads/")
        raise SourceError(f"{self._shown} does not say which branch is its own: set `branch`, or make a first commit.")

    async def _git(self, *words: str, copy: Path | None | bool = True) -> bytes:
        """Run git and return what it prints; raise SourceError with what it complains about."""
        folder = self._copy if copy is True else copy
        place = ["--git-dir", str(folder)] if isinstance(folder, Path) else []
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "LC_ALL": "C"}
        environment.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
        try:
            process = await asyncio.create_subprocess_exec(
                "git", *place, *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=environment,
            )
        except FileNotFoundError as error:
            raise SourceError("There is no `git` on this machine: install it, it is what reads the content repo.") from error
        try:
            async with asyncio.timeout(_SECONDS):
                printed, complaint = await process.communicate()
        except TimeoutError as error:
            raise SourceError(f"{self._shown} did not answer within {_SECONDS} seconds.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            said = " ".join(complaint.decode("utf-8", "replace").replace(self._url, self._shown).split())[-_MAX_WORDS:]
            raise SourceError(f"{self._shown} cannot be read: git says: {said or 'nothing'}. Check the address and the access to it.")
        return printed


_KEPT = frozenset({"GIT_SSH_COMMAND", "GIT_SSH", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL", "GIT_ASKPASS"})


class _GitContents:
    def __init__(self, source: GitSource, entries: Mapping[str, _Entry]) -> None:
        self._source = source
        self._entries = entries

    async def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        entry = self._entries.get(path)
        if entry is None:
            raise SourceError(f"{path} is not in the repository.")
        return await self._source.read_blob(entry.blob)

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        """Return the id and size of any file of the tree."""
        entry = self._entries.get(path)
        if entry is None:
            return None
        return entry.blob, len(await self._source.read_blob(entry.blob))
