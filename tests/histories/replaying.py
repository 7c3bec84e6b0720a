"""Plays a history of commits to the real service: real snapshots, a real store, an outlet in memory, and any time as now."""

import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import OutletError, SourceError
from heartbeat_bot.ids import GuildId, IssueId, MessageId
from heartbeat_bot.isolation.worker import Here
from heartbeat_bot.ports import ChannelFacts, History, SeenMessage
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.reconciler import Reconciler
from heartbeat_bot.sync.report import PassReport

NAME = "weekly"
HOLD = timedelta(minutes=10)


@dataclass
class Board:
    """Channels that keep every message and remember every request. ``faults_at`` many messages they take no more."""

    messages: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    channels: dict[int, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    faults_at: int | None = None
    refused: dict[int, OutletError] = field(default_factory=dict[int, OutletError])
    """What is answered in some channels, whatever is asked."""
    pinged: list[int] = field(default_factory=list[int])
    """In which channels a role was mentioned by a message that was sent."""
    next_id: int = 1000

    def _begin(self, what: str, channel: int) -> None:
        if channel in self.refused:
            raise self.refused[channel]
        if self.faults_at is not None and len(self.messages) >= self.faults_at:
            raise OutletError("Discord had a fault", status=500, permanent=False)
        self.requests.append(what)

    async def describe(self, channel: int) -> ChannelFacts:
        if channel in self.refused:
            raise self.refused[channel]
        return ChannelFacts(guild=GuildId(1), name="news", announcement=False, missing=())

    async def check_permissions(self, channel: int, *, files: bool = False) -> None:
        assert not files
        if channel in self.refused:
            raise self.refused[channel]

    async def send(self, channel: int, body: Mapping[str, Any], files: Sequence[Any], nonce: str) -> MessageId:
        assert nonce
        assert not files
        self._begin("send", channel)
        self.next_id += 1
        self.messages[self.next_id] = dict(body)
        self.channels[self.next_id] = channel
        self.pinged += [channel] if body["allowed_mentions"].get("roles") else []
        return MessageId(self.next_id)

    async def edit(self, channel: int, message: int, body: Mapping[str, Any], files: Sequence[Any]) -> None:
        assert not files
        self._begin("edit", channel)
        assert message in self.messages
        self.messages[message] = dict(body)

    async def delete(self, channel: int, message: int) -> None:
        self._begin("delete", channel)
        del self.messages[message]

    async def history(self, channel: int, *, after: MessageId | None = None, since: datetime | None = None) -> History:
        assert since is None or since.tzinfo is not None
        here = [(number, body) for number, body in self.messages.items() if self.channels.get(number, channel) == channel]
        newest = sorted(here)[-100:]  # as far back as is looked whatever `since` says
        own = [SeenMessage(message=MessageId(number), content=body["content"], embeds=body["embeds"]) for number, body in newest]
        return History(newest=own[-1].message if own else None, own=[seen for seen in own if seen.message > (after or 0)])

    def text(self, channel: int | None = None) -> str:
        """Return what all channels read, or one."""
        return "\n".join(
            str(body) for number, body in sorted(self.messages.items()) if channel in {None, self.channels.get(number)}
        )


@dataclass(frozen=True)
class Commit:
    """All files of one commit."""

    id: str
    time: datetime
    files: Mapping[str, BlobId]


class Stage:
    """A source whose commit a test chooses; its bytes come from ``contents``."""

    def __init__(self, contents: Mapping[BlobId, bytes], paths: Sequence[str]) -> None:
        self.contents = contents
        self.patterns = PathPatterns(paths)
        self.commit: Commit | None = None
        self.matching: dict[str, bool] = {}
        self.reads: list[str] = []

    async def snapshot(self) -> Snapshot:
        if self.commit is None:
            raise SourceError("the branch is not there")
        for path in self.commit.files.keys() - self.matching.keys():
            self.matching[path] = self.patterns.match(path)
        files = {path: blob for path, blob in self.commit.files.items() if self.matching[path]}
        return Snapshot(commit=self.commit.id, time=self.commit.time, files=files, contents=self)

    async def read(self, path: str) -> bytes:
        assert self.commit is not None
        self.reads.append(path)
        return self.contents[self.commit.files[path]]

    async def read_picture(self, path: str) -> bytes:
        return await self.read(path)

    async def find(self, path: str) -> tuple[BlobId, int] | None:
        assert self.commit is not None
        blob = self.commit.files.get(path)
        return None if blob is None else (blob, len(self.contents[blob]))


def configured(announce: str = "", site: str = "https://example.com/", destinations: str = "") -> Config:
    text = (
        "discord: {token_env: HB_TOKEN}\n"
        f"newsletters:\n  {NAME}:\n    source: {{directory: ., paths: ['**']}}\n    site_url: {site}\n"
        f"    announce: {{channel: 100000000000000001, hold: 10m{announce}}}\n"
        f"    destinations: [{destinations}]\n"
    )
    return parse_config(text.encode(), name="replay", folder=Path())


@dataclass
class Replay:
    """One newsletter under replay."""

    service: Reconciler
    store: Store
    board: Board
    stage: Stage
    time: list[datetime]
    passes: int = 0

    async def sync(self, commit: Commit | None, at: datetime) -> PassReport:
        """Make a pass over a commit at a time; the report's ``requests`` are those that the channel saw."""
        self.stage.commit = commit
        self.stage.reads.clear()
        self.time[0] = at
        before = len(self.board.requests)
        report = await self.service.sync(NAME)
        self.passes += 1
        report.requests = len(self.board.requests) - before
        return report

    async def records(self) -> dict[str, IssueRecord]:
        """Return what is known now of every issue that is there, by path."""
        return {record.path: record for record in (await self.store.records(NAME)).values() if record.present}

    async def announced(self) -> dict[IssueId, datetime]:
        """Return when each announced issue was, gone or not."""
        return {id_: record.announced_at for id_, record in (await self.store.records(NAME)).items() if record.announced_at}


@asynccontextmanager
async def replay(
    state: Path,
    contents: Mapping[BlobId, bytes],
    *,
    paths: Sequence[str] = ("**/*.md",),
    announce: str = "",
    site: str = "https://example.com/",
    destinations: str = "",
) -> AsyncIterator[Replay]:
    time = [datetime(2000, 1, 1, tzinfo=UTC)]
    board, stage = Board(), Stage(contents, paths)
    async with open_store(DatabaseAddress(state / "store.db"), clock=lambda: time[0]) as store:
        service = Reconciler(
            config=configured(announce, site, destinations),
            store=store,
            outlet=board,
            sources={NAME: stage},
            runner=Here(),
            clock=lambda: time[0],
            progress=lambda _what, _done, _total: None,
        )
        yield Replay(service=service, store=store, board=board, stage=stage, time=time)


# -- real repositories -----------------------------------------------------------------------------------------------------


def git(folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["git", f"--git-dir={folder}", *words], input=stdin, check=True, capture_output=True).stdout


def history(bundle: Path, folder: Path) -> tuple[list[Commit], dict[BlobId, bytes]]:
    """Read a bundle's first-parent history, oldest first, with all its files: four subprocesses."""
    git(folder, "init", "--quiet", "--bare", str(folder))
    git(folder, "fetch", "--quiet", str(bundle), "+refs/heads/*:refs/heads/*")
    told = git(
        folder,
        "log",
        "--first-parent",
        "-m",
        "--root",
        "--reverse",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "-z",
        "--format=@%H %ct",
        "main",
    )
    commits = list(_commits(told.decode("utf-8", "surrogateescape")))
    wanted = sorted({blob for commit in commits for blob in commit.files.values()})
    out = git(folder, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    contents: dict[BlobId, bytes] = {}
    position = 0
    for blob in wanted:
        end = out.index(b"\n", position)
        size = int(out[position:end].split()[2])
        contents[blob] = out[end + 1 : end + 1 + size]
        position = end + size + 2
    return commits, contents


def _commits(told: str) -> Iterator[Commit]:
    files: dict[str, BlobId] = {}
    head: tuple[str, datetime] | None = None
    fields = iter(told.split("\0"))
    for entry in fields:
        line = entry.lstrip("\n")
        while line.startswith("@"):
            if head:
                yield Commit(*head, dict(files))
            first, _, line = line.partition("\n")
            name, seconds = first[1:].split()
            head = name, datetime.fromtimestamp(int(seconds), UTC)
            line = line.lstrip("\n")
        if not line:
            continue
        status, path = line.split(), next(fields)
        if status[4] == "D":
            del files[path]
        else:
            files[path] = BlobId(status[3])
    if head:
        yield Commit(*head, dict(files))


# -- histories made up -----------------------------------------------------------------------------------------------------


class Repository:
    """A repository in memory: files come and go, and every commit has a time."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.contents: dict[BlobId, bytes] = {}
        self.number = 0

    def commit(self, time: datetime, changes: Mapping[str, str | bytes | None] | None = None) -> Commit:
        """Write files (None removes one) and commit."""
        for path, text in (changes or {}).items():
            if text is None:
                del self.files[path]
            else:
                self.files[path] = text.encode() if isinstance(text, str) else text
        names = {path: blob_id(data) for path, data in self.files.items()}
        self.contents |= {names[path]: data for path, data in self.files.items()}
        self.number += 1
        return Commit(f"{self.number:040d}", time, names)
