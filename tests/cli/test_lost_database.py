"""A database that is lost beside a channel full of the bot's own posts is no first run."""

import sqlite3
from contextlib import closing

import pytest
from home import ISSUE, Home

from discord_sandbox.world import Message

NEW = ISSUE.replace("First Light", "Second Light").replace("lit", "out")


@pytest.fixture
async def lost(home: Home) -> Home:
    """Post an issue, commit another one, and lose the database."""
    await home.sync()
    home.write("new", ISSUE)
    await home.sync()
    home.state.unlink()
    home.write("newer", NEW)
    return home


async def test_nothing_is_posted_or_noted_until_somebody_says_what_is_wanted(lost: Home) -> None:
    before = lost.texts()
    said = await lost.run("sync", "--as-of", "2026-03-02T09:30:00Z", code=1)
    for words in (
        "messages of issues that this bot posted stand in #news",
        "was lost, was emptied or is another one",
        "readers see what stood there before",
    ):
        assert words in said
    assert "restore" in said
    assert "sync --start-over" in said
    assert "messages of issues that this bot posted stand in #news" in await lost.run("sync", "--dry-run", code=1)
    assert "messages of issues that this bot posted stand in #news" in await lost.run("doctor", code=1)
    assert "messages of issues that this bot posted stand in #news" in await lost.run("status")
    assert lost.titles() == []
    assert lost.texts() == before


async def test_a_database_that_is_put_back_goes_on(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    await home.sync()
    copy = home.state.read_bytes()
    home.state.unlink()
    await home.run("sync", code=1)
    home.state.write_bytes(copy)
    home.write("newer", NEW)
    assert (await home.sync(at="2026-03-02T09:30:00Z")).count("POST") == 8
    assert "✗" not in await home.run("doctor")


@pytest.mark.parametrize(
    "tables",
    [("messages", "deliveries", "issues"), ("messages", "deliveries", "issues", "destinations", "newsletters")],
    ids=["issues", "all"],
)
async def test_a_database_that_was_emptied_is_as_good_as_lost(home: Home, tables: tuple[str, ...]) -> None:
    await home.sync()
    home.write("new", ISSUE)
    await home.sync()
    with closing(sqlite3.connect(home.state)) as database, database:
        for table in tables:
            database.execute(f"DELETE FROM {table}")
    before = home.texts()
    assert "messages of issues that this bot posted stand in #news" in await home.run("sync", code=1)
    assert await home.sync("--start-over", at="2026-03-02T09:30:00Z") == []
    assert (home.texts(), home.titles()) == (before, ["First Light", "An older one"])


async def test_a_new_start_that_is_asked_for_takes_what_is_there_for_known(lost: Home) -> None:
    before = lost.texts()
    assert await lost.sync("--start-over", at="2026-03-02T09:30:00Z") == []
    assert lost.texts() == before
    lost.write("newest", NEW.replace("Second", "Third"))
    assert (await lost.sync(at="2026-03-02T09:45:00Z")).count("POST") == 8


async def test_what_people_and_other_programs_wrote_there_hinders_no_first_run(home: Home) -> None:
    home.sandbox.post_as(home.ann, home.channel, "**In this issue**")
    number = home.sandbox.world.new_id()
    author, now = home.sandbox.world.bot, home.sandbox.world.clock()
    own = Message(id=number, channel_id=home.channel.id, author=author, content="Hello, I am new here.", created_at=now)
    home.channel.messages[number] = own
    assert await home.sync() == []
    assert home.titles() == ["An older one"]
