"""Giving members roles and taking them away."""

import asyncio

import pytest
from sandbox_clients import Api, Running, discord

from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Guild, Intent, Role, User


@pytest.fixture
def readers(sandbox: Sandbox, guild: Guild) -> Role:
    sandbox.own_role(guild).permissions |= Permission.MANAGE_ROLES
    return sandbox.create_role(guild, "readers")


def path(guild: Guild, user: User | int, role: Role | int) -> str:
    numbers = [thing if isinstance(thing, int) else thing.id for thing in (user, role)]
    return f"/guilds/{guild.id}/members/{numbers[0]}/roles/{numbers[1]}"


async def test_discord_py_gives_and_takes_roles_with_a_reason(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, readers: Role, ann: User
) -> None:
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        member = await seen.fetch_member(ann.id)
        role = seen.get_role(readers.id)
        assert role is not None
        assert role < seen.me.top_role
        await member.add_roles(role, reason="wants news")
        assert guild.members[ann.id].roles == [readers.id]
        assert (await seen.fetch_member(ann.id)).roles == [seen.default_role, role]
        await member.remove_roles(role)
        assert guild.members[ann.id].roles == []
    put = next(exchange for exchange in sandbox.log if exchange.method == "PUT")
    assert (put.status, put.headers["X-Audit-Log-Reason"]) == (204, "wants news")


async def test_a_change_of_roles_is_told_to_a_client_that_listens_to_members(
    running: Running, api: Api, sandbox: Sandbox, guild: Guild, readers: Role, ann: User
) -> None:
    sandbox.world.privileged_intents = Intent.GUILD_MEMBERS
    intents = discord.Intents.default()
    intents.members = True
    client = discord.Client(intents=intents, guild_ready_timeout=0.02)
    heard: asyncio.Queue[list[str]] = asyncio.Queue()

    async def on_member_update(_: discord.Member, after: discord.Member) -> None:
        heard.put_nowait([role.name for role in after.roles])

    client.event(on_member_update)
    async with running(client):
        await api.call("PUT", path(guild, ann, readers))
        assert await heard.get() == ["@everyone", "readers"]
        await api.call("DELETE", path(guild, ann, readers))
        assert await heard.get() == ["@everyone"]


async def test_a_role_is_given_twice_without_fault(api: Api, guild: Guild, readers: Role, ann: User) -> None:
    for method, left in (("PUT", [readers.id]), ("PUT", [readers.id]), ("DELETE", []), ("DELETE", [])):
        assert (await api.call(method, path(guild, ann, readers))).status == 204
        assert guild.members[ann.id].roles == left


async def test_without_manage_roles_or_above_the_bots_own_role_nothing_is_given(
    api: Api, sandbox: Sandbox, guild: Guild, readers: Role, ann: User
) -> None:
    assert (await api.call("PUT", path(guild, ann, sandbox.own_role(guild)))).code == 50013
    sandbox.raise_role(guild, readers)
    assert (await api.call("PUT", path(guild, ann, readers))).code == 50013
    other = sandbox.create_role(guild, "other")
    assert (await api.call("PUT", path(guild, ann, other))).status == 204
    sandbox.own_role(guild).permissions &= ~Permission.MANAGE_ROLES
    assert (await api.call("DELETE", path(guild, ann, other))).code == 50013
    assert guild.members[ann.id].roles == [other.id]


async def test_who_and_what_must_be_there(api: Api, guild: Guild, readers: Role, ann: User) -> None:
    assert (await api.call("PUT", path(guild, 7, readers))).code == 10007
    assert (await api.call("PUT", path(guild, ann, 7))).code == 10011
    assert (await api.call("PUT", path(guild, ann, guild.id))).code == 50028
    assert (await api.call("PUT", path(guild, ann, readers).replace(str(guild.id), "7"))).code == 10004
    assert (await api.call("GET", f"/guilds/{guild.id}/roles/{readers.id}")).body["name"] == "readers"
    assert (await api.call("GET", f"/guilds/{guild.id}/roles/7")).code == 10011
