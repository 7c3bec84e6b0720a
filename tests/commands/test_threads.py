"""Threads: none is posted to, whatever its state, and those that people open on what was posted change nothing for it."""

from collections.abc import Callable

import pytest
from test_moderating import JUNE, posted
from town import Town

from discord_sandbox.changes import open_thread
from discord_sandbox.world import Channel, ChannelType
from heartbeat_bot.errors import ConfigError

NEVER = "falls asleep, and in which nothing can be edited then: choose a text or announcement channel"


def opened(town: Town, *, on: int | None = None) -> Channel:
    """Open a thread in the newsletter's channel, on one of its messages or beside them."""
    number = on or town.sandbox.world.new_id()
    return open_thread(
        town.sandbox.world,
        town.guild,
        town.news,
        number=number,
        kind=ChannelType.ANNOUNCEMENT_THREAD,
        name="Discussion",
        auto_archive=60,
    )


def archive(town: Town, thread: Channel) -> None:
    assert thread.thread
    assert town
    thread.thread.archived = True


def lock(town: Town, thread: Channel) -> None:
    archive(town, thread)
    assert thread.thread
    thread.thread.locked = True


def delete(town: Town, thread: Channel) -> None:
    del town.guild.channels[thread.id]


def leave(town: Town, thread: Channel) -> None:
    assert thread.id in town.guild.channels


Change = Callable[[Town, Channel], None]
CHANGES: dict[str, Change] = {"open": leave, "archived": archive, "locked": lock, "deleted": delete}


@pytest.mark.parametrize("place", ["newsletter", "moderators"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_thread_is_refused_as_a_place_to_post_to(town: Town, change: Change, place: str) -> None:
    thread = opened(town)
    change(town, thread)
    if place == "newsletter":
        town.news = thread
    else:
        town.office = thread
        town.moderation = f"{{channel: {thread.id}}}"
    with pytest.raises(ConfigError, match="there is no such channel" if change is delete else NEVER):
        async with town.running():
            pytest.fail("the bot started")
    assert [entry.path for entry in town.sandbox.log if entry.method != "GET"] == []


async def test_a_thread_is_not_offered_to_repost_to(mill: Town) -> None:
    (command,) = [one for one in mill.sandbox.commands.shown_in(None) if one["name"] == "repost"]
    (option,) = [option for option in command["options"] if option["name"] == "channel"]
    assert sorted(option["channel_types"]) == [ChannelType.TEXT, ChannelType.ANNOUNCEMENT]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_an_issue_that_people_discuss_in_a_thread_is_edited_and_taken_back(town: Town, change: Change) -> None:
    town.announce += ", on_remove: retract"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (cover, *_) = town.news.messages
        thread = opened(town, on=cover)
        assert "July's Heat" in town.shown(await town.call("latest", channel=thread))
        change(town, thread)
        town.write("june", JUNE.replace("It is *warm*", "It is *hot*"))
        await town.sync()
        assert "It is *hot*" in str(town.sandbox.messages(town.news))
        assert len(posted(town)) == 4
        town.remove("june")
        for _ in range(3):
            town.clock.advance(3600)
            await town.sync()
        assert posted(town) == []
