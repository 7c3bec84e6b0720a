"""A machine whose clock ran a year ahead once: what was written down then is not waited for when it is right again."""

import os

import pytest
from test_moderating import JUNE, by_mo, posted, states
from test_troubles import told
from town import Town

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Close, Respond
from discord_sandbox.permissions import Permission
from heartbeat_bot.policy.decisions import State

YEAR = 400 * 86400


@pytest.fixture
def town(town: Town) -> Town:
    """A town whose bot has a clock of its own: Discord's is right."""
    town.clock = ManualClock()
    return town


async def test_what_went_away_then_is_taken_back_now(town: Town) -> None:
    town.announce = "hold: 10m, max_age: null, on_remove: retract"
    async with town.running():
        town.write("june", JUNE)
        for _ in range(2):
            await town.sync()
            town.clock.advance(3600)
        assert len(posted(town)) == 4
        town.remove("june")
        town.clock.advance(YEAR)
        await town.sync()
        town.clock.advance(-YEAR)
        for _ in range(2):
            await town.sync()
            town.clock.advance(1200)
        assert posted(town) == []


async def test_what_came_or_changed_then_rests_now_and_is_posted(town: Town) -> None:
    town.announce = "hold: 10m, max_age: null"
    async with town.running():
        town.clock.advance(YEAR)
        town.write("june", JUNE)
        os.utime(town.folder / "june.md", (town.clock().timestamp(),) * 2)
        await town.sync()
        town.clock.advance(-YEAR)
        assert (await states(town))["june"] is State.HELD
        for _ in range(2):
            await town.sync()
            town.clock.advance(1200)
        assert len(posted(town)) == 4


async def test_what_was_scheduled_then_asks_again_now(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.clock.advance(YEAR)
        await by_mo(town, "schedule", issue="june", time="in 3 hours")
        town.clock.advance(-YEAR)
        lines = "\n".join(await town.sync())
        assert "more than a year ahead" in lines
        assert (await states(town))["june"] is State.WAITING
        await by_mo(town, "approve", issue="june")
        assert len(posted(town)) == 4


@pytest.mark.parametrize("status", [500, 503])
async def test_a_message_that_discord_failed_at_then_is_tried_again_now(town: Town, status: int) -> None:
    async with town.running():
        town.clock.advance(YEAR)
        town.write("june", JUNE)
        town.sandbox.faults.add("POST", f"/channels/{town.news.id}/messages", Respond(status=status), times=None)
        await town.sync()
        town.sandbox.faults.clear()
        town.clock.advance(-YEAR)
        await town.sync()
        assert len(posted(town)) == 4


async def test_a_clock_that_is_behind_for_a_while_closes_no_edit_window(town: Town) -> None:
    town.announce = "hold: 0s, max_age: null, edit_window: 30d"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.clock.advance(-YEAR)
        await town.sync()
        town.clock.advance(YEAR)
        town.write("june", JUNE.replace("The mill pond is low", "The mill pond is dry"))
        await town.sync()
        assert "is dry" in str(town.sandbox.messages(town.news))


@pytest.mark.parametrize("ahead", [3 * 3600, YEAR])
async def test_a_trouble_whose_note_may_have_been_sent_then_is_told_once(town: Town, clock: ManualClock, ahead: float) -> None:
    """The clock is still ahead when the note is looked for, and Discord has forgotten the nonce."""
    own = town.sandbox.own_role(town.guild)
    async with town.running():
        town.clock.advance(ahead)
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(after_work=True))
        town.sandbox.faults.add("POST", f"/channels/{town.office.id}/messages", Close(), nth=2, times=5)
        town.sandbox.overwrite(town.news, own, deny=int(Permission.SEND_MESSAGES))
        town.opened.service.alarms.check_again()
        await town.sync()
        town.sandbox.faults.clear()
        for _ in range(3):
            town.clock.advance(600)
            clock.advance(600)
            await town.sync()
        assert len(told(town)) == 1
