"""What is put into the archive is there, also after it was closed; what cannot be read is set aside."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from making import entry, event, job, part
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from heartbeat_bot.archive import schema
from heartbeat_bot.archive.archive import Archive, open_archive
from heartbeat_bot.archive.catalog import KnownEntry
from heartbeat_bot.errors import StateError

Occupied = Callable[..., AbstractAsyncContextManager[None]]

WHOLE = entry(
    "may.md",
    "Welcome back.",
    "News: A café opened.",
    title="Owl Post: May",
    date=datetime(2026, 5, 22, 9, tzinfo=timezone(timedelta(hours=2))),
    url="https://owl.example/may/",
    events=(
        event("Owl Night", date(2026, 6, 5), end=date(2026, 6, 7), location="Berlin", url="https://owl.example/night"),
        event("Hoot", datetime(2026, 6, 9, 18, 30, tzinfo=ZoneInfo("Europe/Berlin")), timezone="Europe/Berlin", online=True),
        event("Screech", datetime(2026, 6, 9, 18, tzinfo=timezone(timedelta(minutes=345))), timezone="+05:45"),
    ),
    jobs=(job("Owl keeper", company="Zoo", url="https://zoo.example"),),
)


async def test_an_issue_comes_back_as_it_was_put(archive: Archive) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    assert await archive.entry("owl", "may.md") == WHOLE
    assert await archive.entry("owl", "june.md") is None
    assert await archive.entry("lynx", "may.md") is None


async def test_an_instant_keeps_its_zone(archive: Archive) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    events = {told.event.title: told.event for told in await archive.events()}
    assert isinstance(events["Hoot"].start, datetime)
    assert events["Hoot"].start.tzinfo == ZoneInfo("Europe/Berlin")


async def test_a_body_comes_back_to_the_letter(archive: Archive) -> None:
    body = {"content": "🦉 é \ud83e <@&7>", "embeds": [{"title": "x" * 256}], "allowed_mentions": {"parse": [], "roles": ["7"]}}
    await archive.put(replace(WHOLE, parts=(replace(part("cover", "x"), body=body),)), issue=1, visible=True)
    kept = await archive.entry("owl", "may.md")
    assert kept
    assert kept.parts[0].body == body


async def test_what_is_put_again_takes_the_place_of_what_was(archive: Archive) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    await archive.put(replace(WHOLE, blob="b2", title="Owl Post: Mai", parts=WHOLE.parts[:1]), issue=4, visible=True)
    assert archive.known("owl") == {"may.md": KnownEntry(blob="b2", rendering="r1", issue=4, visible=True)}
    assert [listed.title for listed in archive.issues()] == ["Owl Post: Mai"]
    assert (await archive.search("café")).total == 0
    assert (await archive.search("welcome")).total == 1


async def test_marks_show_and_hide_and_number(archive: Archive) -> None:
    await archive.put(WHOLE, issue=3, visible=False)
    assert (archive.issues(), archive.find(3), await archive.events(), await archive.jobs()) == ([], None, (), None)
    assert (await archive.search("welcome")).total == 0
    await archive.mark("owl", {"may.md": (5, True), "unknown.md": (6, True)})
    (listed,) = archive.issues()
    assert archive.find(5) == listed
    assert archive.find(3) is None
    assert len(await archive.events()) == 3
    assert (await archive.search("welcome")).hits[0].listed.issue == 5
    assert "unknown.md" not in archive.known("owl")


async def test_a_mark_that_says_nothing_new_writes_nothing(archive: Archive, file: Path) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    with sqlite3.connect(file) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        await archive.mark("owl", {"may.md": (3, True)})
        assert other.execute("PRAGMA data_version").fetchone() == before
        await archive.mark("owl", {"may.md": (3, False)})
        assert other.execute("PRAGMA data_version").fetchone() != before
    other.close()


async def test_what_is_removed_is_gone_everywhere(archive: Archive, file: Path) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    await archive.put(replace(WHOLE, newsletter="lynx"), issue=4, visible=True)
    await archive.remove("owl", ["may.md", "may.md", "unknown.md"])
    assert archive.known("owl") == {}
    assert [listed.newsletter for listed in archive.issues()] == ["lynx"]
    assert (await archive.search("welcome")).total == 1
    assert {told.newsletter for told in await archive.events()} == {"lynx"}
    assert archive.newsletters() == ["lynx"]
    await archive.remove("lynx", ["may.md"])
    assert archive.newsletters() == []
    with sqlite3.connect(file) as other:
        for table in ("entries", "parts", "texts"):
            assert other.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    other.close()


async def test_what_is_known_may_be_changed_while_it_is_gone_through(archive: Archive) -> None:
    for number in range(3):
        await archive.put(entry(f"{number}.md"), issue=number, visible=True)
    for path in archive.known("owl"):
        await archive.remove("owl", [path])
    assert archive.known("owl") == {}


async def test_a_closed_archive_opens_with_all_that_was_in_it(file: Path) -> None:
    async with open_archive(file) as archive:
        await archive.put(WHOLE, issue=3, visible=True)
        await archive.put(entry("june.md", "June.", date=date(2026, 6, 1)), issue=4, visible=False)
        before = (archive.known("owl"), archive.issues())
    async with open_archive(file) as archive:
        assert (archive.known("owl"), archive.issues()) == before
        assert await archive.entry("owl", "may.md") == WHOLE
        assert archive.complete("mai")
        assert len(await archive.events()) == 3
        assert (await archive.search("café")).total == 1


async def test_issues_come_newest_first_and_those_without_a_date_last(archive: Archive) -> None:
    days = {
        "a.md": date(2026, 5, 1),
        "b.md": datetime(2026, 5, 1, 8, tzinfo=UTC),
        "c.md": None,
        "d.md": date(2026, 6, 1),
        "e.md": date(2026, 5, 1),
        "f.md": None,
    }
    for path, day in days.items():
        await archive.put(entry(path, date=day), issue=1, visible=True)
    assert [listed.path for listed in archive.issues("owl")] == ["d.md", "b.md", "e.md", "a.md", "f.md", "c.md"]
    assert archive.issues("lynx") == []


async def test_another_version_is_emptied(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_archive(file) as archive:
        await archive.put(WHOLE, issue=3, visible=True)
    monkeypatch.setattr("heartbeat_bot.archive.archive_file.VERSION", schema.VERSION + 1)
    async with open_archive(file) as archive:
        assert archive.known("owl") == {}
        await archive.put(WHOLE, issue=3, visible=True)
    async with open_archive(file) as archive:
        assert list(archive.known("owl")) == ["may.md"]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


async def test_a_file_that_is_no_database_is_set_aside_with_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    await asyncio.to_thread(file.write_bytes, b"not a database, but long enough to be taken for one\n" * 100)
    async with open_archive(file) as archive:
        assert archive.known("owl") == {}
        await archive.put(WHOLE, issue=3, visible=True)
    aside = file.with_name(file.name + ".damaged")
    assert aside.read_bytes().startswith(b"not a database")
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING and record.name != "asyncio"]
    assert str(aside) in warning.getMessage()


async def test_the_database_of_another_program_is_set_aside_whole(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE precious (x)")
    other.close()
    async with open_archive(file) as archive:
        assert archive.known("owl") == {}
    with sqlite3.connect(file.with_name(file.name + ".damaged")) as other:
        assert other.execute("SELECT count(*) FROM precious").fetchone() == (0,)
    other.close()


def spoil(file: Path, table: str) -> None:
    """Overwrite the pages of a table."""
    with sqlite3.connect(file) as other:
        pages = [row[0] for row in other.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))]
        (size,) = other.execute("PRAGMA page_size").fetchone()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    data = bytearray(file.read_bytes())
    for page in pages:
        data[(page - 1) * size : page * size] = b"\xaa" * size
    file.write_bytes(data)


@pytest.mark.parametrize("table", ["entries", "parts", "texts_data", "entries_path"])
async def test_a_damaged_file_is_set_aside_when_it_is_opened(file: Path, table: str) -> None:
    async with open_archive(file) as archive:
        await archive.put(WHOLE, issue=3, visible=True)
    spoil(file, table)
    async with open_archive(file) as archive:
        assert archive.known("owl") == {}
        await archive.put(WHOLE, issue=3, visible=True)
        assert (await archive.search("welcome")).total == 1
    assert file.with_name(file.name + ".damaged").exists()


async def test_damage_that_shows_later_starts_the_archive_anew(file: Path) -> None:
    async with open_archive(file) as archive:
        await archive.put(WHOLE, issue=3, visible=True)
        await archive.events()
        spoil(file, "texts_data")
        with pytest.raises(StateError, match="being filled anew"):
            await archive.search("welcome")
        assert archive.known("owl") == {}
        assert await archive.events() == ()
        await archive.put(WHOLE, issue=3, visible=True)
        assert (await archive.search("welcome")).total == 1
        assert len(await archive.events()) == 3


async def test_a_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="folder"):
        async with open_archive(tmp_path / "nowhere" / "heartbeat-archive.db"):
            pass


async def test_readers_do_not_wait_for_a_writer(archive: Archive, occupied: Occupied) -> None:
    await archive.put(WHOLE, issue=3, visible=True)
    async with asyncio.timeout(10), occupied(archive._writer, "DELETE FROM entries"):  # noqa: SLF001 - a transaction that stays open
        async with asyncio.TaskGroup() as group:
            searches = [group.create_task(archive.search("welcome")) for _ in range(2)]
            whole = group.create_task(archive.entry("owl", "may.md"))
        assert [search.result().total for search in searches] == [1, 1]
        assert whole.result() == WHOLE
    assert (await archive.search("welcome")).total == 1


async def test_an_issue_put_by_a_task_that_is_cancelled_is_in_the_file_and_in_the_table_of_contents(
    archive: Archive, occupied: Occupied
) -> None:
    async with occupied(archive._writer):  # noqa: SLF001 - so that the task has to wait
        putting = asyncio.get_running_loop().create_task(archive.put(WHOLE, issue=3, visible=True))
        await asyncio.sleep(0)
        putting.cancel()
    await asyncio.wait({putting})
    assert putting.cancelled()
    assert list(archive.known("owl")) == ["may.md"]
    assert await archive.entry("owl", "may.md") == WHOLE


async def test_what_is_asked_for_while_a_damaged_file_is_replaced_is_refused_in_words(archive: Archive, occupied: Occupied) -> None:
    async with occupied(archive._writer):  # noqa: SLF001 - so that closing takes its time
        closing = asyncio.get_running_loop().create_task(archive.aclose())
        await asyncio.sleep(0)
        with pytest.raises(StateError, match="ask again"):
            await archive.search("welcome")
    await closing


async def test_many_questions_at_once_are_all_answered(archive: Archive) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(archive.put(entry(f"{number}.md", f"Owl number {number}."), issue=number, visible=True))
        asked = [group.create_task(archive.search("owl")) for _ in range(20)]
    assert all(one.result().total <= 20 for one in asked)
    assert (await archive.search("owl")).total == 20


async def test_the_file_is_written_ahead_and_not_flushed_each_time(archive: Archive, file: Path) -> None:
    def settings(connection: Connection) -> list[object]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]

    assert await archive._writer.write(settings) == [1, "wal"]  # noqa: SLF001 - what the database was opened with
    with pytest.raises(DBAPIError, match="readonly"):
        await archive._reader.read(lambda connection: connection.exec_driver_sql("DELETE FROM entries"))  # noqa: SLF001 - likewise
    assert file.with_name(file.name + "-wal").is_file()
