"""What every database must do, over every implementation: see ``heartbeat_bot/database/protocol.py`` and ``docs/adding-a-database.md``."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, delete, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.database import tables
from heartbeat_bot.database.migrations import LATEST, migrate, version_of
from heartbeat_bot.database.protocol import (
    ClosedError,
    Database,
    DatabasePart,
    DatabasePlace,
    Obstacle,
    Remembered,
    changing,
    reading,
    writing,
)
from heartbeat_bot.errors import StateError
from heartbeat_bot.policy.decisions import Code, Reason
from heartbeat_bot.store.opening import place_of

Occupied = Callable[..., AbstractAsyncContextManager[None]]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS = Table("words", MetaData(), Column("number", Integer, primary_key=True), Column("word", String, unique=True))


@pytest.fixture(params=["sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """A database of each kind that is not there yet."""
    return {"sqlite": DatabaseAddress(tmp_path / "words.db")}[request.param]


class ExplainedError(Exception):
    """What an obstacle was made into."""


def explain(obstacle: Obstacle, words: str) -> Exception:
    return ExplainedError(obstacle, words)


class Words(DatabasePart):
    """Words, each there once, in the order of their numbers."""

    @writing
    def prepare(self, connection: Connection) -> None:
        WORDS.create(connection)

    @changing
    def add(self, connection: Connection, *words: str) -> int:
        for word in words:
            connection.execute(insert(WORDS).values(word=word))
        return len(words)

    @writing
    def count(self, connection: Connection) -> None:
        """Replace the number that the one word is by the next one: what is lost when another writes in between."""
        word = connection.execute(select(WORDS.c.word)).scalar_one()
        connection.execute(update(WORDS).values(word=str(int(word) + 1)))

    @reading
    def all(self, connection: Connection, *, like: str = "%") -> list[str]:
        return list(connection.execute(select(WORDS.c.word).where(WORDS.c.word.like(like)).order_by(WORDS.c.number)).scalars())


class Held:
    """A transaction that adds a word, and then goes on only when it is let go: to its end, or to an error."""

    def __init__(self, word: str, error: Exception | None = None) -> None:
        self.begun = asyncio.Event()
        self._loop, self._over = asyncio.get_running_loop(), threading.Event()
        self._word, self._error = word, error

    def __call__(self, connection: Connection) -> None:
        connection.execute(insert(WORDS).values(word=self._word))
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self._over.wait(20), "a test that fails must not hang as well"
        if self._error:
            raise self._error

    def let_go(self) -> None:
        self._over.set()


@pytest.fixture
def place(address: DatabaseAddress) -> DatabasePlace:
    return place_of(address)


@pytest.fixture
async def database(place: DatabasePlace) -> AsyncIterator[Database]:
    async with aclosing(place.open(read_only=False, explain=explain)) as opened:
        yield opened


@pytest.fixture
async def words(database: Database) -> Words:
    kept = Words(database)
    await kept.prepare()
    return kept


async def stored(place: DatabasePlace) -> list[str]:
    """Read the words as another process does."""
    async with aclosing(place.open(read_only=True, explain=explain)) as other:
        return await Words(other).all()


async def turns() -> None:
    """Let the loop do all that it can do by now."""
    for _ in range(10):
        await asyncio.sleep(0)


# -- transactions --------------------------------------------------------------------------------------------------------


async def test_what_is_written_is_there_and_what_is_returned_comes_back(words: Words, place: DatabasePlace) -> None:
    assert await words.add("owl", "lynx") == 2
    assert await words.all(like="o%") == ["owl"]
    assert await stored(place) == ["owl", "lynx"]


async def test_a_transaction_that_fails_is_undone_whole_and_its_error_is_raised(words: Words, place: DatabasePlace) -> None:
    await words.add("owl")
    with pytest.raises(IntegrityError):
        await words.add("lynx", "owl")
    assert await words.all() == await stored(place) == ["owl"]


async def test_tables_that_a_failed_transaction_made_are_undone_too(database: Database) -> None:
    def work(connection: Connection) -> None:
        WORDS.create(connection)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.write(work)
    assert not await database.read(lambda connection: inspect(connection).has_table("words"))


async def test_what_a_reading_writes_is_not_kept(words: Words, database: Database, place: DatabasePlace) -> None:
    await database.read(lambda connection: connection.execute(insert(WORDS).values(word="owl")))
    assert await words.all() == await stored(place) == []


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


async def test_reading_does_not_wait_for_another_process_that_writes(
    words: Words, database: Database, place: DatabasePlace
) -> None:
    await words.add("lynx")
    held = Held("owl")
    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(held))
        await held.begun.wait()
        async with asyncio.timeout(5):
            assert await stored(place) == ["lynx"]
        held.let_go()
    assert await stored(place) == ["lynx", "owl"]


async def test_nobody_else_writes_between_what_a_transaction_reads_and_what_it_writes(words: Words, place: DatabasePlace) -> None:
    await words.add("0")
    async with aclosing(place.open(read_only=False, explain=explain)) as other, asyncio.TaskGroup() as group:
        for _ in range(25):
            group.create_task(words.count())
            group.create_task(Words(other).count())
    assert await words.all() == ["50"]


@pytest.mark.parametrize("error", [None, ValueError("no")], ids=["committed", "rolled back"])
async def test_a_task_that_is_cancelled_ends_so_when_its_transaction_has_ended(
    words: Words, database: Database, place: DatabasePlace, error: Exception | None
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
    assert await words.all() == await stored(place) == followed == ([] if error else ["owl"])


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


# -- what others keep in mind --------------------------------------------------------------------------------------------


async def test_the_revision_is_another_one_after_a_change_and_only_then(words: Words, database: Database) -> None:
    before = database.revision
    await words.all()
    await database.write(lambda connection: connection.execute(insert(WORDS).values(word="elk")))
    with pytest.raises(IntegrityError):
        await words.add("elk")
    assert database.revision == before
    seen: list[int] = []
    await database.write(lambda _: None, changes=True, then=lambda: seen.append(database.revision))
    assert seen == [database.revision] != [before]
    await words.add("owl")
    assert database.revision not in {before, *seen}


async def test_what_is_remembered_is_read_again_after_a_change(words: Words, database: Database) -> None:
    remembered = Remembered[list[str]](database)
    assert await remembered.get("weekly", words.all) == []
    await words.add("owl")
    assert await remembered.get("weekly", words.all) == ["owl"]
    await database.write(lambda connection: connection.execute(delete(WORDS)))
    assert await remembered.get("weekly", words.all) == ["owl"], "nobody said that this changes what is remembered"


# -- closing -------------------------------------------------------------------------------------------------------------


async def test_closing_waits_for_what_was_asked_for_and_refuses_what_comes_after(
    words: Words, database: Database, place: DatabasePlace
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
    assert await stored(place) == ["owl", "lynx"]


async def test_closing_that_is_cancelled_closes_all_the_same(words: Words, database: Database, place: DatabasePlace) -> None:
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
    assert await stored(place) == ["owl"]
    with pytest.raises(ClosedError):
        await words.all()


# -- the place -----------------------------------------------------------------------------------------------------------


async def test_a_database_is_there_once_it_was_written(place: DatabasePlace) -> None:
    assert not await place.exists()
    async with aclosing(place.open(read_only=False, explain=explain)) as database:
        await Words(database).prepare()
    assert await place.exists()


async def test_a_reader_changes_nothing(words: Words, place: DatabasePlace) -> None:
    async with aclosing(place.open(read_only=True, explain=explain)) as reader:
        with pytest.raises((DBAPIError, ExplainedError)):
            await Words(reader).add("lynx")
        assert await Words(reader).all() == []
    assert await words.all() == []


async def test_a_database_that_is_whole_passes_its_check(words: Words, database: Database) -> None:
    await words.add("owl")
    await database.check()


async def test_what_a_fault_of_the_program_raises_is_not_explained_away(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.read(lambda connection: connection.exec_driver_sql("SELECT nonsense FROM nowhere"))


async def test_only_one_may_hold_a_place_and_the_other_is_told_of_it(place: DatabasePlace) -> None:
    async with place.exclusive(now=NOW):
        with pytest.raises(StateError, match=r"is in use by process \d+ on .+ since 2026-03-02T09:00:00"):
            async with place.exclusive(now=NOW):
                pass
    async with place.exclusive(now=NOW):
        pass


async def test_who_reads_needs_no_lock(words: Words, place: DatabasePlace) -> None:
    async with place.exclusive(now=NOW):
        await words.add("owl")
        assert await stored(place) == ["owl"]


async def test_the_lock_dies_with_its_process(address: DatabaseAddress, place: DatabasePlace) -> None:
    script = """
