"""Much to send at once, within Discord's limits: an issue of ninety messages, and fifty edits in a minute."""

import asyncio
import json
from dataclasses import fields
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from test_moderating import JUNE, by_mo, posted
from town import Town

from discord_sandbox.faults import Close, Cue
from discord_sandbox.ratelimits import Quota, RateLimits
from discord_sandbox.world import ChannelType
from heartbeat_bot.clock import system_clock

HOUR = 3600.0
SECTIONS = 89
PROSE = "The mill turns, and the miller counts what it grinds. " * 70
LARGE = "---\ntitle: Everything\ndate: 2026-07-31\n---\n\nAll of it.\n" + "".join(
    f"\n## Part {number}\n\n{number}. {PROSE}\n" for number in range(1, SECTIONS + 1)
)


class RunningClock:
    """The machine's own clock, which a test may set forward: what waits for limits waits in truth."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


def refused(town: Town) -> int:
    return sum(entry.status == 429 for entry in town.sandbox.log)


async def test_an_issue_of_ninety_messages_is_posted_once_and_in_order_though_it_is_killed_in_the_middle(town: Town) -> None:
    limits = town.sandbox.limits
    limits.send, limits.edit = Quota(requests=5, seconds=0.05), Quota(requests=5, seconds=0.05)
    limits.crosspost, limits.published_edit = RateLimits().crosspost, RateLimits().published_edit
    database: dict[str, bytes] = {}

    def kill() -> None:
        database.update(town.database())
        town.sandbox.faults.clear()
        town.sandbox.faults.add("*", "/channels/**", Close(), times=None)

    messages = f"/channels/{town.news.id}/messages"
    town.sandbox.faults.add("POST", messages, Cue(at=kill, after_work=True, close=True), nth=45)
    async with town.running():
        town.write("everything", LARGE)
        await town.sync()
    assert len(posted(town)) == 45
    town.restore(database)
    town.sandbox.faults.clear()
    town.sandbox.log.clear()
    town.clock.advance(60)
    async with town.running(read=False):
        for _ in range(11):
            await town.sync()
            town.clock.advance(HOUR + 1)
        shown = town.sandbox.messages(town.news)
        assert [message["content"] for message in shown[1:]] == [f"## Part {number}" for number in range(1, SECTIONS + 1)]
        assert all(message["flags"] & 1 for message in shown)
        sent = [entry for entry in town.sandbox.log if (entry.method, entry.path) == ("POST", messages) and entry.status == 200]
        assert len(shown) == 45 + len(sent) == SECTIONS + 1
        town.sandbox.log.clear()
        await town.sync()
        assert [entry.method for entry in town.sandbox.log if entry.method != "GET"] == []


@pytest.mark.parametrize("age", [60.0, HOUR + 60], ids=["young", "older than an hour"])
@pytest.mark.parametrize("published", [False, True], ids=["plain", "published"])
async def test_fifty_edits_in_a_minute_end_with_what_stands_in_the_repository(
    town: Town, clock: RunningClock, monkeypatch: pytest.MonkeyPatch, age: float, *, published: bool
) -> None:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    # A limit of seconds is sat out by the town's clock; nothing else of the wire's asyncio is changed.
    monkeypatch.setattr("heartbeat_bot.discord.wire.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    town.news.type = ChannelType.ANNOUNCEMENT if published else ChannelType.TEXT
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.clock.advance(age)
        for limit in fields(RateLimits):
            setattr(town.sandbox.limits, limit.name, getattr(RateLimits(), limit.name))
        town.sandbox.log.clear()
        for number in range(1, 51):
            town.write("june", JUNE.replace("How to patch", f"For the {number}. time: how to patch"))
            town.clock.advance(1.2)
            await town.sync()
        for _ in range(3):
            town.clock.advance(HOUR + 1)
            await town.sync()
        assert "For the 50. time" in json.dumps(town.sandbox.messages(town.news))
        edits = [entry.status for entry in town.sandbox.log if entry.method == "PATCH"]
        assert edits.count(200) <= 51
        assert refused(town) <= 50 / 3
        assert [entry.method for entry in town.sandbox.log if entry.method in {"POST", "DELETE"}] == []
        town.sandbox.log.clear()
        await town.sync()
        assert town.sandbox.log == []
        assert "⚠" not in town.shown(await by_mo(town, "status"))
