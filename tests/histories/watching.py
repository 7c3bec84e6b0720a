"""A newsletter in a repository, a watcher of it that a test makes look, and a clock that goes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from histories import HOUR, START, issue
from replaying import HOLD, Commit, Replay, Repository, replay

from heartbeat_bot.ids import IssueId


@dataclass
class Newsletter:
    """A repository, its watcher, and a clock that goes on."""

    repo: Repository
    watcher: Replay
    now: datetime = START
    last: Commit | None = None
    problems: list[str] = field(default_factory=list)

    async def commit(self, changes: dict[str, str | bytes | None], *, after: timedelta = HOUR, rest: bool = True) -> int:
        """Commit and watch, at once and (``rest``) when the hold has passed; return how many requests that made."""
        self.now += after
        self.last = self.repo.commit(self.now, changes)
        requests = await self.look()
        return requests + (await self.look(after=HOLD) if rest else 0)

    async def look(self, *, after: timedelta = timedelta()) -> int:
        self.now += after
        report = await self.watcher.sync(self.last, self.now)
        self.problems += report.problems
        return report.requests

    async def states(self) -> dict[str, str]:
        return {path: record.state.value for path, record in (await self.watcher.records()).items()}

    async def posted(self) -> list[str]:
        """Return the titles of announced issues, the earliest first, gone or not."""
        records = await self.watcher.store.records("weekly")
        found = [record for record in records.values() if record.announced_at]
        return [record.title for record in sorted(found, key=lambda record: (record.announced_at, record.id))]

    async def id(self, path: str) -> IssueId:
        return (await self.watcher.records())[path].id

    @property
    def channel(self) -> str:
        return self.watcher.board.text()


@asynccontextmanager
async def newsletter(
    folder: Path, *, announce: str = "", destinations: str = "", paths: tuple[str, ...] = ("**/*.md",), old: int = 6
) -> AsyncIterator[Newsletter]:
    """A newsletter of some weeks with its baseline made, and one announced issue: ``posts/2026-03-02-news.md``."""
    repo = Repository()
    async with replay(folder, repo.contents, paths=paths, announce=announce, destinations=destinations) as watcher:
        it = Newsletter(repo, watcher)
        days = [START - timedelta(weeks=number + 1) for number in range(old)]
        past = {f"posts/{day:%Y-%m-%d}-news.md": issue(f"week {day:%U}", day) for day in days}
        await it.commit({**past, "posts/about.md": "# About\n\nThis is no issue.\n"})
        assert await it.commit({NEWS: issue("today", START)}) > 0
        assert await it.posted() == ["News of today"]
        yield it


NEWS = "posts/2026-03-02-news.md"
TODAY = issue("today", START)
