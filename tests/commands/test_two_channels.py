"""A newsletter that goes to two channels of a real server, one of which fails: the other is posted, moderators are told once, and it recovers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from test_moderating import JUNE, by_mo, posted
from test_troubles import told
from town import Town

from discord_sandbox.faults import Respond
from discord_sandbox.permissions import Permission
from discord_sandbox.world import Channel, ChannelType


@asynccontextmanager
async def shut_out(town: Town, channel: Channel) -> AsyncGenerator[str]:
    own = town.sandbox.own_role(town.guild)
    town.sandbox.overwrite(channel, own, deny=int(Permission.SEND_MESSAGES))
    yield f"in #{channel.name}"
    town.sandbox.overwrite(channel, own)


@asynccontextmanager
async def deleted(town: Town, channel: Channel) -> AsyncGenerator[str]:
    gone = town.guild.channels.pop(channel.id)
    yield f"channel {channel.id}"
    town.guild.channels[gone.id] = gone


@asynccontextmanager
async def answering_503(town: Town, channel: Channel) -> AsyncGenerator[str]:
    town.sandbox.faults.add("*", f"/channels/{channel.id}", Respond(status=503), times=None)
    yield "503"
    town.sandbox.faults.clear()


Trouble = Callable[[Town, Channel], AbstractAsyncContextManager[str]]


@pytest.mark.parametrize("trouble", [shut_out, deleted, answering_503], ids=lambda trouble: trouble.__name__)
@pytest.mark.parametrize("first", [False, True], ids=["the-second", "the-first"])
async def test_one_that_fails_stops_no_other_is_told_once_and_recovers(
    town: Town,
    trouble: Trouble,
    first: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("heartbeat_bot.discord.wire._TRIES", 1)
    more = town.sandbox.create_channel(town.guild, "more-news", ChannelType.ANNOUNCEMENT)
    town.newsletter = f"    destinations: [{{channel: {more.id}, hold: 0s, max_age: null}}]\n"
    ill, well = (town.news, more) if first else (more, town.news)
    async with town.running():
        async with trouble(town, ill) as words:
            town.write("june", JUNE)
            for _ in range(12):
                town.clock.advance(120)
                await town.sync()
            assert len(town.sandbox.messages(well)) == 4
            (only,) = told(town)
            assert words in only
            assert words in town.shown(await by_mo(town, "status"))
            town.write("june", JUNE.replace("## ", "Mended.\n\n## ", 1))
            town.clock.advance(120)
            await town.sync()
            assert "Mended." in str(town.sandbox.messages(well))
        for _ in range(4):
            town.clock.advance(3600)
            await town.sync()
        assert [message["embeds"][0].get("title") for message in town.sandbox.messages(ill)] == [
            message["embeds"][0].get("title") for message in town.sandbox.messages(well)
        ]
        assert "Mended." in str(town.sandbox.messages(ill))
        assert len(told(town)) == 2, told(town)
        assert "is over" in told(town)[1]
        assert "⚠" not in town.shown(await by_mo(town, "status"))
    assert len(posted(town)) == 4
