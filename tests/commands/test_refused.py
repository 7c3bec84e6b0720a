"""A channel that refuses what the bot does there: it is told with the time of the next try, and asked no more often than that."""

import asyncio

import pytest
from town import Town

from discord_sandbox.changes import announce
from discord_sandbox.permissions import Permission
from discord_sandbox.world import ChannelType, MessageFlag

MAY = "---\ntitle: May's Flood\ndate: 2026-05-04\n---\n\nThe weir broke.\n"
JUNE = MAY.replace("May's Flood", "June's Drought").replace("05-04", "06-01")


def refusals(town: Town) -> int:
    return len([exchange for exchange in town.sandbox.log if exchange.status in {401, 403, 429}])


async def passes(town: Town, hours: int) -> list[str]:
    """Look every minute; return what was said."""
    said: list[str] = []
    for _ in range(hours * 60):
        town.clock.advance(60)
        said += await town.sync()
    return said


@pytest.mark.parametrize("denied", [Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL])
async def test_a_channel_that_refuses_is_asked_less_and_less_and_at_once_when_its_permissions_change(
    mill: Town, denied: Permission
) -> None:
    own = mill.sandbox.own_role(mill.guild)
    mill.sandbox.overwrite(mill.news, own, deny=int(denied))
    mill.write("may", MAY)
    mill.write("june", JUNE)
    mill.sandbox.log.clear()
    said = await passes(mill, hours=1)
    assert refusals(mill) <= (20 if denied is Permission.VIEW_CHANNEL else 0)
    assert not mill.news.messages
    if denied is Permission.VIEW_CHANNEL:
        told = "Discord is asked again after 2026-08-01 12:02 UTC; a running bot asks at once when its permissions change."
        assert [line for line in said if line.endswith(told)]
    mill.sandbox.overwrite(mill.news, own)
    async with asyncio.timeout(10):
        while len(mill.news.messages) < 2:  # the gateway tells of it in a moment
            await mill.sync()


async def test_a_deleted_channel_is_asked_less_and_less(mill: Town) -> None:
    del mill.guild.channels[mill.news.id]
    mill.write("may", MAY)
    mill.sandbox.log.clear()
    said = await passes(mill, hours=1)
    assert len([exchange for exchange in mill.sandbox.log if exchange.status == 404]) <= 20
    assert "there is no such channel: check its id" in said[0]


async def test_a_channel_that_becomes_another_kind_is_published_in_as_that_kind(mill: Town) -> None:
    async def become(kind: ChannelType) -> None:
        mill.news.type = kind
        mill.sandbox.log.clear()
        announce(mill.sandbox.world, "CHANNEL_UPDATE", mill.news)
        async with asyncio.timeout(10):
            while not any(exchange.path.endswith(f"/channels/{mill.news.id}") for exchange in mill.sandbox.log):
                await mill.sync()  # the gateway tells of it in a moment

    def published() -> list[bool]:
        return [bool(message.flags & MessageFlag.CROSSPOSTED) for message in mill.news.messages.values()]

    mill.write("may", MAY)
    await mill.sync()
    assert published() == [True]
    await become(ChannelType.TEXT)
    mill.write("june", JUNE)
    said = await mill.sync()
    assert published() == [True, False]
    assert said == ["mill: June's Drought: 1 sent"]
    await become(ChannelType.ANNOUNCEMENT)
    mill.write("may-2", MAY.replace("May's Flood", "Another flood").replace("weir", "dam").replace("05-04", "06-02"))
    await mill.sync()
    assert published() == [True, False, True]
