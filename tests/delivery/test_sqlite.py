"""What is SQLite's alone; what every database must do is in ``tests/contracts/test_database.py``."""

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

from heartbeat_bot.database.protocol import DatabasePart, reading, writing
from heartbeat_bot.database.sqlite import SqliteDatabase

Occupied = Callable[..., AbstractAsyncContextManager[None]]


class Words(DatabasePart):
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "words.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase(file, read_only=False)
    yield opened
    await opened.aclose()


@pytest.fixture
async def words(database: SqliteDatabase) -> Words:
    kept = Words(database)
    await kept.prepare()
    return kept


def stored(file: Path) -> list[str]:
    """Read the words as another process does."""
    with closing(sqlite3.connect(file)) as other:
        return [word for (word,) in other.execute("SELECT word FROM words ORDER BY number")]


async def test_nobody_else_writes_between_what_a_transaction_reads_and_what_it_writes(
    words: Words, database: SqliteDatabase, file: Path
) -> None:
    def work(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT word FROM words")
        with closing(sqlite3.connect(file, timeout=0)) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO words (word) VALUES ('lynx')")
        connection.exec_driver_sql("INSERT INTO words (word) VALUES ('owl')")

    await database.write(work)
    assert await words.all() == ["owl"]


async def test_readers_read_at_once_and_write_nothing(words: Words, file: Path) -> None:
    await words.add("owl")
    together = threading.Barrier(3)

    def read(connection: Connection) -> object:
        together.wait(10)
        return connection.exec_driver_sql("SELECT word FROM words").scalar()

    reader = SqliteDatabase(file, read_only=True, connections=3)
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(reader.read(read)) for _ in range(3)]
    assert [one.result() for one in asked] == ["owl"] * 3
    with pytest.raises(DBAPIError, match="readonly"):
        await Words(reader).add("lynx")
    await reader.aclose()


async def test_a_database_in_memory_is_one_for_all_its_transactions() -> None:
    database = SqliteDatabase(None, read_only=False)
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


async def test_closing_tidies_the_journal_away_and_leaves_no_thread(words: Words, database: SqliteDatabase, file: Path) -> None:
    await words.add("owl")
    await database.aclose()
    assert [path.name for path in file.parent.iterdir()] == [file.name], "the last one to close a file does so"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(file.name)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="says which files are open")
async def test_a_file_that_cannot_be_used_does_not_stay_open(no_database: Path) -> None:
    database = SqliteDatabase(no_database, read_only=False)
    for _ in range(3):
        with pytest.raises(DBAPIError, match="not a database"):
            await database.read(lambda _: None)
    assert not is_open(no_database)
    await database.aclose()


def test_a_process_that_forgets_to_close_a_database_ends(file: Path) -> None:
    script = """
import asyncio, pathlib, sys
from heartbeat_bot.database.sqlite import SqliteDatabase
kept = []
async def main():
    kept.append(SqliteDatabase(pathlib.Path(sys.argv[1]), read_only=False))
    await kept[0].write(lambda connection: connection.exec_driver_sql("CREATE TABLE words (number, word)"))
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script, str(file)], check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert stored(file) == []
