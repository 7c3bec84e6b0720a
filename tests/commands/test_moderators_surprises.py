"""What moderators must not be surprised by: what changed between two clicks, and what others do at the same time."""

import asyncio

import pytest
from test_approval import forge
from test_moderating import JUNE, by_mo, posted, states, town_with_approval
from test_notices import notices, press, text
from test_reposting import TITLES, confirm
from town import Town, components

from discord_sandbox.faults import Hold, Respond
from discord_sandbox.objects.messages import message_object
from discord_sandbox.permissions import Permission
from heartbeat_bot.interactions.components import press as press_of
from heartbeat_bot.policy.decisions import Code, State
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.nodes import count_nodes
from heartbeat_bot.rendering.post import texts

__all__ = ["town_with_approval"]


async def begin(town: Town) -> None:
    town.write("june", JUNE)
    await town.sync()
    assert posted(town) == TITLES


async def test_nothing_is_deleted_for_a_repost_of_a_paused_newsletter(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        await by_mo(town, "pause")
        answer = await confirm(town, asked)
        assert posted(town) == TITLES
        assert "paused" in answer
        assert "paused" in town.shown(await by_mo(town, "repost", issue="june"))
        await by_mo(town, "resume")
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


async def test_who_takes_back_an_issue_of_a_paused_newsletter_is_told_that_it_stays_for_now(town: Town) -> None:
    async with town.running():
        await begin(town)
        await by_mo(town, "pause")
        asked = await by_mo(town, "retract", issue="june")
        assert "paused" in await confirm(town, asked, "Take it back")
        assert posted(town) == TITLES
        await by_mo(town, "resume")
        assert posted(town) == []


async def test_a_draft_is_not_posted_by_a_confirmation_that_was_asked_for_before(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        town.write("june", JUNE.replace("title:", "draft: true\ntitle:").replace("warm", "a secret"))
        answer = await confirm(town, asked)
        assert "is a draft again" in answer
        assert posted(town) == TITLES
        assert "secret" not in str(town.sandbox.messages(town.news))


async def test_an_issue_that_cannot_be_read_any_more_stays_where_it_is_when_a_repost_is_confirmed(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        town.write("june", "---\ntitle: [\n---\n")
        await confirm(town, asked)
        assert posted(town) == TITLES


async def test_an_issue_whose_file_went_away_stays_where_it_is_when_a_repost_is_confirmed(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        town.remove("june")
        await confirm(town, asked)
        assert posted(town) == TITLES


async def test_a_source_that_cannot_be_read_lets_nothing_be_deleted_for_a_repost(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        town.folder.rename(town.folder.with_name("away"))
        await confirm(town, asked)
        assert posted(town) == TITLES


@pytest.mark.parametrize("how", ["replace", "again"])
async def test_an_issue_that_was_taken_back_meanwhile_is_not_posted_by_a_confirmation(town: Town, how: str) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june", how=how)
        await confirm(town, await by_mo(town, "retract", issue="june"), "Take it back")
        answer = await confirm(town, asked)
        assert "taken back" in answer or "not been posted" in answer
        assert posted(town) == []


async def test_a_channel_in_which_the_bot_may_not_post_any_more_keeps_what_it_has(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        town.sandbox.overwrite(town.news, town.sandbox.own_role(town.guild), deny=int(Permission.SEND_MESSAGES))
        assert "Send Messages" in await confirm(town, asked)
        assert posted(town) == TITLES


async def test_a_repost_confirmed_while_an_edit_is_being_sent_loses_nothing(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = await by_mo(town, "repost", issue="june")
        for turn in range(8):
            town.write("june", JUNE.replace("pond is low", f"pond is {turn} low"))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(town.sync())
                for _ in range(turn * 8):
                    await asyncio.sleep(0)
                await confirm(town, asked)
            assert posted(town) == TITLES
            asked = await by_mo(town, "repost", issue="june")


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


async def test_replacing_in_another_channel_deletes_what_it_says(town: Town) -> None:
    async with town.running():
        await begin(town)
        await confirm(town, await by_mo(town, "repost", issue="june", channel=town.talk))
        asked = await by_mo(town, "repost", issue="june", section="News", channel=town.talk)
        before = len(town.talk.messages)
        said = "deleted" in town.shown(asked)
        await confirm(town, asked)
        assert len(town.talk.messages) == (before if said else before + 1)


async def test_replacing_a_section_of_an_issue_that_was_never_announced_leaves_it_once(town: Town) -> None:
    async with town.running():
        for _ in range(2):
            await confirm(town, await by_mo(town, "repost", issue="april", section="News"))
            assert posted(town) == ["## News"]


async def test_a_repost_says_of_a_section_that_was_taken_back_that_it_stays_away(town: Town) -> None:
    async with town.running():
        await begin(town)
        await confirm(town, await by_mo(town, "retract", issue="june", section="Events"), "Take it back")
        asked = await by_mo(town, "repost", issue="june")
        assert "3 messages are sent" in town.shown(asked)
        assert "Events" not in town.shown(asked)
        await confirm(town, asked)
        assert posted(town) == ["June's Heat", "## News", "## Tutorials"]
        asked = await by_mo(town, "repost", issue="june", section="Events", how="again")
        assert "was taken back" in town.shown(asked)


async def test_two_sections_taken_back_at_once_are_both_gone(town: Town) -> None:
    async with town.running():
        await begin(town)
        asked = [await by_mo(town, "retract", issue="june", section=name) for name in ["News", "Events", "Tutorials"]]
        async with asyncio.TaskGroup() as tasks:
            for one in asked:
                tasks.create_task(confirm(town, one, "Take it back"))
        assert posted(town) == ["June's Heat"]


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
        for verb in ["hold", "approve", "repost", "retract"]:
            answer = town.shown(await by_mo(town, verb, issue="tale"))
            assert "Tale" in answer, verb
        assert "Tale" in town.shown(await by_mo(town, "status"))


async def test_a_notice_that_discord_refuses_keeps_no_other_from_being_sent(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        town.write("may", JUNE.replace("June", "May"))
        path = f"/channels/{town.office.id}/messages"
        town.sandbox.faults.add("POST", path, Respond(status=400, code=50035, message="Invalid Form Body"))
        await town.sync()
        assert len(notices(town)) == 1
        await town.sync()
        assert len(notices(town)) == 2


@pytest.mark.parametrize("title", ["*" * 120, "本" * 120, "_a*b~`|" * 20, "é" * 120, "@everyone <@&1> " * 8])
async def test_the_notice_of_many_holds_titles_of_any_kind(town: Town, title: str) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        for number in range(30):
            written = JUNE.replace("June's Heat", f"'{number} {title}'").replace("2026-06-06", f"2026-06-{number + 1:02}")
            town.write(f"june-{number}", written)
        await town.sync()
        (notice,) = notices(town)
        body = message_object(town.sandbox.world, notice)
        assert "30 issues wait" in text(notice)
        assert sum(len(one.encode()) for one in texts(body)) <= limits.MESSAGE_BYTES
        assert all(count_nodes(one) < limits.NODES for one in texts(body))


async def test_a_notice_shows_no_beginning_that_is_too_large_beside_it(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE.replace("June's Heat", "本" * 200).replace("It is *warm*.", "風が変わった。" * 410))
        await town.sync()
        (notice,) = notices(town)
        body = message_object(town.sandbox.world, notice)
        assert sum(len(one.encode()) for one in texts(body)) <= limits.MESSAGE_BYTES


async def test_pausing_stops_after_the_issue_that_is_being_posted(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        town.write("may", JUNE.replace("June", "May").replace("2026-06", "2026-05"))
        hold = Hold()
        town.sandbox.faults.add("POST", f"/channels/{town.news.id}/messages", hold)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(town.sync())
            await hold.reached.wait()
            pause = tasks.create_task(by_mo(town, "pause"))
            while (await town.opened.store.newsletter("mill")).paused_at is None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
            hold.released.set()
            await pause
            assert len(posted(town)) == 4
        assert len(posted(town)) == 4
        await by_mo(town, "resume")
        assert len(posted(town)) == 8


async def test_an_issue_with_a_copy_in_a_channel_that_is_gone_can_be_taken_back(town: Town) -> None:
    async with town.running():
        await begin(town)
        await confirm(town, await by_mo(town, "repost", issue="june", channel=town.talk))
    del town.guild.channels[town.talk.id]
    async with town.running():
        asked = await by_mo(town, "retract", issue="june")
        assert "8 messages are deleted" in town.shown(asked)
        await confirm(town, asked, "Take it back")
        assert posted(town) == []
        assert await town.sync() == ["mill: nothing to do"]


async def test_status_fits_a_message_for_many_newsletters_and_long_titles(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    for number in range(11):
        town.more += (
            f"  abbey-{number}:\n"
            f"    source: {{directory: '{town.folder}', paths: ['*.md']}}\n"
            "    site_url: https://example.org/\n"
            f"    announce: {{channel: {town.news.id}, hold: 0s, max_age: null}}\n"
        )
    async with town.running():
        for number in range(11):
            await town.sync(f"abbey-{number}")
        for number in range(4):
            town.write(f"june-{number}", JUNE.replace("June's Heat", f"'{number} {'🌊' * 120}'"))
        for number in range(11):
            await town.sync(f"abbey-{number}")
        answer = town.shown(await by_mo(town, "status"))
        assert all(name in answer for name in ["mill", "abbey-1", "abbey-8", "abbey-9", "abbey-10"])


async def test_approve_and_skip_at_the_same_instant_end_in_one_of_both(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        for turn in range(3):
            name = f"tale-{turn}"
            town.write(name, JUNE.replace("June's Heat", f"Tale {turn}"))
            await town.sync()
            before = len(posted(town))
            notice = next(notice for notice in notices(town) if f"Tale {turn}" in text(notice))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(press(town, notice, "Approve"))
                for _ in range(turn * 20):
                    await asyncio.sleep(0)
                tasks.create_task(press(town, notice, "Skip"))
            await town.sync()
            state = (await states(town))[name]
            assert (state, len(posted(town)) - before) in {(State.ANNOUNCED, 4), (State.BASELINE, 0)}
            settled = next(notice for notice in notices(town) if f"Tale {turn}" in text(notice))
            assert components(town, settled) == []


async def test_copies_in_the_moderators_channel_and_its_notices_leave_each_other_alone(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        await confirm(town, await by_mo(town, "repost", issue="june", channel=town.office))
        town.write("may", JUNE.replace("June", "May"))
        await town.sync()
        shown = [text(message) for message in notices(town)]
        assert len([one for one in shown if "waits for a moderator" in one]) == 1
        await confirm(town, await by_mo(town, "retract", issue="june"), "Take it back")
        shown = [text(message) for message in notices(town)]
        assert len(shown) == 2
        assert posted(town) == []


async def test_an_outcome_of_any_length_is_told_with_its_beginning(town: Town) -> None:
    async with town.running():
        town.write(
            "june", "---\ntitle: June's Heat\n---\n" + "".join(f"## [S {n}](javascript:x{'y' * 90})\n\ntext\n\n" for n in range(60))
        )
        await by_mo(town, "sync")
        for message in town.sandbox.messages(town.office):
            assert len(message["content"]) <= limits.CONTENT
            assert not message["mention_everyone"]


async def test_what_went_away_goes_under_approval_too(town_with_approval: Town) -> None:
    town = town_with_approval
    town.announce = "hold: 0s, max_age: null, on_remove: retract"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        assert posted(town)
        town.remove("june")
        for _ in range(3):
            town.clock.advance(3600)
            await town.sync()
        assert posted(town) == []


async def test_a_repost_of_a_late_edit_is_posted_where_nothing_needs_approval(town: Town) -> None:
    town.announce = "hold: 0s, max_age: 14d, edit_window: 1h"
    async with town.running():
        old = JUNE.replace("2026-06-06", "2026-01-06")
        town.write("june", old)
        await town.sync()
        assert (await states(town))["june"] is State.TOO_OLD
        await by_mo(town, "approve", issue="june")
        before = posted(town)
        town.clock.advance(7200)
        town.write("june", old.replace("warm", "hot"))
        await town.sync()
        await confirm(town, await by_mo(town, "repost", issue="june"))
        assert posted(town) == before != []


async def test_a_button_of_a_number_that_is_no_more_decides_about_no_other(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE.replace("June's Heat", "99 balloons"))
        await town.sync()
        (notice,) = notices(town)
        for verb, *named in (
            ("skip", 99, "0123456789"),
            ("approve", 99, "0123456789"),
            ("preview", 99),
            ("retract", "stale", 99, ""),
        ):
            said = town.shown(await forge(town, notice, press_of(str(verb), *named)))
            assert "balloons" not in said, verb
            assert (await states(town))["june"] is State.WAITING
        await by_mo(town, "skip", issue="99 balloons")
        assert (await states(town))["june"] is State.BASELINE


@pytest.mark.parametrize(("count", "state"), [(1, State.ANNOUNCED), (5, State.WAITING)])
async def test_what_waited_for_approval_is_judged_anew_without_it(town: Town, count: int, state: State) -> None:
    plain = town.moderation
    town.moderation = plain[:-1] + ", approval: true}"
    async with town.running():
        for number in range(count):
            said = JUNE.replace("June's Heat", f"Heat {number}").replace("warm", f"warm {number} " * 40)
            town.write(f"june-{number}", said.replace("2026-06-06", f"2026-06-0{number + 1}"))
        await town.sync()
        assert (await states(town))["june-0"] is State.WAITING
    town.moderation = plain
    async with town.running():
        await town.sync()
        records = [one for one in (await town.opened.store.records("mill")).values() if one.slug.startswith("june-")]
        assert {one.state for one in records} == {state}
        assert not any(one.reason.code is Code.EVERY_ISSUE for one in records)
