"""What keeps a newsletter from being kept in step is told to the moderators once, and once when it is over; `/status` says it meanwhile."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress

import pytest
from test_moderating import JUNE, by_mo, posted
from town import JULY, Town

from discord_sandbox.faults import Respond, TooMany
from discord_sandbox.permissions import Permission
from heartbeat_bot.errors import StateError


def told(town: Town) -> list[str]:
    return [message["content"] for message in town.sandbox.messages(town.office) if message["content"][:1] in {"⚠", "☑"}]


@asynccontextmanager
async def denied(town: Town, permission: Permission, words: str) -> AsyncGenerator[str]:
    own = town.sandbox.own_role(town.guild)
    town.sandbox.overwrite(town.news, own, deny=int(permission))
    yield words
    town.sandbox.overwrite(town.news, own)


def shut_out(town: Town) -> AbstractAsyncContextManager[str]:
    return denied(town, Permission.SEND_MESSAGES, "lacks the permissions Send Messages, Embed Links in #news")


def blind(town: Town) -> AbstractAsyncContextManager[str]:
    return denied(town, Permission.VIEW_CHANNEL, "lacks the permission View Channel")


@asynccontextmanager
async def deleted(town: Town) -> AsyncGenerator[str]:
    channel = town.guild.channels.pop(town.news.id)
    yield "there is no such channel"
    town.guild.channels[channel.id] = channel


@asynccontextmanager
async def without_source(town: Town) -> AsyncGenerator[str]:
    away = town.folder.rename(town.folder.with_name("away"))
    yield "content"
    away.rename(town.folder)


@asynccontextmanager
async def discord_is_down(town: Town) -> AsyncGenerator[str]:
    town.sandbox.faults.add("*", f"/channels/{town.news.id}/**", Respond(status=400, code=0), times=None)
    town.sandbox.faults.add("*", f"/channels/{town.news.id}", Respond(status=503), times=None)
    yield "503"
    town.sandbox.faults.clear()


Trouble = Callable[[Town], AbstractAsyncContextManager[str]]
TROUBLES: list[Trouble] = [shut_out, blind, deleted, without_source, discord_is_down]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
async def test_a_trouble_is_told_once_and_its_end_once_and_what_waited_is_posted(
    town: Town, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heartbeat_bot.discord.wire._TRIES", 1)
    async with town.running():
        async with trouble(town) as words:
            if town.folder.is_dir():
                town.write("june", JUNE)
            for _ in range(12):
                town.clock.advance(120)
                await town.sync()
            (only,) = told(town)
            assert words in only
            assert "**mill**" in only
            assert words in town.shown(await by_mo(town, "status"))
        town.write("june", JUNE)
        for _ in range(4):
            town.clock.advance(3600)
            await town.sync()
        assert len(told(town)) == 2, told(town)
        assert "is over" in told(town)[1]
        assert "⚠" not in town.shown(await by_mo(town, "status"))
        assert len(posted(town)) == 4


async def test_a_trouble_that_stands_over_a_restart_is_told_once(town: Town) -> None:
    own = town.sandbox.own_role(town.guild)
    async with town.running():
        town.sandbox.overwrite(town.news, own, deny=int(Permission.EMBED_LINKS))
        town.opened.service.alarms.check_again()
        await town.sync()
    assert len(told(town)) == 1
    town.sandbox.overwrite(town.news, own)
    async with town.running():
        town.clock.advance(60)
        await town.sync()
    assert len(told(town)) == 2


async def test_a_remote_that_is_away_for_a_moment_is_no_news(town: Town) -> None:
    async with town.running():
        for _ in range(5):
            async with without_source(town):
                town.clock.advance(300)
                await town.sync()
            town.clock.advance(300)
            await town.sync()
    assert told(town) == []


async def test_a_permission_that_goes_while_nothing_is_to_be_posted_is_told(town: Town) -> None:
    async with town.running():
        await town.sync()
        async with shut_out(town):
            town.opened.service.alarms.check_again()
            town.clock.advance(60)
            await town.sync()
            assert len(told(town)) == 1
        town.clock.advance(60)
        await town.sync()
        assert len(told(town)) == 2


async def test_a_trouble_that_stands_is_told_also_when_nobody_could_be_told_for_days(town: Town) -> None:
    own = town.sandbox.own_role(town.guild)
    async with town.running():
        town.sandbox.overwrite(town.office, own, deny=int(Permission.SEND_MESSAGES))
        async with shut_out(town) as words:
            town.opened.service.alarms.check_again()
            for _ in range(30):
                town.clock.advance(2 * 3600)
                await town.sync()
            town.sandbox.overwrite(town.office, own)
            for _ in range(2):
                town.clock.advance(2 * 3600)
                await town.sync()
            (only,) = told(town)
            assert words in only
        for _ in range(2):
            town.clock.advance(2 * 3600)
            await town.sync()
        assert [note[0] for note in told(town)] == ["⚠", "☑"]


@asynccontextmanager
async def token_refused(town: Town) -> AsyncGenerator[str]:
    town.sandbox.faults.add("*", "/channels/**", Respond(status=401), times=None)
    yield "refused the bot's token"
    town.sandbox.faults.clear()


@asynccontextmanager
async def banned(town: Town) -> AsyncGenerator[str]:
    town.sandbox.faults.add("*", "/channels/**", TooMany(retry_after=3600, scope="global"), times=None)
    yield "asked to wait"
    town.sandbox.faults.clear()


@pytest.mark.parametrize("trouble", [token_refused, banned], ids=lambda trouble: trouble.__name__)
async def test_status_says_what_nobody_can_be_told(town: Town, trouble: Trouble) -> None:
    """The moderators' channel cannot be reached either, and was not asked for since the start."""
    async with town.running():
        async with trouble(town) as words:
            town.write("june", JUNE)
            for _ in range(2):
                town.clock.advance(60)
                await town.sync()
            assert words in town.shown(await by_mo(town, "status"))
        town.clock.advance(3 * 3600)
        for _ in range(2):
            town.clock.advance(3600)
            await town.sync()
        assert len(posted(town)) == 4


