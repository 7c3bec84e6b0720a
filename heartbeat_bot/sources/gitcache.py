"""A copy of one branch of a Git remote in the cache folder: bare, one commit deep, with only those blobs that were asked for.

The copy's configuration does not name the remote. The address, which may hold a password, goes to git through the environment; and
git, not knowing that the copy is partial, says at once which blobs are missing, instead of fetching them one by one (measured on
493 files of a local remote: 9 seconds one by one, 0.3 in one request).

Whatever is wrong with the copy is put right by making a new one beside it and swapping the two, so that a kill at any instant
leaves either the old one or the new one.
"""

import asyncio
import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from heartbeat_bot.config.remotes import RemoteKind, remote_kind
from heartbeat_bot.errors import SourceError
from heartbeat_bot.redaction import shown_address
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.gitcommand import Finished, GitCommand
from heartbeat_bot.sources.gitcomplaints import read_complaint
from heartbeat_bot.sources.snapshot import BlobId

_REMOTE = "heartbeat-source"
_REF = "refs/heartbeat/head"
# Without these git takes a copy without all blobs for a broken one.
_PARTIAL: Mapping[str, str] = {f"remote.{_REMOTE}.promisor": "true", f"remote.{_REMOTE}.partialclonefilter": "blob:none"}
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
_REGULAR = frozenset({"100644", "100755", "100664"})
# Every fetch that brings something leaves a pack. Beyond this many a new copy is cheaper than a repack of a partial one, and it
# forgets the blobs that no longer matter.
_MAX_PACKS = 100
# GIT_CONFIG_COUNT came with 2.31 (March 2021).
_OLDEST_GIT = (2, 31)
_LOCK_PAUSE = 0.05
_BRANCHES_SHOWN = 10
_SHA1_LENGTH = 40


class _CopyBrokenError(Exception):
    """The copy, not the remote, is to blame."""


