"""Databases that the version before destinations and deliveries wrote: they are led to this one, and the bot goes on as that one would have.

Each is what a newsletter came to (``*.sql``), with the channels' messages, the source's files, and what that version's next pass came to.
"""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from histories import HOUR
from replaying import Commit, Replay, replay

from heartbeat_bot.policy.decisions import Code, State
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sync.wording import why

LANDED = Path(__file__).resolve().parents[1] / "delivery" / "landed"
NAMES = sorted(path.stem for path in LANDED.glob("*.sql"))


@dataclass
class Landed:
    """A newsletter as an older version left it."""

    told: dict[str, Any]
    watcher: Replay
    commit: Commit

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.told["now"])

    def channels(self) -> dict[str, list[Any]]:
        board = self.watcher.board
        return {
            str(channel): [dict(body) for number, body in sorted(board.messages.items()) if board.channels[number] == channel]
            for channel in sorted(set(board.channels.values()))
        }


@asynccontextmanager
async def landed(name: str, folder: Path) -> AsyncIterator[Landed]:
    with closing(sqlite3.connect(folder / "store.db")) as database:
        database.executescript((LANDED / f"{name}.sql").read_text())
    told = json.loads((LANDED / f"{name}.json").read_text())
    contents = {blob_id(text.encode()): text.encode() for text in told["files"].values()}
    files = {path: blob_id(text.encode()) for path, text in told["files"].items()}
    commit = Commit(told["commit"], datetime.fromisoformat(told["commit_time"]), files)
    async with replay(folder, contents) as watcher:
        watcher.board.messages = {int(number): body for number, body in told["messages"].items()}
        watcher.board.channels = {int(number): channel for number, channel in told["channels"].items()}
        watcher.board.next_id = told["next_id"]
        watcher.time[0] = datetime.fromisoformat(told["now"])
        yield Landed(told, watcher, commit)


@pytest.mark.parametrize("name", NAMES)
async def test_the_bot_goes_on_with_a_landed_database_as_that_version_would_have(name: str, tmp_path: Path) -> None:
    async with landed(name, tmp_path) as it:
        await it.watcher.service.settle()
        await it.watcher.sync(it.commit, it.now + HOUR)
        assert it.channels() == it.told["then"]["channels"]
        assert len(it.watcher.board.requests) == it.told["then"]["requests"]
        assert {path: record.state.value for path, record in (await it.watcher.records()).items()} == it.told["then"]["states"]
        assert (await it.watcher.sync(it.commit, it.now + 2 * HOUR)).requests == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"mid", "killed", "copies"}])
async def test_where_nothing_was_left_to_do_nothing_is_sent_edited_or_deleted(name: str, tmp_path: Path) -> None:
    async with landed(name, tmp_path) as it:
        await it.watcher.service.settle()
        assert (await it.watcher.sync(it.commit, it.now)).done == []
        assert it.watcher.board.requests == []


@pytest.mark.parametrize("name", NAMES)
async def test_why_each_issue_is_in_its_state_reads_as_it_did_and_is_kept_as_a_value(name: str, tmp_path: Path) -> None:
    async with landed(name, tmp_path) as it:
        records = (await it.watcher.store.records("weekly")).values()
        with closing(sqlite3.connect(":memory:")) as database:
            database.executescript((LANDED / f"{name}.sql").read_text())
            sentences = dict(database.execute("SELECT id, reason FROM issues").fetchall())
        assert {record.id: why(record.reason) for record in records} == sentences
        assert Code.UNKNOWN not in {record.reason.code for record in records}


async def test_what_is_known_of_messages_decisions_and_notices_is_known_still(tmp_path: Path) -> None:
    async with landed("copies", tmp_path) as it:
        store = it.watcher.store
        (record,) = [record for record in await store.issues("weekly") if record.announced_at]
        assert {int(number) for number in it.told["messages"]} == {
            *(message.message for message in record.messages),
            *[
                message.message
                for orphan in await store.deliveries.orphans("weekly")
                for message in await store.messages.held_of(orphan.id)
            ],
        }
        assert [(repost.channel, repost.guild, repost.sections is None) for repost in record.reposts] == [
            (3, 1, True),
            (3, 1, False),
        ]
    other = tmp_path / "other"
    other.mkdir()
    async with landed("decided", other) as it:
        records = {record.path: record for record in await it.watcher.store.issues("weekly")}
        assert records["posts/2026-03-03-spring.md"].state is State.RETRACTED
        assert records["posts/2026-03-07-y.md"].scheduled_at is not None
        assert records["posts/2026-03-02-x2.md"].skipped_at is not None
        assert records["posts/2026-03-03-x3.md"].announced_at is not None
        assert records["posts/2026-03-02-news.md"].state is State.GONE
    third = tmp_path / "third"
    third.mkdir()
    async with landed("notices", third) as it:
        assert [message.channel for message in await it.watcher.store.messages.notices("weekly")] == [9, 9]
