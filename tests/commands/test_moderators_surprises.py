"""What moderators must not be surprised by: what changed between two clicks, and what others do at the same time."""

import asyncio

import pytest
from test_moderating import JUNE, by_mo, posted, states
from test_notices import notices, press, text
from test_reposting import TITLES, confirm
from town import Town

from heartbeat_bot.delivery.schema import State
from heartbeat_bot.sandbox.faults import Hold


async def begin(town: Town) -> None:
    town.write("june", JUNE)
    await town.sync()
    assert posted(town) == TITLES


@pytest.mark.parametrize("verb", ["approve", "skip", "hold"])
async def test_who_decides_about_a_paused_newsletter_is_told_that_it_is_paused(town: Town, verb: str) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "pause")
        assert "paused" in town.shown(await by_mo(town, verb, issue="june"))
        assert posted(town) == []


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


async def test_approving_all_approves_nothing_that_a_moderator_holds_or_is_told_of_elsewhere(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "hold", issue="june")
        for number in range(5):
            town.write(f"may-{number}", JUNE.replace("June", f"May {number}").replace("2026-06", "2026-05"))
        await town.sync()
        many = next(notice for notice in notices(town) if "5 issues wait" in text(notice))
        answer = await press(town, many, "Approve all")
        assert "5 issues were approved" in town.shown(answer)
        assert (await states(town))["june"] is State.WAITING
        assert len(posted(town)) == 20


@pytest.mark.parametrize("held", ["May 3", "May 0"])
async def test_what_is_held_out_of_many_is_not_approved_with_them(town: Town, held: str) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        for number in range(5):
            town.write(f"may-{number}", JUNE.replace("June", f"May {number}").replace("2026-06", "2026-05"))
        await town.sync()
        await by_mo(town, "hold", issue=held)
        many = next(notice for notice in notices(town) if "4 issues wait" in text(notice))
        await press(town, many, "Approve all")
        assert (await states(town))[held.lower().replace(" ", "-")] is State.WAITING
        assert len(posted(town)) == 16
        await town.sync()
        assert any(held in text(notice) and "on hold" in text(notice) for notice in notices(town))


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


async def test_notices_move_with_the_moderators_channel(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        assert len(notices(town)) == 1
    town.moderation = town.moderation.replace(str(town.office.id), str(town.talk.id))
    async with town.running():
        await town.sync()
        assert notices(town) == []
        assert len([message for message in town.talk.messages.values() if message.embeds]) == 1


@pytest.mark.parametrize("character", ["x", "本", "*"])
async def test_a_title_of_any_length_is_answered_with_its_beginning(town: Town, character: str) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE.replace("June's Heat", "Tale " + character * 2500))
        await town.sync()
        assert len(notices(town)) == 1
        for verb in ["hold", "approve"]:
            answer = town.shown(await by_mo(town, verb, issue="tale"))
            assert "Tale" in answer, verb
        assert "Tale" in town.shown(await by_mo(town, "status"))
