import pytest
from town import Town

from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.permissions import Permission


def roles(mill: Town) -> list[int]:
    return mill.guild.members[mill.ann.id].roles


def let_give_roles(mill: Town) -> None:
    own = mill.sandbox.own_role(mill.guild)
    own.permissions |= int(Permission.MANAGE_ROLES)
    own.position = 10


async def test_a_member_takes_the_role_and_gives_it_back(mill: Town) -> None:
    let_give_roles(mill)
    answer = await mill.call("subscribe")
    assert mill.is_private(answer)
    assert roles(mill) == [mill.pinged.id]
    said = mill.shown(answer)
    assert said.startswith(f"You have the role <@&{mill.pinged.id}> now")
    assert "/unsubscribe" in said
    assert "already" in mill.shown(await mill.call("subscribe", newsletter="mill"))
    answer = await mill.call("unsubscribe")
    assert roles(mill) == []
    assert "any more" in mill.shown(answer)
    assert "do not have" in mill.shown(await mill.call("unsubscribe"))


async def test_a_bot_that_may_not_give_the_role_says_what_it_needs(mill: Town) -> None:
    said = mill.shown(await mill.call("subscribe"))
    assert "Manage Roles" in said
    assert roles(mill) == []
    let_give_roles(mill)
    mill.sandbox.own_role(mill.guild).position = 1
    mill.pinged.position = 5
    assert "above" in mill.shown(await mill.call("subscribe"))
    assert roles(mill) == []


async def test_a_role_that_is_gone_is_said_to_be_gone(mill: Town) -> None:
    let_give_roles(mill)
    del mill.guild.roles[mill.pinged.id]
    assert "is not there any more" in mill.shown(await mill.call("subscribe"))


async def test_there_is_nothing_to_subscribe_to_without_a_role_or_elsewhere(mill: Town) -> None:
    other = mill.sandbox.create_guild("Other")
    mill.sandbox.join(other, mill.ann)
    hall = mill.sandbox.create_channel(other, "hall")
    assert "in another server" in mill.shown(await mill.call("subscribe", channel=hall))
    with pytest.raises(NotOfferedError):
        await mill.call("subscribe", channel=mill.sandbox.create_dm(mill.ann))
    for typed in ("x" * 6000, "**x** @everyone | \\ '", "%", "nul\0"):
        assert "There is no newsletter called" in mill.shown(await mill.call("unsubscribe", newsletter=typed))


async def test_a_newsletter_that_pings_nobody_says_so(town: Town) -> None:
    town.ping = "ping_role: null"
    async with town.running() as mill:
        assert mill.shown(await mill.call("subscribe")) == "mill pings nobody, so there is nothing to subscribe to."


async def test_who_is_in_the_server_of_another_destination_gets_the_role_that_is_pinged_there(town: Town) -> None:
    other, quiet = town.sandbox.create_guild("Other"), town.sandbox.create_guild("Quiet")
    hall, cell = town.sandbox.create_channel(other, "hall"), town.sandbox.create_channel(quiet, "cell")
    bell = town.sandbox.create_role(other, "bell")
    for guild in (other, quiet):
        town.sandbox.join(guild, town.ann)
    town.newsletter = f"    destinations: [{{channel: {hall.id}, ping_role: {bell.id}, {town.announce}}}, {{channel: {cell.id}, {town.announce}}}]\n"
    async with town.running() as mill:
        let_give_roles(mill)
        own = mill.sandbox.own_role(other)
        own.permissions |= int(Permission.MANAGE_ROLES)
        own.position = 10
        assert f"You have the role <@&{bell.id}> now" in mill.shown(await mill.call("subscribe", channel=hall))
        assert (other.members[mill.ann.id].roles, roles(mill)) == ([bell.id], [])
        assert f"You have the role <@&{mill.pinged.id}> now" in mill.shown(await mill.call("subscribe"))
        assert f"<@&{bell.id}> any more" in mill.shown(await mill.call("unsubscribe", channel=hall))
        assert (other.members[mill.ann.id].roles, roles(mill)) == ([], [mill.pinged.id])
        assert "pings nobody" in mill.shown(await mill.call("subscribe", channel=cell))


async def test_a_member_who_goes_on_taking_the_role_and_giving_it_back_fills_no_memory(mill: Town) -> None:
    let_give_roles(mill)
    for _ in range(3):
        await mill.call("subscribe")
        await mill.call("unsubscribe")
    assert len(await mill.opened.store.actions.latest(10)) == 6
    assert len(mill.opened.service.auditing._unsaid) == 0  # noqa: SLF001 - what it remembers is what this is about
