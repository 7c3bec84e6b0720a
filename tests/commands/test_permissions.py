"""What the bot needs in a channel is looked at before anything is sent there; a channel where it lacks it stops no other."""

import pytest
from test_moderating import JUNE, posted
from town import Town
from two_servers import Abbey, found, told

from discord_sandbox.permissions import Permission
from heartbeat_bot.app.operation import sync_once

NEEDED = {
    "View Channel": Permission.VIEW_CHANNEL,
    "Send Messages": Permission.SEND_MESSAGES,
    "Embed Links": Permission.EMBED_LINKS,
    "Read Message History": Permission.READ_MESSAGE_HISTORY,
}


def take_away(town: Town, permission: Permission) -> None:
    town.sandbox.overwrite(town.news, town.sandbox.world.bot, deny=permission)


@pytest.mark.parametrize("name", NEEDED)
async def test_a_channel_where_a_permission_was_taken_away_gets_nothing_until_it_is_back(town: Town, name: str) -> None:
    async with town.running():
        town.write("june", JUNE)
        town.write("august", JUNE.replace("June", "August"))
        take_away(town, NEEDED[name])
        (line,) = [line for line in await town.sync() if "lacks the permission" in line]
        assert name in line
        assert "#news" in line or str(town.news.id) in line
        assert "readers see what stood there before" in line
        assert ("asked again after 2026-08-01 12:" if name == "View Channel" else "The next pass goes on by itself") in line
        assert posted(town) == []
        town.news.overwrites.clear()
        town.clock.advance(60)
        await town.sync()
        assert len(posted(town)) == 8


async def test_the_command_sync_looks_too_and_other_channels_get_what_is_theirs(town: Town) -> None:
    abbey: Abbey = found(town)
    async with town.running():
        await town.sync("abbey")
    town.write("june", JUNE)
    abbey.write("hymn", told("Hymn", "new"))
    take_away(town, Permission.READ_MESSAGE_HISTORY)
    town.clock.advance(3600)
    mill, other = await sync_once(town.config(), now=town.clock())
    assert mill.failed
    assert "lacks the permission Read Message History in #news" in mill.problems[0]
    assert posted(town) == []
    assert not other.failed
    assert town.sandbox.messages(abbey.news)


async def test_a_file_is_not_sent_without_the_permission_for_files_and_a_post_without_files_is(town: Town) -> None:
    async with town.running():
        take_away(town, Permission.ATTACH_FILES)
        town.write("june", JUNE)
        await town.sync()
        assert len(posted(town)) == 4


async def test_notices_of_a_moderators_channel_where_the_bot_may_not_read_wait(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        town.write("august", JUNE.replace("June", "August"))
        town.sandbox.overwrite(town.office, town.sandbox.world.bot, deny=Permission.READ_MESSAGE_HISTORY)
        town.sandbox.log.clear()
        await town.sync()
        assert town.sandbox.messages(town.office) == []
        assert len(town.sandbox.log) < 16  # it is not asked anew for each of them
        town.office.overwrites.clear()
        await town.sync()
        assert len(town.sandbox.messages(town.office)) == 2
