"""A copy of a branch on disk, read with ``git cat-file``: it answers for what it holds, and never asks the remote."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.git.command import LARGEST_OUTPUT, GitCommand
from heartbeat_bot.sources.git.complaints import CopyBrokenError, FetchLimitError, MissingError, read_complaint
from heartbeat_bot.sources.git.trees import LARGEST_TREE, DamagedTreeError, TreeWalk
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.sources.source_bounds import TooManyError

HEAD_REF = "refs/heartbeat/head"
"""Where the branch's newest commit stands in a copy."""
_SHA1_LENGTH = 40
# Bytes of objects that come out of the copy with one command.
_BYTES_AT_ONCE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTree:
    """A commit's id, its committer's time in UTC, its tree's id, and those of its regular files that match (no links, no submodules)."""

    commit: str
    time: datetime
    root: str
    files: Mapping[str, BlobId]


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """A bare repository in a folder. Every method may raise CopyBrokenError, or SourceError when git cannot be run."""

    folder: Path
    git: GitCommand

    async def start(self, object_format: str) -> None:
        """Make an empty one."""
        arguments = ["init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(self.folder)]
        finished = await self.git.run(arguments)
        if finished.status:
            raise SourceError(f"{self.folder}: {read_complaint(finished.complaint).sentence}")

    def pack_sizes(self) -> list[int]:
        """Return the sizes in bytes of its packs: all together they may have what one fetch may bring."""
        return [pack.stat().st_size for pack in (self.folder / "objects" / "pack").glob("*.pack")]

    def sweep_packs(self) -> None:
        """Remove what a fetch that was ended had written so far: up to a gigabyte each time.

        Not in a thread: this runs on the way out of a cancelled pass, too.
        """
        for left in (self.folder / "objects" / "pack").glob("tmp_*"):
            left.unlink(missing_ok=True)

    async def tree(self, patterns: PathPatterns, last: GitTree | None) -> GitTree:
        """Return the newest commit; when that is the ``last`` one, it is not looked through again."""
        told = await self._run(["for-each-ref", "--format=%(objectname) %(tree) %(committerdate:unix)", HEAD_REF])
        commit, _, about = told.decode("ascii", "replace").strip().partition(" ")
        root, _, seconds = about.partition(" ")
        if not commit:
            raise CopyBrokenError("the branch is not there after it was fetched")
        if last is not None and last.commit == commit:
            return last
        if not root:
            raise SourceError(f"{self.git.source}: the branch names something that is no commit; correct it in the repository")
        return GitTree(commit=commit, time=_instant(seconds), root=root, files=await self._matching_files(patterns, root))

    async def _matching_files(self, patterns: PathPatterns, root: str) -> dict[str, BlobId]:
        walk = TreeWalk(patterns=patterns, root=root)
        try:
            while wanted := walk.wanted():
                for some in _in_batches(await self._tree_sizes(wanted)):
                    await asyncio.to_thread(walk.take, await self.objects(some))
            return await asyncio.to_thread(walk.files)
        except DamagedTreeError as error:
            raise CopyBrokenError(str(error)) from error
        except TooManyError as error:
            raise SourceError(f"{self.git.source}: {error}") from error

    async def listing(self, tree: str) -> bytes:
        """Return a tree as git keeps it: a folder's list of files."""
        await self._tree_sizes([tree])
        return (await self.objects([tree]))[tree]

    async def _tree_sizes(self, trees: Sequence[str]) -> dict[str, int]:
        sizes = await self.sizes(trees)
        if missing := [tree for tree in trees if tree not in sizes]:
            raise MissingError(f"{self.git.source}: the copy lacks the folder {missing[0]}; the next pass reads it anew")
        if too_large := [size for size in sizes.values() if size > LARGEST_TREE]:
            raise SourceError(
                f"{self.git.source}: a folder's list of files has {too_large[0] >> 20} MiB, more than the {LARGEST_TREE >> 20} MiB that "
                "are read; spread the files over several folders, and write `paths` that lead to some of them"
            )
        return sizes

    async def sizes(self, objects: Sequence[str]) -> dict[str, int]:
        """Return the sizes in bytes of those objects that the copy holds."""
        if not objects:
            return {}
        stdin = "".join(f"{name}\n" for name in objects).encode()
        told = await self._run(["cat-file", "--batch-check=%(objectname) %(objectsize)"], stdin, 128 * len(objects))
        lines = (line.partition(" ") for line in told.decode("ascii", "replace").splitlines())
        sizes = {name: size for name, _, size in lines}
        return {name: int(sizes[name]) for name in objects if sizes.get(name, "missing") != "missing"}

    async def objects(self, objects: Sequence[str]) -> dict[str, bytes]:
        """Return some objects that are in the copy: their sizes were asked for before, and are no more than one command may answer."""
        stdin = "".join(f"{name}\n" for name in objects).encode()
        told = await self._run(["cat-file", "--batch"], stdin, LARGEST_TREE + 2 * _BYTES_AT_ONCE)
        return await asyncio.to_thread(_taken_apart, told, objects)

    async def _run(self, arguments: Sequence[str], stdin: bytes = b"", most: int = LARGEST_OUTPUT) -> bytes:
        finished = await self.git.run(arguments, folder=self.folder, stdin=stdin, most=most)
        if finished.status:
            reading = read_complaint(finished.complaint)
            raise (
                FetchLimitError(f"{self.git.source}: {reading.sentence}") if reading.too_much else CopyBrokenError(reading.sentence)
            )
        return finished.output


def _in_batches(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield objects of some megabytes at a time, or a larger one alone."""
    batch: list[str] = []
    total = 0
    for name, size in sizes.items():
        if batch and total + size > _BYTES_AT_ONCE:
            yield batch
            batch, total = [], 0
        batch.append(name)
        total += size
    yield batch


def _taken_apart(told: bytes, objects: Sequence[str]) -> dict[str, bytes]:
    """Read what ``git cat-file --batch`` answers."""
    found: dict[str, bytes] = {}
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
            raise CopyBrokenError(f"the copy of {name} is damaged")
        found[name] = content
    if lost := set(objects) - found.keys():
        raise CopyBrokenError(f"the copy of {min(lost)} is damaged")
    return found


def _instant(seconds: str) -> datetime:
    """Read a commit's time; histories hold broken ones, which count as the beginning of time."""
    try:
        return datetime.fromtimestamp(int(seconds), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