async def test_status_says_that_the_database_is_damaged(town: Town) -> None:
    async with town.running():
        with closing(sqlite3.connect(town.state)) as state:
            state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = town.state.read_bytes()
        town.state.write_bytes(whole[:4096] + bytes(255 - byte for byte in whole[4096:]))
        town.write("june", JUNE)
        town.clock.advance(60)
        with suppress(StateError):
            await town.sync()
        assert "is damaged" in town.shown(await by_mo(town, "status"))
        assert posted(town) == []
    town.state.write_bytes(whole)
    async with town.running():
        await town.sync()
        assert len(posted(town)) == 4


async def test_a_newsletter_whose_channel_is_gone_keeps_no_other_from_being_posted_and_is_told_of(town: Town) -> None:
    folder = town.folder.parent / "forge"
    folder.mkdir()
    (folder / "old.md").write_text(JULY.replace("July's Heat", "Old iron"))
    forge = town.sandbox.create_channel(town.guild, "forge")
    town.more = (
        f"  forge:\n    source: {{directory: '{folder}', paths: ['*.md']}}\n"
        f"    announce: {{channel: {forge.id}, hold: 0s, max_age: null}}\n"
    )
    async with town.running():
        await town.sync("forge")
    channel = town.guild.channels.pop(forge.id)
    (folder / "new.md").write_text(JULY.replace("July's Heat", "New iron").replace("pond", "anvil"))
    async with town.running():
        town.write("june", JUNE)
        for _ in range(2):
            await town.sync()
            await town.sync("forge")
        assert len(posted(town)) == 4
        (note,) = told(town)
        assert "**forge**" in note
        assert "there is no such channel" in note
        town.guild.channels[channel.id] = channel
        town.clock.advance(3600)
        await town.sync("forge")
        assert "New iron" in str(town.sandbox.messages(forge))


async def test_an_archive_that_cannot_be_used_is_said_beside_what_was_posted(town: Town) -> None:
    async with town.running():
        with closing(sqlite3.connect(town.state.parent / "heartbeat-archive.db")) as archive, archive:
            archive.execute("DROP TABLE entries")
        town.write("june", JUNE)
        said, wrong = await town.sync()
        assert "4 sent" in said
        assert "heartbeat-archive.db cannot be used" in wrong
