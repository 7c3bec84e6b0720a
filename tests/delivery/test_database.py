"""Transactions on a real SQLite file: one function each, in a thread of the database, whole or not at all."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from heartbeat_bot.store.sqlite import ClosedError, Database, Store, reading, writing

Occupied = Callable[..., AbstractAsyncContextManager[None]]


class Words(Store):
    """Words, each there once, in the order of their numbers."""

    @writing
    def prepare(self, connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT UNIQUE)")

    @writing
    def add(self, connection: Connection, *words: str) -> int:
        for word in words:
            connection.exec_driver_sql("INSERT INTO words (word) VALUES (?)", (word,))
        return len(words)

    @reading
    def all(self, connection: Connection, *, like: str = "%") -> list[str]:
        found = connection.exec_driver_sql("SELECT word FROM words WHERE word LIKE ? ORDER BY number", (like,))
        return list(found.scalars())


class Held:
    """A transaction that adds a word, and then goes on only when it is let go: to its end, or to an error."""

    def __init__(self, word: str, error: Exception | None = None) -> None:
        self.begun = asyncio.Event()
        self._loop, self._over = asyncio.get_running_loop(), threading.Event()
        self._word, self._error = word, error

    def __call__(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO words (word) VALUES (?)", (self._word,))
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self._over.wait(20), "a test that fails must not hang as well"
        if self._error:
            raise self._error

    def let_go(self) -> None:
        self._over.set()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "words.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = Database(file, read_only=False)
    yield opened
    await opened.aclose()


@pytest.fixture
async def words(database: Database) -> Words:
    kept = Words(database)
    await kept.prepare()
    return kept


def stored(file: Path) -> list[str]:
    """Read the words as another process does."""
    with closing(sqlite3.connect(file)) as other:
        return [word for (word,) in other.execute("SELECT word FROM words ORDER BY number")]


async def turns() -> None:
    """Let the loop do all that it can do by now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_is_written_is_there_and_what_is_returned_comes_back(words: Words, file: Path) -> None:
    assert await words.add("owl", "lynx") == 2
    assert await words.all(like="o%") == ["owl"]
    assert stored(file) == ["owl", "lynx"]


async def test_a_transaction_that_fails_is_undone_whole_and_its_error_is_raised(words: Words, file: Path) -> None:
    await words.add("owl")
    with pytest.raises(IntegrityError):
        await words.add("lynx", "owl")
    assert await words.all() == stored(file) == ["owl"]


async def test_what_a_reading_writes_is_not_kept(words: Words, database: Database, file: Path) -> None:
    await database.read(lambda connection: connection.exec_driver_sql("INSERT INTO words (word) VALUES ('owl')"))
    assert await words.all() == stored(file) == []


async def test_transactions_run_in_the_order_in_which_they_were_asked_for(words: Words) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(words.add(str(number)))
        seen = group.create_task(words.all())
        group.create_task(words.add("last"))
    assert seen.result() == [str(number) for number in range(50)]


async def test_the_loop_goes_on_during_a_transaction(words: Words, database: Database) -> None:
    held = Held("owl")
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(held))
        await held.begun.wait()
        waiting = group.create_task(words.all())
        await turns()
        assert not waiting.done()
        held.let_go()
    assert waiting.result() == ["owl"]


async def test_reading_does_not_wait_for_another_process_that_writes(words: Words, file: Path) -> None:
    await words.add("owl")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(5):
            assert await words.all() == ["owl"]
        other.execute("ROLLBACK")


