"""What moderators must not be surprised by: what changed between two clicks, and what others do at the same time."""

import asyncio

from test_moderating import JUNE, by_mo, posted, states
from test_reposting import TITLES, confirm
from town import Town

from heartbeat_bot.delivery.schema import State
from heartbeat_bot.sandbox.faults import Hold


async def begin(town: Town) -> None:
    town.write("june", JUNE)
    await town.sync()
    assert posted(town) == TITLES


async def test_what_is_taken_back_while_it_is_being_posted_goes(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE.replace("title:", "draft: true\ntitle:"))
        await town.sync()
        asked = await by_mo(town, "retract", issue="june")
        town.write("june", JUNE)
        hold = Hold()
        town.sandbox.faults.add("GET", f"/channels/{town.news.id}/messages", hold)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(town.sync())
            await hold.reached.wait()
            press = tasks.create_task(confirm(town, asked, "Take it back"))
            while (await states(town))["june"] is not State.RETRACTED:  # noqa: ASYNC110 - nothing says when it is written
                await asyncio.sleep(0)
            hold.released.set()
            await press
        assert (await states(town))["june"] is State.RETRACTED
        assert posted(town) == []


async def test_a_copy_whose_channel_was_deleted_is_forgotten(town: Town) -> None:
    async with town.running():
        await begin(town)
        await confirm(town, await by_mo(town, "repost", issue="june", channel=town.talk))
        assert len(town.talk.messages) == 4
    del town.guild.channels[town.talk.id]
    for restart in range(2):
        async with town.running():
            town.write("june", JUNE.replace("pond is low", f"pond is {restart} low"))
            await town.sync()
            assert f"{restart} low" in str(town.sandbox.messages(town.news))
            assert await town.sync() == ["mill: nothing to do"]
            assert "⚠️" not in town.shown(await by_mo(town, "status"))


async def test_a_copy_whose_channel_was_deleted_while_the_bot_runs_is_forgotten(town: Town) -> None:
    async with town.running():
        await begin(town)
        await confirm(town, await by_mo(town, "repost", issue="june", channel=town.talk))
        del town.guild.channels[town.talk.id]
        town.write("june", JUNE.replace("pond is low", "pond is dry"))
        await town.sync()
        assert await town.sync() == ["mill: nothing to do"]
        assert "⚠️" not in town.shown(await by_mo(town, "status"))
