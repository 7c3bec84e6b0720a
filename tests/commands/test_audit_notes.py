"""What moderators did is told in their channel once, whatever stops the bot in between."""

import asyncio

import pytest
from test_moderating import JUNE, by_mo
from town import Town

from discord_sandbox.faults import Close, Cue, Respond


def told(town: Town) -> list[str]:
    return [message["content"] for message in town.sandbox.messages(town.office) if "used `/" in message["content"]]


@pytest.mark.parametrize("pause", [10.0, 3600.0], ids=["at-once", "later"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_a_note_of_what_was_done_before_a_kill_is_told_once_after_it(town: Town, pause: float, late: bool) -> None:  # noqa: FBT001
    town.write("june", JUNE)
    left: dict[str, bytes] = {}
    async with town.running():
        cue = Cue(at=lambda: left.update(town.database()), after_work=late, close=True)
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", cue)
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(), nth=2, times=None)
        await by_mo(town, "sync")
        assert len(told(town)) == late
    town.sandbox.faults.clear()
    town.restore(left)
    town.clock.advance(pause)
    async with town.running():
        (note,) = told(town)
        assert "**Mo**" in note
        assert "nothing to do" in note
        await town.sync()
        assert len(told(town)) == 1


async def test_notes_that_discord_did_not_take_are_told_in_order_by_a_later_look(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Respond(status=403, code=50013))
        await by_mo(town, "pause")
        await by_mo(town, "resume")
        assert told(town) == []
        town.clock.advance(300)  # what Discord refused is left alone for a growing while
        await town.sync()
        assert [("pause" in note, "resume" in note) for note in told(town)] == [(True, False), (False, True)]


async def test_a_note_whose_answer_was_lost_is_not_told_again(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(after_work=True))
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(), nth=2, times=5)
        await by_mo(town, "pause")
        town.sandbox.faults.clear()
        town.clock.advance(3600)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(town.sync())
            tasks.create_task(by_mo(town, "resume"))
        await town.sync()
        assert [("pause" in note, "resume" in note) for note in told(town)] == [(True, False), (False, True)]


async def test_what_somebody_may_not_do_is_told_after_a_kill_too(town: Town) -> None:
    left: dict[str, bytes] = {}
    town.moderation = f"{{channel: {town.office.id}}}"
    async with town.running():
        cue = Cue(at=lambda: left.update(town.database()), close=True)
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", cue)
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(), nth=2, times=None)
        await by_mo(town, "pause")
    town.sandbox.faults.clear()
    town.restore(left)
    town.clock.advance(3600)
    async with town.running():
        (note,) = told(town)
        assert "refused" in note


async def test_notes_of_yesterday_are_not_told_to_a_channel_that_comes_late(town: Town) -> None:
    async with town.running():
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Respond(status=403, code=50013))
        await by_mo(town, "pause")
        town.clock.advance(2 * 86400)
        await town.sync()
        await town.sync()
        assert told(town) == []
