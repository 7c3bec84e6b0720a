import asyncio
from typing import Any

import pytest
from test_moderating import JUNE, by_mo, posted
from town import Town, components

from discord_sandbox.faults import Hold
from discord_sandbox.interactions import Interaction
from discord_sandbox.world import Message


def notices(town: Town) -> list[Message]:
    return [message for message in town.office.messages.values() if message.embeds]


async def press(town: Town, message: Message, label: str, **more: Any) -> Interaction:
    found = [part for part in components(town, message) if label in {part.get("label"), part.get("placeholder")}]
    return await town.sandbox.press(message, found[0]["custom_id"], user=more.pop("by", town.mo), **more)


def text(message: Message) -> str:
    return "\n".join(str(embed) for embed in message.embeds)


@pytest.fixture
def town(town: Town) -> Town:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    return town


async def test_an_issue_that_waits_is_told_of_once_with_its_findings_and_its_beginning(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await town.sync()
        (notice,) = notices(town)
        assert "June's Heat" in text(notice)
        assert "waits for a moderator" in text(notice)
        assert "pings nobody" in text(notice)
        assert [part["label"] for part in components(town, notice)] == ["Approve", "Schedule…", "Skip", "Preview"]
    async with town.running():
        await town.sync()
        assert len(notices(town)) == 1


async def test_approving_by_a_button_posts_the_issue_once_however_often_it_is_pressed(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        answer = await press(town, notice, "Approve")
        assert "4 sent" in town.shown(answer)
        assert town.is_private(answer)
        assert len(posted(town)) == 4
        (settled,) = notices(town)
        assert "posted" in text(settled)
        assert components(town, settled) == []


async def test_a_button_works_after_a_restart(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
    async with town.running():
        (notice,) = notices(town)
        await press(town, notice, "Skip")
        (settled,) = notices(town)
        assert "skipped" in text(settled)
        assert posted(town) == []


async def test_members_who_see_the_channel_cannot_decide(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        for label in ["Approve", "Skip", "Preview"]:
            assert "This is for moderators" in town.shown(await press(town, notice, label, by=town.ann))
        assert posted(town) == []


async def test_a_time_is_asked_for_and_the_issue_posted_then(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        asked = await press(town, notice, "Schedule…")
        answer = await town.sandbox.submit(asked, {"time": "in 2 hours"})
        assert "rests" in town.shown(answer)
        assert "Schedule…" in str(components(town, notices(town)[0]))
        town.clock.advance(7200)
        await town.sync()
        assert len(posted(town)) == 4


async def test_many_at_once_are_one_notice(town: Town) -> None:
    async with town.running():
        for number in range(30):
            town.write(f"june-{number}", JUNE.replace("June", f"June {number}").replace("2026-06-06", f"2026-06-{number + 1:02}"))
        await town.sync()
        await town.sync()
        (notice,) = notices(town)
        assert "30 issues wait" in text(notice)
        (menu,) = [part for part in components(town, notice) if part.get("options")]
        await press(town, notice, "Approve one…", values=[menu["options"][0]["value"]])
        assert len(posted(town)) == 4
        (notice,) = notices(town)
        assert "29 issues wait" in text(notice)
        answer = await press(town, notice, "Skip all")
        assert "29 issues were skipped" in town.shown(answer)
        (notice,) = notices(town)
        assert "None of them waits" in text(notice)
        assert components(town, notice) == []
        assert len(posted(town)) == 4


async def test_a_bulk_import_is_told_of_also_without_approval(town: Town) -> None:
    town.moderation = town.moderation.replace(", approval: true", "")
    async with town.running():
        for number in range(5):
            town.write(f"june-{number}", JUNE.replace("June", f"June {number}"))
        await town.sync()
        (notice,) = notices(town)
        assert "5 issues wait" in text(notice)
        assert posted(town) == []
        await press(town, notice, "Approve all")
        assert len(posted(town)) == 20


async def test_a_notice_whose_message_was_deleted_comes_again_only_when_its_issue_changes(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        del town.office.messages[notice.id]
        town.write("june", JUNE.replace("June's Heat", "June's Sun"))
        await town.sync()
        assert len(notices(town)) == 1


async def test_a_moderators_channel_that_is_gone_keeps_nothing_from_being_posted(town: Town) -> None:
    async with town.running():
        del town.guild.channels[town.office.id]
        town.write("june", JUNE)
        await town.sync()
        answer = await town.call("approve", by=town.mo, channel=town.talk, issue="june")
        assert "4 sent" in town.shown(answer)


@pytest.mark.parametrize("pair", [("Approve", "Skip"), ("Skip", "Approve")], ids=["approve-first", "skip-first"])
@pytest.mark.parametrize("steps", [0, 10, 40, 150])
async def test_of_two_decisions_at_the_same_instant_one_holds_and_everybody_is_told_which(
    town: Town, pair: tuple[str, str], steps: int
) -> None:
    first, second = pair
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        async with asyncio.TaskGroup() as tasks:
            one = tasks.create_task(press(town, notice, first))
            for _ in range(steps):
                await asyncio.sleep(0)
            other = tasks.create_task(press(town, notice, second))
        answers = [town.shown(one.result()), town.shown(other.result())]
        await town.sync()
        (settled,) = notices(town)
        assert len(posted(town)) in {0, 4}
        holds, lost = ("posted", "skipped") if posted(town) else ("skipped", "posted")
        assert holds in text(settled)
        assert lost not in text(settled)
        assert components(town, settled) == []
        assert all(holds in answer or "announced already" in answer for answer in answers)


async def test_who_approved_by_mistake_can_still_skip_while_other_issues_are_posted(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        town.write("may", JUNE.replace("June", "May").replace("2026-06", "2026-05"))
        await town.sync()
        may, june = sorted(notices(town), key=text, reverse=True)
        assert "May's Heat" in text(may)
        hold = Hold()
        town.sandbox.faults.add("POST", f"/channels/{town.news.id}/messages", hold)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(press(town, may, "Approve"))
            await hold.reached.wait()
            approving = tasks.create_task(press(town, june, "Approve"))
            await under_way(town, 2)
            skipping = tasks.create_task(press(town, june, "Skip"))
            await under_way(town, 3)
            hold.released.set()
        assert "skipped" in town.shown(approving.result())
        assert "skipped" in town.shown(skipping.result())
        assert len(posted(town)) == 4


async def under_way(town: Town, count: int) -> None:
    """Wait until so many decisions are being carried out."""
    while len(await town.opened.store.actions.unfinished()) < count:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)


async def test_a_decision_that_is_changed_later_changes_the_notice_too(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await press(town, notices(town)[0], "Skip")
        assert "skipped" in text(notices(town)[0])
        await by_mo(town, "approve", issue="june")
        assert len(posted(town)) == 4
        (notice,) = notices(town)
        assert "skipped" not in text(notice)
        assert "posted" in text(notice)
        answer = await by_mo(town, "retract", issue="june")
        await town.press(answer, "Take it back")
        (notice,) = notices(town)
        assert "taken back" in text(notice)
        assert components(town, notice) == []
