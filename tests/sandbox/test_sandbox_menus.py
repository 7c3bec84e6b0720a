"""Commands in the menus of messages and users."""

from collections.abc import AsyncIterator

import pytest
from sandbox_clients import Api, Running, discord

from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, MessageType, User


@pytest.fixture
async def menus(running: Running, client: discord.Client) -> AsyncIterator[discord.app_commands.CommandTree]:
    tree = discord.app_commands.CommandTree(client)

    @tree.context_menu(name="Show Source")
    async def source(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.author.name}: {message.content}", ephemeral=True)

    @tree.context_menu(name="Greet")
    async def greet(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(f"hello {user.display_name}, {len(user.roles)} roles")

    async with running(client):
        await tree.sync()
        yield tree


async def test_a_command_on_a_message_is_given_the_message_with_its_content(
    menus: discord.app_commands.CommandTree, sandbox: Sandbox, channel: Channel, ann: User
) -> None:
    assert menus
    # The bot has no intent to read what people say; of the message it is used on it is told all the same.
    message = sandbox.post_as(ann, channel, "**secret**")
    done = await sandbox.invoke_on("Show Source", message, user=sandbox.world.owner, channel=channel)
    assert [answer.content for answer in done.responses] == ["ann: **secret**"]
    assert done.responses[0].type == MessageType.CONTEXT_MENU_COMMAND
    assert done.about["target_id"] == str(message.id)
    metadata = done.responses[0].interaction
    assert metadata is not None
    assert metadata["target_message_id"] == str(message.id)


async def test_a_command_on_a_user_is_given_the_member(
    menus: discord.app_commands.CommandTree, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    assert menus
    bob = sandbox.create_user(guild, "bob", roles=[sandbox.create_role(guild, "r")])
    done = await sandbox.invoke_on("Greet", bob, user=ann, channel=channel)
    assert [answer.content for answer in done.responses] == ["hello Bob, 2 roles"]


async def test_a_command_on_a_message_works_in_direct_messages(
    menus: discord.app_commands.CommandTree, sandbox: Sandbox, guild: Guild, ann: User
) -> None:
    assert menus
    assert guild
    place = sandbox.create_dm(ann)
    done = await sandbox.invoke_on("Show Source", sandbox.post_as(ann, place, "x"), user=ann, channel=place)
    assert [answer.content for answer in done.responses] == ["ann: x"]


async def test_a_menu_offers_only_what_is_there(
    menus: discord.app_commands.CommandTree, api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    assert menus
    message = sandbox.post_as(ann, channel, "x")
    for name in ("show source", "Greet", "other"):
        with pytest.raises(NotOfferedError, match="no command"):
            await sandbox.invoke_on(name, message, user=ann, channel=channel)
    with pytest.raises(NotOfferedError, match="no command"):
        await sandbox.invoke("Greet", user=ann, channel=channel)
    hidden = (await sandbox.invoke_on("Show Source", message, user=ann, channel=channel)).responses[0]
    with pytest.raises(NotOfferedError, match="There is no message"):
        await sandbox.invoke_on("Show Source", hidden, user=ann, channel=channel)
    guild.roles[guild.id].permissions &= ~Permission.USE_APPLICATION_COMMANDS
    with pytest.raises(NotOfferedError, match="may not use commands"):
        await sandbox.invoke_on("Show Source", message, user=ann, channel=channel)
    guild.roles[guild.id].permissions |= Permission.USE_APPLICATION_COMMANDS | Permission.MANAGE_MESSAGES
    sandbox.own_role(guild).permissions |= Permission.MANAGE_MESSAGES
    assert (await api.call("DELETE", f"/channels/{channel.id}/messages/{message.id}")).status == 204
    with pytest.raises(NotOfferedError, match="There is no message"):
        await sandbox.invoke_on("Show Source", message, user=ann, channel=channel)