import asyncio, datetime, sys
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.store.opening import place_of

async def hold():
    async with place_of(DatabaseAddress.parse(sys.argv[1])).exclusive(now=datetime.datetime.now(datetime.UTC)):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(address), stdout=asyncio.subprocess.PIPE)
    try:
        assert other.stdout
        assert await other.stdout.readline() == b"held\n"
        with pytest.raises(StateError, match=f"in use by process {other.pid} "):
            async with place.exclusive(now=NOW):
                pass
    finally:
        with suppress(ProcessLookupError):
            other.kill()
        await other.communicate()
    async with place.exclusive(now=NOW):
        pass


# -- the schema ----------------------------------------------------------------------------------------------------------


async def test_an_empty_database_gets_the_schema_of_today(database: Database) -> None:
    assert await database.read(version_of) == 0
    await database.write(migrate)
    await database.write(migrate)
    assert await database.read(version_of) == LATEST
    there = await database.read(lambda connection: set(inspect(connection).get_table_names()))
    assert set(tables.metadata.tables) == there


def add_issue(connection: Connection, **values: object) -> None:
    wanted = {"newsletter": "weekly", "path": "a.md", "slug": "a", "title": "A", "blob": "b", "fingerprint": "f"}
    connection.execute(insert(tables.issues).values(wanted | {"first_seen": NOW, "changed_at": NOW} | values))


