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
import os
import re
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.config.remotes import Credentials, RemoteKind, remote_kind, without_userinfo
from heartbeat_bot.errors import SourceError
from heartbeat_bot.machine import lack
from heartbeat_bot.redaction import shown_address
from heartbeat_bot.sources.bounds import TooManyError
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.gitcommand import LARGEST_OUTPUT, LOCAL_UPLOAD_PACK, Finished, GitCommand, Setting
from heartbeat_bot.sources.gitcomplaints import read_complaint
from heartbeat_bot.sources.gittrees import LARGEST_TREE, DamagedTreeError, TreeWalk, entry_named
from heartbeat_bot.sources.snapshot import BlobId

_Result = TypeVar("_Result")
_Id = TypeVar("_Id", bound=str)

_REMOTE = "heartbeat-source"
_REF = "refs/heartbeat/head"
# Without these git takes a copy without all blobs for a broken one.
_PARTIAL: Sequence[Setting] = ((f"remote.{_REMOTE}.promisor", "true"), (f"remote.{_REMOTE}.partialclonefilter", "blob:none"))
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
# Every fetch that brings something leaves a pack. Beyond this many a new copy is cheaper than a repack of a partial one, and it
# forgets the blobs that no longer matter.
_MAX_PACKS = 100
# GIT_CONFIG_COUNT came with 2.31 (March 2021).
_OLDEST_GIT = (2, 31)
_LOCK_PAUSE = 0.05
_BRANCHES_SHOWN = 10
_SHA1_LENGTH = 40
# Bytes of objects that come out of the copy with one command.
_BYTES_AT_ONCE = 4 * 1024 * 1024
_FOLDERS_KEPT = 1024 * 1024
"""Bytes of trees that are kept for looking up pictures, which mostly lie in a few folders."""
# When a fetch is too much for git, halves of what it asked for are tried, to find the files that are to blame, and get the others.
_MOST_FETCHES = 32
# Git's helper prints what its environment holds: the environment is read by the same user only, a command line by everybody. It is
# asked for the host of the address only, so that a redirect to another one does not get the password.
_HELPER = '!f() { if test "$1" = get; then printf "username=%s\\npassword=%s\\n" "$HEARTBEAT_GIT_USER" "$HEARTBEAT_GIT_PASSWORD"; fi; }; f'


class _CopyBrokenError(Exception):
    """The copy, not the remote, is to blame."""


class _MissingError(SourceError):
    """A file can be had neither from the copy nor from the remote: a copy that is damaged hides what it lacks."""


class _TooMuchError(SourceError):
    """A fetch met one of git's limits: memory, a file's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTree:
    """A commit's id, its committer's time in UTC, its tree's id, and those of its regular files that match (no links, no submodules)."""

    commit: str
    time: datetime
    root: str
    files: Mapping[str, BlobId]