class _MissingError(SourceError):
    """A file can be had neither from the copy nor from the remote: a copy that is damaged hides what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTree:
    """A commit's id, its committer's time in UTC, and its regular files (no links, no submodules)."""

    commit: str
    time: datetime
    blobs: Mapping[str, BlobId]


class GitCache:
    """One branch of one remote. Several processes may use the same folder; they wait for each other."""

    def __init__(self, remote: str, branch: str | None, folder: Path, git: GitCommand) -> None:
        """Remember what to copy where; nothing is fetched yet. ``branch`` None is the remote's own choice."""
        self.shown = shown_address(remote)
        self._kind = remote_kind(remote)
        self._remote = str(Path(remote).expanduser().absolute()) if self._kind is RemoteKind.PATH else remote
        self._branch = branch
        self._git = git
        key = hashlib.sha256(f"{remote}\0{branch or ''}".encode()).hexdigest()[:20]
        self._room = folder
        self._key = key
        self._copy = folder / key
        self._tree: GitTree | None = None
        self._settings: Mapping[str, str] | None = None

    async def update(self) -> GitTree:
        """Fetch the branch as it is now; raise SourceError when it cannot be had."""
        async with self._locked():
            if not await asyncio.to_thread(self._usable):
                return await self._renew()
            if self._tree is not None and await self._newest_commit() == self._tree.commit:
                return self._tree
            try:
                await self._fetch_branch(self._copy)
                return await self._read_tree(self._copy)
            except _CopyBrokenError:
                return await self._renew()

    async def read(self, blobs: Sequence[BlobId], neighbours: Sequence[BlobId]) -> dict[BlobId, bytes]:
        """Return the bytes of blobs; raise SourceError when one cannot be had.

        When one is missing, all missing ``neighbours`` are fetched along with it in one request: they will be asked for next.
        """
        wanted = list(dict.fromkeys(blobs))
        around = list(dict.fromkeys([*blobs, *neighbours]))
        async with self._locked():
            try:
                return await self._read_or_fetch(wanted, around)
            except (_CopyBrokenError, _MissingError):
                await self._renew()
                return await self._again(wanted, around)

    async def _again(self, blobs: Sequence[BlobId], around: Sequence[BlobId]) -> dict[BlobId, bytes]:
        try:
            return await self._read_or_fetch(blobs, around)
        except _CopyBrokenError as error:
            raise SourceError(f"{self._copy}: neither this copy nor a new one can be read ({error}); is the disk sound?") from error

    # The lock, the copy's life

    @asynccontextmanager
    async def _locked(self) -> AsyncGenerator[None]:
        try:
            self._room.mkdir(parents=True, exist_ok=True)
            lock = (self._room / f"{self._key}.lock").open("ab")
        except OSError as error:
            raise SourceError(f"{self._room}: the cache folder cannot be written ({error.strerror or error})") from error
        with lock:
            try:
                async with asyncio.timeout(self._git.timeout):
                    while not _try_lock(lock.fileno()):  # noqa: ASYNC110 - another process holds it, and tells nobody
                        await asyncio.sleep(_LOCK_PAUSE)
            except TimeoutError as error:
                raise SourceError(
                    f"{self._copy}: another process holds this copy for too long; the next pass tries again"
                ) from error
            yield

    def _usable(self) -> bool:
        packs = self._copy / "objects" / "pack"
        return (self._copy / "HEAD").is_file() and sum(1 for _ in packs.glob("*.pack")) <= _MAX_PACKS

    async def _renew(self, *, filtered: bool = True) -> GitTree:
        """Make a new copy beside the old one and put it in its place."""
        await self._check_version()
        await asyncio.to_thread(self._sweep)
        fresh = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{self._key}.new-", dir=self._room))
        try:
            tree = await self._fill(fresh, filtered=filtered)
            await asyncio.to_thread(self._swap, fresh)
        except _CopyBrokenError as error:
            raise SourceError(f"{self.shown}: {error}") from error
        finally:
            # Swapped, it is no longer there. Not in a thread: this runs on the way out of a cancelled pass, too.
            shutil.rmtree(fresh, ignore_errors=True)
        return tree

    async def _fill(self, fresh: Path, *, filtered: bool) -> GitTree:
        try:
            await self._init(fresh, "sha1")
            await self._fetch_branch(fresh, filtered=filtered)
        except _CopyBrokenError as error:
            if "mismatched algorithms" not in str(error):
                raise
            await asyncio.to_thread(shutil.rmtree, fresh)
            await self._init(fresh, "sha256")
            await self._fetch_branch(fresh, filtered=filtered)
        return await self._read_tree(fresh)

    async def _init(self, fresh: Path, object_format: str) -> None:
        finished = await self._git.run(["init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(fresh)])
        if finished.status:
            raise SourceError(f"{fresh}: {read_complaint(finished.complaint).sentence}")

    def _swap(self, fresh: Path) -> None:
        if self._copy.exists():
            self._copy.rename(self._room / f"{self._key}.old-{fresh.name.rpartition('-')[2]}")
        fresh.rename(self._copy)
        self._sweep()

    def _sweep(self) -> None:
        """Remove what a kill has left behind; the lock is ours, so nobody works on it."""
        for left in self._room.glob(f"{self._key}.*-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    async def _check_version(self) -> None:
        told = (await self._git.run(["version"])).output.decode("utf-8", "replace").strip()
        numbers = re.search(r"(\d+)\.(\d+)", told)
        if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST_GIT:
            raise SourceError(f"{told} is too old; install git {'.'.join(map(str, _OLDEST_GIT))} or newer")

    # Talking to the remote

    async def _ask(
        self,
        arguments: Sequence[str],
        *,
        copy: Path | None,
        stdin: bytes = b"",
        settings: Mapping[str, str] | None = None,
        partial: bool = True,
    ) -> Finished:
        about = {**await self._remote_settings(), **(_PARTIAL if partial else {}), **(settings or {})}
        return await self._git.run(arguments, folder=copy, stdin=stdin, settings=about)

    async def _remote_settings(self) -> Mapping[str, str]:
        if self._settings is None:
            settings = {f"remote.{_REMOTE}.url": self._remote}
            if not {"GIT_SSH", "GIT_SSH_COMMAND"}.intersection(self._git.environ):
                # There is no terminal to ask on anyway; this makes ssh say so at once. The machine's own command stays as it is.
                own = await self._git.run(["config", "--get", "core.sshCommand"])
                settings["core.sshCommand"] = own.output.decode().strip() or "ssh -o BatchMode=yes"
            self._settings = settings
        return self._settings

    @property
    def _wanted(self) -> str:
        return "HEAD" if self._branch is None else f"refs/heads/{self._branch}"

    async def _newest_commit(self) -> str:
        """Return the branch's newest commit, "" when the remote does not say: a fetch then tells why.

        To ask costs a third of a fetch that finds nothing new, and most passes find nothing new.
        """
        finished = await self._ask(["ls-remote", "--quiet", "--", _REMOTE, self._wanted], copy=None)
        lines = finished.output.decode("utf-8", "backslashreplace").splitlines()
        told = (line.partition("\t") for line in lines if not finished.status)
        return next((commit for commit, _, ref in told if ref == self._wanted), "")

    async def _fetch_branch(self, copy: Path, *, filtered: bool = True) -> None:
        """Bring the branch's newest commit into a copy; raise SourceError for the remote's faults, _CopyBrokenError for others."""
        finished = await self._fetch_ref(copy, self._wanted, filtered=filtered)
        if "couldn't find remote ref" in finished.complaint:
            finished = await self._fetch_ref(copy, f"refs/heads/{await self._other_branch()}", filtered=filtered)
        if finished.status:
            reading = read_complaint(finished.complaint)
            if reading.known:
                raise SourceError(f"{self.shown}: {reading.sentence}")
            raise _CopyBrokenError(reading.sentence)

    async def _fetch_ref(self, copy: Path, ref: str, *, filtered: bool) -> Finished:
        which = ["--", _REMOTE, f"+{ref}:{_REF}"]
        finished = await self._ask([*_FETCH, "--depth=1", *(["--filter=blob:none"] if filtered else []), *which], copy=copy)
        if "dumb http transport" in finished.complaint:
            # A plain web server can only give whole histories, object by object. Git, if it believed that the remote gives what is
            # missing on demand, would start a fetch for each missing object, and that one another, without end.
            finished = await self._ask([*_FETCH, *which], copy=copy, partial=False)
        return finished

    async def _other_branch(self) -> str:
        """Return the only branch of a remote whose HEAD names none; raise SourceError with the branches that exist."""
        finished = await self._ask(["ls-remote", "--quiet", "--heads", "--", _REMOTE], copy=None)
        if finished.status:
            raise SourceError(f"{self.shown}: {read_complaint(finished.complaint).sentence}")
        lines = finished.output.decode("utf-8", "backslashreplace").splitlines()
        branches = sorted(line.partition("refs/heads/")[2] for line in lines)
        if not branches:
            raise SourceError(f"{self.shown}: the repository is empty; push a commit to it")
        if self._branch is None and len(branches) == 1:
            return branches[0]
        listed = ", ".join(branches[:_BRANCHES_SHOWN]) + (", …" if len(branches) > _BRANCHES_SHOWN else "")
        if self._branch is None:
            raise SourceError(f"{self.shown}: the repository names no default branch; set source.branch to one of {listed}")
        raise SourceError(f"{self.shown}: there is no branch '{self._branch}' (any more); set source.branch to one of {listed}")

    async def _fetch_blobs(self, blobs: Sequence[BlobId]) -> None:
        # noop: else the remote takes the commit that we have for proof that we have its blobs, too.
        finished = await self._ask(
            [*_FETCH, "--filter=blob:none", "--stdin", "--", _REMOTE],
            copy=self._copy,
            stdin="".join(f"{blob}\n" for blob in blobs).encode(),
            settings={"fetch.negotiationAlgorithm": "noop"},
        )
        if not finished.status:
            return
        if "not our ref" in finished.complaint:
            raise SourceError(f"{self.shown}: the history was rewritten while it was read; the next pass reads it anew")
        if "unadvertised object" in finished.complaint:
            await self._renew(filtered=False)
            return
        reading = read_complaint(finished.complaint)
        if reading.known:
            raise SourceError(f"{self.shown}: {reading.sentence}")
        raise _CopyBrokenError(reading.sentence)

    # Reading the copy

    async def _local(self, arguments: Sequence[str], copy: Path, stdin: bytes = b"") -> bytes:
        finished = await self._git.run(arguments, folder=copy, stdin=stdin)
        if finished.status:
            raise _CopyBrokenError(read_complaint(finished.complaint).sentence)
        return finished.output

    async def _read_tree(self, copy: Path) -> GitTree:
        told = await self._local(["for-each-ref", "--format=%(objectname) %(committerdate:unix)", _REF], copy)
        commit, _, seconds = told.decode("ascii", "replace").strip().partition(" ")
        if not commit:
            raise _CopyBrokenError("the branch is not there after it was fetched")
        if self._tree is None or self._tree.commit != commit:
            listing = await self._local(["ls-tree", "-r", "-z", "--full-tree", commit], copy)
            self._tree = GitTree(commit=commit, time=_instant(seconds), blobs=_regular_files(listing))
        return self._tree

    async def _read_or_fetch(self, wanted: Sequence[BlobId], around: Sequence[BlobId]) -> dict[BlobId, bytes]:
        found = await self._contents(wanted)
        if len(found) < len(wanted):
            told = await self._local(["cat-file", "--batch-check"], self._copy, "".join(f"{blob}\n" for blob in around).encode())
            await self._fetch_blobs([BlobId(line.split()[0].decode()) for line in told.splitlines() if line.endswith(b" missing")])
            found = await self._contents(wanted)
        if missing := [blob for blob in wanted if blob not in found]:
            raise _MissingError(f"{self.shown}: the remote does not give the file {missing[0]}; the next pass tries again")
        return found

    async def _contents(self, blobs: Sequence[BlobId]) -> dict[BlobId, bytes]:
        """Return those of the blobs that the copy holds."""
        if not blobs:
            return {}
        told = await self._local(["cat-file", "--batch"], self._copy, "".join(f"{blob}\n" for blob in blobs).encode())
        found: dict[BlobId, bytes] = {}
        position = 0
        while position < len(told):
            end = told.index(b"\n", position)
            name, kind, *size = told[position:end].decode("ascii", "replace").split()
            position = end + 1
            if kind == "missing":
                continue
            content = told[position : position + int(size[0])]
            position += len(content) + 1
            blob = BlobId(name)
            if len(name) == _SHA1_LENGTH and blob_id(content) != blob:
                raise _CopyBrokenError(f"the copy of {name} is damaged")
            found[blob] = content
        return found


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _instant(seconds: str) -> datetime:
    """Read a commit's time; histories hold broken ones, which count as the beginning of time."""
    try:
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)


def _regular_files(listing: bytes) -> dict[str, BlobId]:
    files: dict[str, BlobId] = {}
    for entry in listing.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        if about:
            mode, kind, blob = about.decode("ascii").split()
            if kind == "blob" and mode in _REGULAR:
                files[path.decode("utf-8", "backslashreplace")] = BlobId(blob)
    return files