async def test_what_the_tables_keep_comes_back_as_it_was(database: Database) -> None:
    snowflake, zone = 2**63 - 1, timezone(timedelta(hours=5, minutes=45))
    reason = Reason(Code.NEW)

    def work(connection: Connection) -> None:
        migrate(connection)
        connection.execute(insert(tables.newsletters).values(name="weekly"))
        add_issue(
            connection,
            title="é 🦉 'x' %s ? :y",
            approved_posts=bytes(range(256)),
            withheld=["b", "a"],
            gone_at=NOW.astimezone(zone),
        )
        connection.execute(insert(tables.destinations).values(newsletter="weekly", channel=snowflake, declared="home"))
        connection.execute(
            insert(tables.deliveries).values(destination=1, issue=1, kind="announcement", created_at=NOW, reason=reason)
        )

    await database.write(work)
    issue = await database.read(lambda connection: connection.execute(select(tables.issues)).one())
    assert (issue.id, issue.title, issue.approved_posts) == (1, "é 🦉 'x' %s ? :y", bytes(range(256)))
    assert (issue.withheld, issue.draft, issue.doubt) == (["b", "a"], False, None)
    assert (issue.gone_at, issue.gone_at.utcoffset()) == (NOW, timedelta())
    assert await database.read(lambda connection: connection.execute(select(tables.destinations.c.channel)).scalar()) == snowflake
    assert await database.read(lambda connection: connection.execute(select(tables.deliveries.c.reason)).scalar()) == reason


async def test_what_must_be_unique_is_so_by_an_index_and_only_among_those_it_is_about(database: Database) -> None:
    await database.write(migrate)
    await database.write(lambda connection: connection.execute(insert(tables.newsletters).values(name="weekly")))
    await database.write(lambda connection: add_issue(connection, gone_at=NOW))
    await database.write(add_issue)
    with pytest.raises(IntegrityError):
        await database.write(add_issue)
    await database.write(lambda connection: add_issue(connection, gone_at=NOW))


async def test_what_points_to_a_row_keeps_it_there(database: Database) -> None:
    await database.write(migrate)
    with pytest.raises(IntegrityError):
        await database.write(add_issue)
    await database.write(lambda connection: connection.execute(insert(tables.newsletters).values(name="weekly")))
    await database.write(add_issue)
    with pytest.raises(IntegrityError):
        await database.write(lambda connection: connection.execute(text("DELETE FROM newsletters")))
