"""Where the app can be used, by whose leave: guilds, direct messages with the bot, private channels; guild and user installations."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_clients import Api, Running, discord

from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.people.scenes import scene_of
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

EVERYWHERE: dict[str, Any] = {"name": "where", "description": "d", "integration_types": [0, 1], "contexts": [0, 1, 2]}
EPHEMERAL = 64


async def put(api: Api, *commands: Any) -> None:
    answer = await api.call("PUT", f"/applications/{api.sandbox.world.bot.id}/commands", list(commands))
    assert answer.status == 200


@pytest.fixture
def elsewhere(sandbox: Sandbox) -> Guild:
    """A guild without the bot."""
    return sandbox.create_guild("Elsewhere", with_bot=False, locale="de")


@pytest.fixture
def outside(sandbox: Sandbox, elsewhere: Guild) -> Channel:
    return sandbox.create_channel(elsewhere, "lobby")


@pytest.fixture
def bob(sandbox: Sandbox, elsewhere: Guild) -> User:
    """A member of the guild without the bot, and of no other."""
    return sandbox.create_user(elsewhere, "bob")


@pytest.fixture
async def told(running: Running, client: discord.Client) -> AsyncIterator[list[discord.Interaction]]:
    """What the bot hears of; it answers with where it was."""
    tree = discord.app_commands.CommandTree(client)
    heard: list[discord.Interaction] = []

    @tree.command(description="Says where it is")
    @discord.app_commands.allowed_installs(guilds=True, users=True)
    @discord.app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def where(interaction: discord.Interaction) -> None:
        heard.append(interaction)
        await interaction.response.send_message(f"in {type(interaction.channel).__name__}")

    async with running(client):
        await tree.sync()
        yield heard


async def test_a_command_in_direct_messages_has_a_user_and_no_guild(
    told: list[discord.Interaction], sandbox: Sandbox, guild: Guild, ann: User
) -> None:
    assert guild
    done = await sandbox.invoke("where", user=ann, channel=sandbox.create_dm(ann))
    seen = told[0]
    assert (seen.guild, seen.guild_id, seen.guild_locale, seen.user.id) == (None, None, None, ann.id)
    assert isinstance(seen.user, discord.User)
    assert (seen.context.dm_channel, seen.is_guild_integration(), seen.is_user_integration()) == (True, False, False)
    assert isinstance(seen.channel, discord.DMChannel)
    assert [message["content"] for message in sandbox.messages(done.channel)] == ["in DMChannel"]
    assert done.owners == {"0": "0"}
    assert not done.responses[0].flags & EPHEMERAL


async def test_a_command_in_a_private_channel_is_for_those_who_installed_the_app(
    told: list[discord.Interaction], sandbox: Sandbox, guild: Guild, ann: User
) -> None:
    group = sandbox.create_private_channel(ann, sandbox.create_user(guild, "cleo"), sandbox.create_user(guild, "dan"))
    with pytest.raises(NotOfferedError, match="installations"):
        await sandbox.invoke("where", user=ann, channel=group)
    sandbox.install_for(ann)
    done = await sandbox.invoke("where", user=ann, channel=group)
    seen = told[0]
    assert (seen.context.private_channel, seen.is_user_integration(), seen.guild_id) == (True, True, None)
    assert isinstance(seen.channel, discord.GroupChannel)
    assert [person.name for person in seen.channel.recipients] == ["ann", "cleo", "dan"]
    assert done.owners == {"1": str(ann.id)}
    assert not done.responses[0].flags & EPHEMERAL


async def test_in_a_guild_without_the_bot_answers_are_private_unless_external_apps_are_allowed(
    told: list[discord.Interaction], sandbox: Sandbox, elsewhere: Guild, outside: Channel, bob: User
) -> None:
    with pytest.raises(NotOfferedError, match="installations"):
        await sandbox.invoke("where", user=bob, channel=outside)
    sandbox.install_for(bob)
    hidden = await sandbox.invoke("where", user=bob, channel=outside)
    assert (hidden.responses[0].flags & EPHEMERAL, sandbox.messages(outside)) == (EPHEMERAL, [])
    assert (told[0].guild_id, told[0].guild_locale, told[0].user.name) == (elsewhere.id, discord.Locale.german, "bob")
    assert told[0].is_user_integration()
    elsewhere.roles[elsewhere.id].permissions |= Permission.USE_EXTERNAL_APPS
    shown = await sandbox.invoke("where", user=bob, channel=outside)
    assert (shown.responses[0].flags & EPHEMERAL, len(sandbox.messages(outside))) == (0, 1)


async def test_where_the_app_is_installed_for_both_both_are_told(
    told: list[discord.Interaction], sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    sandbox.install_for(ann)
    done = await sandbox.invoke("where", user=ann, channel=channel)
    assert done.owners == {"0": str(guild.id), "1": str(ann.id)}
    assert (told[0].is_guild_integration(), told[0].is_user_integration(), told[0].guild_id) == (True, True, guild.id)
    assert not done.responses[0].flags & EPHEMERAL


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, {"guild", "dm", "private", "elsewhere"}),
        ({"contexts": None}, {"guild", "dm", "private", "elsewhere"}),
        ({"contexts": [0]}, {"guild", "elsewhere"}),
        ({"contexts": [1]}, {"dm"}),
        ({"contexts": [2]}, {"private"}),
        ({"integration_types": [0]}, {"guild", "dm"}),
        ({"integration_types": [1]}, {"guild", "dm", "private", "elsewhere"}),
        ({"integration_types": [0], "contexts": [2]}, set[str]()),
    ],
)
async def test_a_command_is_offered_only_where_its_contexts_and_installations_allow(
    api: Api, sandbox: Sandbox, channel: Channel, elsewhere: Guild, outside: Channel, ann: User, fields: Any, places: set[str]
) -> None:
    sandbox.install_for(ann)
    sandbox.join(elsewhere, ann)
    everywhere = {
        "guild": channel,
        "dm": sandbox.create_dm(ann),
        "private": sandbox.create_private_channel(ann, sandbox.world.owner),
        "elsewhere": outside,
    }
    await put(api, EVERYWHERE | fields)
    for name, place in everywhere.items():
        # No client is connected: what is offered goes unanswered.
        with pytest.raises(TimeoutError if name in places else NotOfferedError):
            await sandbox.invoke("where", user=ann, channel=place, timeout=0)
        assert bool(sandbox.offers.shown(scene_of(sandbox.world, place, ann))) == (name in places)


async def test_a_guilds_own_command_is_offered_there_alone(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, ann: User
) -> None:
    path = f"/applications/{sandbox.world.bot.id}/guilds/{guild.id}/commands"
    assert (await api.call("POST", path, {"name": "own", "description": "d"})).status == 201
    other = sandbox.create_channel(sandbox.create_guild("Others"), "x")
    sandbox.join(sandbox.world.guilds[other.guild_id or 0], ann)
    for place in (sandbox.create_dm(ann), other):
        with pytest.raises(NotOfferedError, match="no command"):
            await sandbox.invoke("own", user=ann, channel=place)
    with pytest.raises(TimeoutError):
        await sandbox.invoke("own", user=ann, channel=channel, timeout=0)


async def test_guild_commands_need_the_bot_in_the_guild(api: Api, sandbox: Sandbox, elsewhere: Guild) -> None:
    path = f"/applications/{sandbox.world.bot.id}/guilds/{elsewhere.id}/commands"
    assert (await api.call("PUT", path, [])).code == 50001


async def test_who_is_not_in_a_place_can_do_nothing_there(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, bob: User
) -> None:
    await put(api, EVERYWHERE)
    for place, who in ((channel, bob), (sandbox.create_dm(ann), bob)):
        with pytest.raises(NotOfferedError, match="bob does not see"):
            await sandbox.invoke("where", user=who, channel=place)


async def test_an_app_that_is_there_for_one_person_follows_up_five_times(
    api: Api, sandbox: Sandbox, outside: Channel, bob: User
) -> None:
    await put(api, EVERYWHERE)
    sandbox.install_for(bob)
    with pytest.raises(TimeoutError) as unanswered:
        await sandbox.invoke("where", user=bob, channel=outside, timeout=0)
    token = list(sandbox.interactions.kept)[-1]
    interaction = sandbox.interactions.kept[token]
    assert unanswered
    await api.call("POST", f"/interactions/{interaction.id}/{token}/callback", {"type": 4, "data": {"content": "0"}})
    hook = f"/webhooks/{sandbox.world.bot.id}/{token}"
    answers = [await api.call("POST", hook, {"content": str(number)}) for number in range(1, 7)]
    assert [answer.status for answer in answers] == [200] * 5 + [400]
    assert answers[-1].code == 40094
    assert len(interaction.responses) == 6


async def test_the_bot_writes_direct_messages_and_hears_what_is_said_there(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, ann: User
) -> None:
    assert guild
    heard: list[discord.Message] = []

    async def on_message(message: discord.Message) -> None:
        heard.append(message)

    client.event(on_message)
    async with running(client):
        person = await client.fetch_user(ann.id)
        sent = await person.send("hello")
        await sent.edit(content="hello!")
        place = sandbox.create_dm(ann)
        assert [message["content"] for message in sandbox.messages(place)] == ["hello!"]
        answer = sandbox.post_as(ann, place, "hi")
        found = await sent.channel.fetch_message(answer.id)
        assert (found.content, found.guild) == ("hi", None)
        with pytest.raises(discord.Forbidden) as refused:
            await found.delete()
        assert refused.value.code == 50003
        await sent.delete()
        assert [message.content for message in heard] == ["hello!", "hi"]


async def test_the_bot_cannot_write_to_who_shares_no_guild_with_it(api: Api, sandbox: Sandbox, bob: User) -> None:
    opened = await api.call("POST", "/users/@me/channels", {"recipient_id": str(bob.id)})
    assert (opened.status, opened.body["type"], [user["username"] for user in opened.body["recipients"]]) == (200, 1, ["bob"])
    path = f"/channels/{opened.body['id']}/messages"
    assert (await api.call("POST", path, {"content": "x"})).code == 50007
    sandbox.install_for(bob)
    assert (await api.call("POST", path, {"content": "x"})).status == 200
    private = sandbox.create_private_channel(bob, sandbox.world.owner)
    assert (await api.call("POST", f"/channels/{private.id}/messages", {"content": "x"})).code == 50001
    assert (await api.call("POST", "/users/@me/channels", {"recipient_id": "7"})).code == 10013
    assert (await api.call("POST", "/users/@me/channels", {})).errors_at("recipient_id")