class GitCache:
    """One branch of one remote. Several processes may use the same folder; they wait for each other."""

    def __init__(
        self,
        remote: str,
        branch: str | None,
        patterns: PathPatterns,
        folder: Path,
        git: GitCommand,
        credentials: Credentials | None = None,
    ) -> None:
        """Remember what to copy where; nothing is fetched yet. ``branch`` None is the remote's own choice."""
        remote, given = without_userinfo(remote)
        self.shown = shown_address(remote)
        self._kind = remote_kind(remote)
        self._remote = str(Path(remote).expanduser().absolute()) if self._kind is RemoteKind.PATH else remote
        self._credentials = credentials or given
        self._branch = branch
        self._patterns = patterns
        self._git = replace(git, source=self.shown)
        key = hashlib.sha256(f"{remote}\0{branch or ''}".encode()).hexdigest()[:20]
        self._room = folder
        self._key = key
        self._copy = folder / key
        self._tree: GitTree | None = None
        """The last one: the same commit, which most passes see, is not looked through again."""
        self._folders: OrderedDict[str, bytes] = OrderedDict()
        """Trees that were looked into, the newest last."""
        self._refused: set[BlobId] = set()
        """Blobs that are too large to be fetched."""
        self._settings: Sequence[Setting] | None = None

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
            except (_CopyBrokenError, _MissingError):
                return await self._renew()

    async def sizes(self, blobs: Sequence[BlobId], neighbours: Sequence[BlobId]) -> dict[BlobId, int]:
        """Return the sizes in bytes of blobs, and those of their neighbours as far as they are in the copy.

        When one is missing, all missing ``neighbours`` are fetched along with it in one request: they will be asked for next. A blob
        that is too large to be fetched is left out. Raise SourceError when one cannot be had for another reason.
        """
        wanted = set(blobs)
        around = list(dict.fromkeys([*blobs, *neighbours]))
        return await self._with_copy(partial(self._sizes_or_fetch, wanted, around))

    async def read(self, blobs: Sequence[BlobId]) -> dict[BlobId, bytes]:
        """Return the bytes of blobs whose sizes were asked for; raise SourceError when one cannot be had."""
        return await self._with_copy(partial(self._blobs_or_fetch, list(dict.fromkeys(blobs))))

    async def locate(self, tree: GitTree, path: str) -> BlobId | None:
        """Return the blob of any regular file of a commit, matching the patterns or not; None when there is none."""
        parts = path.split("/")
        folder = tree.root
        for number, part in enumerate(parts):
            content = self._folders.get(folder)
            if content is None:
                content = await self._with_copy(partial(self._folder, self._copy, folder))
                self._keep(folder, content)
            entry = await asyncio.to_thread(entry_named, content, part, len(tree.root) // 2)
            if entry is None or number == len(parts) - 1 or not entry.folder:
                return BlobId(entry.id) if entry and entry.regular and number == len(parts) - 1 else None
            folder = entry.id
        return None

    def _keep(self, folder: str, content: bytes) -> None:
        self._folders[folder] = content
        # The newest one stays, however large it is: a hundred pictures may be looked for in it.
        while len(self._folders) > 1 and sum(map(len, self._folders.values())) > _FOLDERS_KEPT:
            self._folders.popitem(last=False)

    async def _with_copy(self, work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Do some work on the copy; when the copy is to blame for that it fails, do it again on a new one."""
        async with self._locked():
            try:
                return await work()
            except (_CopyBrokenError, _MissingError):
                await self._renew()
            try:
                return await work()
            except _CopyBrokenError as error:
                raise SourceError(
                    f"{self._copy}: neither this copy nor a new one can be read ({error}); is the disk sound?"
                ) from error

    # The lock, the copy's life

    @asynccontextmanager
    async def _locked(self) -> AsyncGenerator[None]:
        try:
            lock = _lock_file(self._room, self._key)
        except OSError as error:
            raise SourceError(
                f"{self._room}: the cache folder cannot be written ({lack(error) or error.strerror or error})"
            ) from error
        with lock:
            try:
                async with asyncio.timeout(self._git.timeout):
                    while not _try_lock(lock.fileno()):  # noqa: ASYNC110 - another process holds it, and tells nobody
                        await asyncio.sleep(_LOCK_PAUSE)
            except TimeoutError as error:
                raise SourceError(
                    f"{self._copy}: another process holds this copy for too long; the next pass tries again"
                ) from error
            most = 2 * self._git.timeout
            try:
                async with asyncio.timeout(most):
                    yield
            except TimeoutError as error:
                raise SourceError(
                    f"{self.shown}: all together took longer than {most:g} seconds; the next pass tries again"
                ) from error

    def _usable(self) -> bool:
        packs = self._packs()
        return (self._copy / "HEAD").is_file() and len(packs) <= _MAX_PACKS and sum(packs) <= self._git.file_size

    def _packs(self) -> list[int]:
        """Return the sizes in bytes of the copy's packs: all together they may have what one fetch may bring."""
        return [pack.stat().st_size for pack in (self._copy / "objects" / "pack").glob("*.pack")]

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
        settings: Sequence[Setting] = (),
        partly: bool = True,
    ) -> Finished:
        about = [*await self._remote_settings(), *(_PARTIAL if partly else ()), *settings]
        try:
            return await self._git.run(arguments, folder=copy, stdin=stdin, settings=about, variables=self._variables)
        finally:
            if copy is not None:
                self._sweep_packs(copy)

    def _sweep_packs(self, copy: Path) -> None:
        """Remove what a fetch that was ended had written so far: up to a gigabyte each time. Not in a thread: see :meth:`_renew`."""
        for left in (copy / "objects" / "pack").glob("tmp_*"):
            left.unlink(missing_ok=True)

    @property
    def _variables(self) -> Mapping[str, str]:
        given = self._credentials
        if given is None or given.password is None:
            return {}
        return {"HEARTBEAT_GIT_USER": given.user, "HEARTBEAT_GIT_PASSWORD": given.password}

    async def _remote_settings(self) -> Sequence[Setting]:
        if self._settings is None:
            settings: list[Setting] = [(f"remote.{_REMOTE}.url", self._remote), *self._credential_settings()]
            if self._kind is RemoteKind.PATH or self._remote.lower().startswith("file:"):
                settings.append((f"remote.{_REMOTE}.uploadpack", LOCAL_UPLOAD_PACK))
            if not {"GIT_SSH", "GIT_SSH_COMMAND"}.intersection(self._git.environ):
                # There is no terminal to ask on anyway; this makes ssh say so at once. The machine's own command stays as it is.
                own = await self._git.run(["config", "--get", "core.sshCommand"])
                settings.append(("core.sshCommand", own.output.decode().strip() or "ssh -o BatchMode=yes"))
            self._settings = settings
        return self._settings

    def _credential_settings(self) -> Iterator[Setting]:
        given = self._credentials
        if given is None:
            return
        # For this host and port, whatever the path; a rule of the machine that rewrites addresses was made for those without a password.
        host = "/".join(self._remote.split("/")[:3]).partition("?")[0].partition("#")[0]
        yield f"url.{self._remote}.insteadOf", self._remote
        yield f"credential.{host}.username", given.user
        if given.password is not None:
            # An empty one forgets the machine's helpers, which would answer first, and keep the password.
            yield f"credential.{host}.helper", ""
            yield f"credential.{host}.helper", _HELPER

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
            raise self._error_of(finished)

    async def _fetch_ref(self, copy: Path, ref: str, *, filtered: bool) -> Finished:
        which = ["--", _REMOTE, f"+{ref}:{_REF}"]
        finished = await self._ask([*_FETCH, "--depth=1", *(["--filter=blob:none"] if filtered else []), *which], copy=copy)
        if "dumb http transport" in finished.complaint:
            # A plain web server can only give whole histories, object by object. Git, if it believed that the remote gives what is
            # missing on demand, would start a fetch for each missing object, and that one another, without end.
            finished = await self._ask([*_FETCH, *which], copy=copy, partly=False)
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
        """Bring blobs into the copy. Those that are too much for git, whatever comes with them, are noted as refused."""
        waiting = [list(blobs)]
        for _ in range(_MOST_FETCHES):
            if not waiting:
                return
            if sum(await asyncio.to_thread(self._packs)) > self._git.file_size:
                break
            some = waiting.pop()
            try:
                await self._fetch_some(some)
            except _TooMuchError:
                if len(some) == 1:
                    self._refused.update(some)
                else:
                    half = len(some) // 2
                    waiting += [some[half:], some[:half]]
        if waiting:
            raise SourceError(
                f"{self.shown}: too many files are too large to be fetched, or all together are; take them out, or write narrower `paths`"
            )

    async def _fetch_some(self, blobs: Sequence[BlobId]) -> None:
        # noop: else the remote takes the commit that we have for proof that we have its blobs, too.
        finished = await self._ask(
            [*_FETCH, "--filter=blob:none", "--stdin", "--", _REMOTE],
            copy=self._copy,
            stdin="".join(f"{blob}\n" for blob in blobs).encode(),
            settings=[("fetch.negotiationAlgorithm", "noop")],
        )
        if not finished.status:
            return
        if "not our ref" in finished.complaint:
            raise SourceError(f"{self.shown}: the history was rewritten while it was read; the next pass reads it anew")
        if "unadvertised object" in finished.complaint:
            await self._renew(filtered=False)
            return
        raise self._error_of(finished)

    def _error_of(self, finished: Finished) -> SourceError | _CopyBrokenError:
        reading = read_complaint(finished.complaint)
        if reading.too_much:
            return _TooMuchError(f"{self.shown}: {reading.sentence}")
        return SourceError(f"{self.shown}: {reading.sentence}") if reading.known else _CopyBrokenError(reading.sentence)

    # Reading the copy

    async def _local(self, arguments: Sequence[str], copy: Path, stdin: bytes = b"", most: int = LARGEST_OUTPUT) -> bytes:
        finished = await self._git.run(arguments, folder=copy, stdin=stdin, most=most)
        if finished.status:
            reading = read_complaint(finished.complaint)
            raise _TooMuchError(f"{self.shown}: {reading.sentence}") if reading.too_much else _CopyBrokenError(reading.sentence)
        return finished.output

    async def _read_tree(self, copy: Path) -> GitTree:
        told = await self._local(["for-each-ref", "--format=%(objectname) %(tree) %(committerdate:unix)", _REF], copy)
        commit, _, about = told.decode("ascii", "replace").strip().partition(" ")
        root, _, seconds = about.partition(" ")
        if not commit:
            raise _CopyBrokenError("the branch is not there after it was fetched")
        if self._tree is None or self._tree.commit != commit:
            if not root:
                raise SourceError(f"{self.shown}: the branch names something that is no commit; correct it in the repository")
            self._tree = GitTree(commit=commit, time=_instant(seconds), root=root, files=await self._matching_files(copy, root))
        return self._tree

    async def _matching_files(self, copy: Path, root: str) -> dict[str, BlobId]:
        walk = TreeWalk(patterns=self._patterns, root=root)
        try:
            while wanted := walk.wanted():
                sizes = await self._folder_sizes(copy, wanted)
                for some in _in_batches(sizes):
                    await asyncio.to_thread(walk.take, await self._objects(some, copy))
            return await asyncio.to_thread(walk.files)
        except DamagedTreeError as error:
            raise _CopyBrokenError(str(error)) from error
        except TooManyError as error:
            raise SourceError(f"{self.shown}: {error}") from error

    async def _folder(self, copy: Path, tree: str) -> bytes:
        await self._folder_sizes(copy, [tree])
        return (await self._objects([tree], copy))[tree]

    async def _folder_sizes(self, copy: Path, trees: Sequence[str]) -> dict[str, int]:
        sizes = await self._sizes(trees, copy)
        if missing := [tree for tree in trees if tree not in sizes]:
            raise _MissingError(f"{self.shown}: the copy lacks the folder {missing[0]}; the next pass reads it anew")
        if too_large := [size for size in sizes.values() if size > LARGEST_TREE]:
            raise SourceError(
                f"{self.shown}: a folder's list of files has {too_large[0] >> 20} MiB, more than the {LARGEST_TREE >> 20} MiB that "
                "are read; spread the files over several folders, and write `paths` that lead to some of them"
            )
        return sizes

    async def _sizes_or_fetch(self, wanted: Collection[BlobId], around: Sequence[BlobId]) -> dict[BlobId, int]:
        sizes = await self._sizes(around, self._copy)
        if any(blob not in sizes and blob not in self._refused for blob in wanted):
            await self._fetch_blobs([blob for blob in around if blob not in sizes and blob not in self._refused])
            sizes = await self._sizes(around, self._copy)
        if missing := [blob for blob in wanted if blob not in sizes and blob not in self._refused]:
            raise _MissingError(f"{self.shown}: the remote does not give the file {missing[0]}; the next pass tries again")
        return sizes

    async def _blobs_or_fetch(self, blobs: Sequence[BlobId]) -> dict[BlobId, bytes]:
        await self._sizes_or_fetch(set(blobs), blobs)
        return await self._objects(blobs, self._copy)

    async def _sizes(self, objects: Sequence[_Id], copy: Path) -> dict[_Id, int]:
        """Return the sizes in bytes of those objects that the copy holds."""
        if not objects:
            return {}
        stdin = "".join(f"{name}\n" for name in objects).encode()
        told = await self._local(["cat-file", "--batch-check=%(objectname) %(objectsize)"], copy, stdin, 128 * len(objects))
        lines = (line.split() for line in told.decode("ascii", "replace").splitlines())
        sizes = {line[0]: line[1] for line in lines}
        return {name: int(sizes[name]) for name in objects if sizes.get(name, "missing") != "missing"}

    async def _objects(self, objects: Sequence[_Id], copy: Path) -> dict[_Id, bytes]:
        """Return some objects that are in the copy: their sizes were asked for before, and are no more than one command may answer."""
        stdin = "".join(f"{name}\n" for name in objects).encode()
        told = await self._local(["cat-file", "--batch"], copy, stdin, LARGEST_TREE + 2 * _BYTES_AT_ONCE)
        return await asyncio.to_thread(_taken_apart, told, objects)


def _in_batches(sizes: Mapping[_Id, int]) -> Iterator[list[_Id]]:
    """Yield objects of some megabytes at a time, or a larger one alone."""
    batch: list[_Id] = []
    total = 0
    for name, size in sizes.items():
        if batch and total + size > _BYTES_AT_ONCE:
            yield batch
            batch, total = [], 0
        batch.append(name)
        total += size
    yield batch


def _taken_apart(told: bytes, objects: Sequence[_Id]) -> dict[_Id, bytes]:
    """Read what ``git cat-file --batch`` answers."""
    names: dict[str, _Id] = {name: name for name in objects}
    found: dict[_Id, bytes] = {}
    position = 0
    while position < len(told):
        end = told.index(b"\n", position)
        name, kind, *size = told[position:end].decode("ascii", "replace").split()
        position = end + 1
        if kind == "missing":
            continue
        content = told[position : position + int(size[0])]
        position += len(content) + 1
        if kind == "blob" and len(name) == _SHA1_LENGTH and blob_id(content) != name:
            raise _CopyBrokenError(f"the copy of {name} is damaged")
        found[names[name]] = content
    if lost := names.keys() - found.keys():
        raise _CopyBrokenError(f"the copy of {min(lost)} is damaged")
    return found


def _lock_file(room: Path, key: str) -> BinaryIO:
    """Open the file that stands for a copy's lock. Nobody but the bot's user reads the folder: what lies in it may not be public."""
    room.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(PermissionError):  # the folder of another user, who decides
        if room.stat().st_mode & 0o077:
            room.chmod(0o700)
    return os.fdopen(os.open(room / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")


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
