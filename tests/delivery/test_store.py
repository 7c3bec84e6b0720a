"""The store on a real SQLite file."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text, update

from discord_sandbox.clock import ManualClock
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.database import tables
from heartbeat_bot.database.tables import RequestKind
from heartbeat_bot.errors import StateError
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.rendering.post import Digest, PostKey
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import SourceFile
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.outbox import Request
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.facts import facts_of

See = Callable[..., SourceFile]
ROOT = Path(__file__).resolve().parents[2]


def database(state: DatabaseAddress) -> Path:
    return state.file


async def run(script: str, *arguments: str) -> tuple[int | None, str]:
    """Run a script in a process of its own; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def test_a_newsletter_without_a_pass_is_an_empty_record(store: Store, clock: ManualClock) -> None:
    assert (await store.newsletter("weekly")).baseline_at is None
    await store.pass_failed("weekly", error="no network", now=clock())
    await store.pass_done("weekly", commit="c1", now=clock())
    first = clock()
    clock.advance(60)
    await store.pass_done("weekly", commit="c2", now=clock())
    (known,) = await store.newsletters()
    assert (known.commit, known.baseline_at, known.last_pass_at, known.error) == ("c2", first, clock(), None)


async def test_content_that_changes_moves_the_instant_and_a_move_does_not(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    first = clock()
    clock.advance(60)
    await store.record("weekly", [see("b.md", issue=issue)], now=clock())
    assert ((await store.issue(issue)).path, (await store.issue(issue)).changed_at) == ("b.md", first)
    await store.record("weekly", [see("b.md", issue=issue, text="two")], now=clock())
    record = await store.issue(issue)
    assert (record.first_seen, record.changed_at) == (first, clock())


async def test_files_may_swap_paths_and_ids_in_one_pass(store: Store, clock: ManualClock, see: See) -> None:
    ids = await store.record("weekly", [see("a.md", explicit="x"), see("b.md", explicit="y")], now=clock())
    swapped = [see("b.md", issue=ids["a.md"], explicit="y"), see("a.md", issue=ids["b.md"], explicit="x")]
    await store.record("weekly", swapped, now=clock())
    assert {issue.path: issue.id for issue in await store.issues("weekly")} == {"b.md": ids["a.md"], "a.md": ids["b.md"]}


async def test_an_issue_that_goes_and_comes_back_keeps_what_became_of_it(
    store: Store, home: Destination, clock: ManualClock, see: See
) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    await store.decided(home, {issue: Decision(state=State.BASELINE, reason=Reason(Code.BEFORE_FIRST_RUN))}, now=clock())
    await store.record("weekly", [see("b.md")], gone=[issue], now=clock())
    assert [(known.path, known.gone) for known in await store.known("weekly")] == [("a.md", True), ("b.md", False)]
    await store.decided(home, {issue: Decision(state=State.ANNOUNCE, reason=Reason(Code.NEW))}, now=clock())
    assert (await store.issue(issue)).state is State.GONE
    await store.record("weekly", [see("c.md", issue=issue)], now=clock())
    record = await store.issue(issue)
    assert (record.state, record.baseline, facts_of(record, record.announcements[0], "").baseline) == (State.NEW, True, True)


async def test_files_that_swap_their_paths_stay_themselves_and_no_database_gets_a_text_with_nul(
    store: Store, clock: ManualClock, see: See
) -> None:
    ids = await store.record("weekly", [see("a.md"), see("b.md", text="two")], now=clock())
    written: list[object] = []

    def note(_connection: object, _cursor: object, _statement: str, parameters: object, *_: object) -> None:
        written.append(parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        swapped = [see("b.md", issue=ids["a.md"]), see("a.md", issue=ids["b.md"], text="two")]
        assert await store.record("weekly", swapped, now=clock()) == {"b.md": ids["a.md"], "a.md": ids["b.md"]}
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert "b.md" in repr(written)
    assert "\\x00" not in repr(written), "PostgreSQL takes none"
    assert {record.path: id_ for id_, record in (await store.records("weekly")).items()} == {
        "b.md": ids["a.md"],
        "a.md": ids["b.md"],
    }


async def test_the_path_of_an_issue_that_is_gone_may_be_used_again(store: Store, clock: ManualClock, see: See) -> None:
    old = (await store.record("weekly", [see("a.md", explicit="x")], now=clock()))["a.md"]
    new = (await store.record("weekly", [see("a.md", explicit="y")], gone=[old], now=clock()))["a.md"]
    assert new != old


async def test_a_retracted_issue_stays_so_until_it_is_approved(
    store: Store, home: Destination, clock: ManualClock, see: See
) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    await store.retract(issue, now=clock())
    await store.decided(home, {issue: Decision(state=State.ANNOUNCE, reason=Reason(Code.NEW))}, now=clock())
    assert (await store.issue(issue)).state is State.RETRACTED
    await store.approve(issue, now=clock())
    await store.decided(home, {issue: Decision(state=State.ANNOUNCE, reason=Reason(Code.NEW))}, now=clock())
    assert (await store.issue(issue)).state is State.ANNOUNCE


@pytest.mark.parametrize(
    "when",
    [None, date(2026, 8, 16), datetime(2026, 8, 16, 9, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 8, 16, 9)],  # noqa: DTZ001
)
async def test_dates_come_back_as_they_were(store: Store, clock: ManualClock, see: See, when: date | None) -> None:
    seen = see("a.md")
    seen = SourceFile(**{name: getattr(seen, name) for name in SourceFile.__dataclass_fields__} | {"date": when})
    issue = (await store.record("weekly", [seen], now=clock()))["a.md"]
    assert (await store.issue(issue)).date == when


async def test_an_unknown_issue_is_a_sentence(store: Store) -> None:
    with pytest.raises(StateError, match="There is no issue number 7"):
        await store.issue(IssueId(7))


async def test_nothing_is_begun_twice(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    body = {"content": "é\n", "embeds": [], "allowed_mentions": {"parse": []}}

    delivery = (await store.issue(issue)).announcements[0].id

    def request(nonce: str) -> Request:
        return Request(
            kind=RequestKind.SEND,
            delivery=delivery,
            channel=ChannelId(2**62),
            nonce=nonce,
            key=PostKey("cover"),
            body=body,
            digest=Digest("d"),
        )

    written = await store.outbox.begin(request("one"), now=clock())
    with pytest.raises(Exception, match="UNIQUE"):
        await store.outbox.begin(request("two"), now=clock())
    assert await store.outbox.unfinished() == [written]


async def test_instants_of_any_zone_come_back_in_utc(store: Store, see: See) -> None:
    there = datetime(2026, 8, 16, 14, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    issue = (await store.record("weekly", [see("a.md")], now=there))["a.md"]
    seen = (await store.issue(issue)).first_seen
    assert (seen, seen.tzinfo) == (there, UTC)


async def test_a_second_process_is_refused_and_told_who_holds_the_database(store: Store, state: DatabaseAddress) -> None:
    assert store
    script = """
import asyncio, sys
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.errors import StateError
async def main():
    async with open_store(DatabaseAddress.parse(sys.argv[1]), read_only=True) as store:
        print(len(await store.issues()))
    try:
        async with open_store(DatabaseAddress.parse(sys.argv[1])):
            print("opened")
    except StateError as error:
        print(error)
asyncio.run(main())
"""
    lines = (await run(script, str(state)))[1].splitlines()
    assert lines[0] == "0"
    assert "is in use by process" in lines[1]
    assert "since 2026-08-01T12:00:00" in lines[1]


async def test_the_lock_dies_with_its_process(state: DatabaseAddress) -> None:
    script = """
import asyncio, os, sys
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.store.opening import open_store
async def main():
    async with open_store(DatabaseAddress.parse(sys.argv[1])):
        os._exit(9)
asyncio.run(main())
"""
    assert (await run(script, str(state)))[0] == 9
    async with open_store(state) as store:
        assert await store.issues() == []


async def test_a_reader_sees_what_a_writer_committed_and_writes_nothing(
    store: Store, state: DatabaseAddress, clock: ManualClock, see: See
) -> None:
    await store.record("weekly", [see("a.md")], now=clock())
    async with open_store(state, read_only=True) as reader:
        assert [issue.path for issue in await reader.issues()] == ["a.md"]
        with pytest.raises(Exception, match="readonly"):
            await reader.pass_done("weekly", commit="c", now=clock())


async def test_a_database_that_does_not_exist_reads_as_empty_and_is_not_made(state: DatabaseAddress) -> None:
    async with open_store(state, read_only=True) as reader:
        assert await reader.newsletters() == []
    assert not database(state).exists()


async def test_a_newer_database_is_refused(state: DatabaseAddress) -> None:
    async with open_store(state):
        pass
    engine = create_engine(str(state))
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
    engine.dispose()
    for read_only in (False, True):
        with pytest.raises(StateError, match="newer heartbeat-bot"):
            async with open_store(state, read_only=read_only):
                pass


async def test_a_folder_that_does_not_exist_is_a_sentence() -> None:
    with pytest.raises(StateError, match="Check that its folder exists"):
        async with open_store(DatabaseAddress(Path("/no/such/folder/heartbeat.db"))):
            pass


async def test_a_file_that_is_no_database_is_a_sentence(state: DatabaseAddress) -> None:
    database(state).write_text("not a database, but long enough to look like one " * 50)
    for read_only in (False, True):
        with pytest.raises(StateError, match=r"is damaged, or no database .*put a copy of it back"):
            async with open_store(state, read_only=read_only):
                pass


async def test_a_disk_that_is_full_is_a_sentence_and_nothing_of_the_transaction_is_kept(store: Store, clock: ManualClock) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite's own way to run out of room

    await store.database.read(fill)
    with pytest.raises(StateError, match=r"The disk that holds the database .* is full: make room"):
        await store.pass_failed("weekly", error="x" * 100_000, now=clock())
    assert (await store.newsletter("weekly")).error is None


async def test_a_database_that_another_program_keeps_locked_is_a_sentence(
    state: DatabaseAddress, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heartbeat_bot.database.sqlite._BUSY_MILLISECONDS", 20)
    async with open_store(state, clock=clock) as store:
        with closing(sqlite3.connect(database(state), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match=r"Another program .* keeps the database .* locked"):
                await store.pass_failed("weekly", error="away", now=clock())
        await store.pass_failed("weekly", error="away", now=clock())


async def test_a_page_of_the_database_that_is_damaged_is_found_by_a_look_through_it(
    state: DatabaseAddress, clock: ManualClock
) -> None:
    async with open_store(state, clock=clock) as store:
        await store.pass_failed("weekly", error="x" * 100_000, now=clock())
        await store.check()
    file = database(state)
    size = file.stat().st_size
    with file.open("r+b") as pages:
        pages.seek(size - 20 * 4096)
        pages.write(b"\xff" * 8 * 4096)
    async with open_store(state, read_only=True) as store:
        with pytest.raises(StateError, match=r"heartbeat\.db is damaged"):
            await store.check()


async def test_what_was_read_of_issues_is_kept_until_one_is_written(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    first = await store.records("weekly")
    await store.pass_done("weekly", commit="c", now=clock())
    assert await store.records("weekly") is first
    await store.deliveries.delivered(first[issue].announcements[0], blob=first[issue].blob, rendering="r")
    assert (await store.records("weekly"))[issue].announcements[0].shown_as == "r"


async def test_what_a_cancelled_task_wrote_is_read(
    store: Store, clock: ManualClock, see: See, occupied: Callable[..., AbstractAsyncContextManager[None]]
) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    before = (await store.records("weekly"))[issue]
    async with occupied(store.database):
        writing = asyncio.get_running_loop().create_task(
            store.deliveries.delivered(before.announcements[0], blob=before.blob, rendering="r")
        )
        await asyncio.sleep(0)
        writing.cancel()
    await asyncio.wait({writing})
    assert writing.cancelled()
    assert (await store.records("weekly"))[issue].announcements[0].shown_as == "r"


async def test_who_asks_in_the_middle_of_a_write_is_told_what_was_there_before_it(
    store: Store, clock: ManualClock, see: See
) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    loop, half_way, over = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def work(connection: Connection) -> None:
        connection.execute(update(tables.deliveries).values(shown="one"))
        loop.call_soon_threadsafe(half_way.set)
        assert over.wait(20)
        connection.execute(update(tables.deliveries).values(shown_as="r"))

    assert (await store.records("weekly"))[issue].announcements[0].shown_as is None
    async with asyncio.TaskGroup() as group:
        group.create_task(store.database.write(work, changes=True))
        await half_way.wait()
        asked = group.create_task(store.records("weekly"))
        await asyncio.sleep(0)
        over.set()
    assert asked.result()[issue].announcements[0].shown_as is None
    assert (await store.records("weekly"))[issue].announcements[0].shown_as == "r"


async def test_a_decision_that_is_refused_changes_nothing(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    await store.retract(issue, now=clock())
    before = await store.issue(issue)
    for decide in (store.hold, store.skip):
        with pytest.raises(StateError, match="taken back already"):
            await decide(issue, now=clock())
    assert await store.issue(issue) == before


async def test_two_issues_may_have_one_id_in_their_front_matter(store: Store, clock: ManualClock, see: See) -> None:
    ids = await store.record("weekly", [see("a.md", explicit="x"), see("b.md", explicit="x")], now=clock())
    assert len(set(ids.values())) == 2


async def test_an_issue_that_comes_back_rests_and_is_listed_anew(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    await store.record("weekly", [], gone=[issue], now=clock(), missed_at=clock())
    assert (await store.records("weekly"))[issue].gone_at == clock()
    clock.advance(3600)
    await store.record("weekly", [see("a.md", issue=issue)], now=clock())
    record = (await store.records("weekly"))[issue]
    assert (record.changed_at, record.listed_at, record.gone_at) == (clock(), clock(), None)


async def test_an_issue_that_is_gone_can_be_taken_back_and_stays_gone(store: Store, clock: ManualClock, see: See) -> None:
    issue = (await store.record("weekly", [see("a.md")], now=clock()))["a.md"]
    await store.record("weekly", [see("b.md")], gone=[issue], now=clock())
    await store.retract(issue, now=clock())
    record = (await store.records("weekly"))[issue]
    assert (record.state, record.retracted_at) == (State.GONE, clock())