async def test_nobody_else_writes_between_what_a_transaction_reads_and_what_it_writes(
    words: Words, database: Database, file: Path
) -> None:
    def work(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT word FROM words")
        with closing(sqlite3.connect(file, timeout=0)) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO words (word) VALUES ('lynx')")
        connection.exec_driver_sql("INSERT INTO words (word) VALUES ('owl')")

    await database.write(work)
    assert await words.all() == ["owl"]


@pytest.mark.parametrize("error", [None, ValueError("no")], ids=["committed", "rolled back"])
async def test_a_task_that_is_cancelled_ends_so_when_its_transaction_has_ended(
    words: Words, database: Database, file: Path, error: Exception | None
) -> None:
    held, followed = Held("owl", error), list[str]()
    task = asyncio.get_running_loop().create_task(database.write(held, then=lambda: followed.append("owl")))
    await held.begun.wait()
    for _ in range(3):
        task.cancel()
        await turns()
        assert not task.done()
    held.let_go()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await words.all() == stored(file) == followed == ([] if error else ["owl"])


async def test_a_task_that_is_cancelled_before_its_turn_has_its_transaction_all_the_same(
    words: Words, database: Database, occupied: Occupied
) -> None:
    async with occupied(database):
        task = asyncio.get_running_loop().create_task(words.add("owl"))
        await turns()
        task.cancel()
        await turns()
        assert not task.done()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await words.all() == ["owl"]


async def test_a_timeout_is_one_when_the_transaction_has_ended(words: Words, database: Database) -> None:
    held = Held("owl")

    async def write() -> None:
        async with asyncio.timeout(0):
            await database.write(held)

    task = asyncio.get_running_loop().create_task(write())
    await held.begun.wait()
    await turns()
    assert not task.done()
    held.let_go()
    with pytest.raises(TimeoutError):
        await task
    assert await words.all() == ["owl"]


async def test_what_follows_from_a_write_is_done_before_its_task_goes_on_and_not_when_it_failed(
    words: Words, database: Database
) -> None:
    followed: list[str] = []
    await database.write(lambda _: None, then=lambda: followed.append("one"))
    assert followed == ["one"]
    with pytest.raises(DBAPIError):
        await database.write(lambda connection: connection.exec_driver_sql("nonsense"), then=lambda: followed.append("two"))
    assert followed == ["one"]
    assert await words.all() == []


async def test_closing_waits_for_what_was_asked_for_and_refuses_what_comes_after(
    words: Words, database: Database, file: Path
) -> None:
    held = Held("owl")
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(held))
        await held.begun.wait()
        queued = group.create_task(words.add("lynx"))
        await turns()
        end = group.create_task(database.aclose())
        await turns()
        with pytest.raises(ClosedError):
            await words.add("late")
        assert not queued.done()
        assert not end.done()
        held.let_go()
    assert stored(file) == ["owl", "lynx"]
    assert [path.name for path in file.parent.iterdir()] == [file.name], "the last one to close a file tidies its journal away"


async def test_closing_that_is_cancelled_closes_all_the_same(words: Words, database: Database, file: Path) -> None:
    held = Held("owl")
    loop = asyncio.get_running_loop()
    write = loop.create_task(database.write(held))
    await held.begun.wait()
    end = loop.create_task(database.aclose())
    await turns()
    end.cancel()
    await turns()
    assert not end.done()
    held.let_go()
    await asyncio.wait({write, end})
    assert end.cancelled()
    assert stored(file) == ["owl"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(file.name)]
    with pytest.raises(ClosedError):
        await words.all()


async def test_readers_read_at_once_and_write_nothing(words: Words, file: Path) -> None:
    await words.add("owl")
    together = threading.Barrier(3)

    def read(connection: Connection) -> object:
        together.wait(10)
        return connection.exec_driver_sql("SELECT word FROM words").scalar()

    reader = Database(file, read_only=True, connections=3)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(reader.read(read)) for _ in range(3)]
    assert [one.result() for one in asked] == ["owl"] * 3
    with pytest.raises(DBAPIError, match="readonly"):
        await Words(reader).add("lynx")
    await reader.aclose()


async def test_a_database_in_memory_is_one_for_all_its_transactions() -> None:
    database = Database(None, read_only=False)
    words = Words(database)
    await words.prepare()
    with pytest.raises(IntegrityError):
        await words.add("owl", "owl")
    await words.add("lynx")
    assert await words.all() == ["lynx"]
    await database.aclose()


def is_open(file: Path) -> bool:
    return file in [descriptor.resolve() for descriptor in Path("/proc/self/fd").iterdir()]


@pytest.fixture
def no_database(file: Path) -> Path:
    file.write_text("not a database, but long enough to look like one " * 50)
    return file


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="says which files are open")
async def test_a_file_that_cannot_be_used_does_not_stay_open(no_database: Path) -> None:
    database = Database(no_database, read_only=False)
    for _ in range(3):
        with pytest.raises(DBAPIError, match="not a database"):
            await database.read(lambda _: None)
    assert not is_open(no_database)
    await database.aclose()


def test_a_process_that_forgets_to_close_a_database_ends(file: Path) -> None:
    script = """
import asyncio, pathlib, sys
from heartbeat_bot.store.sqlite import Database
kept = []
async def main():
    kept.append(Database(pathlib.Path(sys.argv[1]), read_only=False))
    await kept[0].write(lambda connection: connection.exec_driver_sql("CREATE TABLE words (number, word)"))
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script, str(file)], check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert stored(file) == []
