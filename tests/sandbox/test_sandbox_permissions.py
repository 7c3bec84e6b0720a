from sandbox_clients import Api

from discord_sandbox.clock import ManualClock
from discord_sandbox.permissions import ALL, CORE, EVERYONE, Permission, channel_permissions
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User


def bits_of(sandbox: Sandbox, guild: Guild, channel: Channel, user: User) -> int:
    return channel_permissions(guild, channel, guild.members[user.id], sandbox.world.clock())


async def test_without_view_channel_there_is_nothing(api: Api, sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    sent = await api.send(channel, content="x")
    sandbox.overwrite(channel, guild.roles[guild.id], deny=Permission.VIEW_CHANNEL)
    assert (await api.send(channel, content="x")).code == 50001
    assert (await api.call("GET", f"/channels/{channel.id}")).code == 50001
    assert (await api.edit(channel, sent.body["id"], content="y")).code == 50001
    assert bits_of(sandbox, guild, channel, sandbox.world.bot) == 0


async def test_without_send_messages_nothing_can_be_sent_but_edited(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sent = await api.send(channel, content="x")
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.SEND_MESSAGES)
    answer = await api.send(channel, content="x")
    assert (answer.status, answer.code) == (403, 50013)
    assert (await api.edit(channel, sent.body["id"], content="y")).status == 200


async def test_without_send_messages_the_bits_that_need_it_are_void(sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    sandbox.own_role(guild).permissions |= Permission.MENTION_EVERYONE
    assert bits_of(sandbox, guild, channel, sandbox.world.bot) & Permission.MENTION_EVERYONE
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.SEND_MESSAGES)
    void = Permission.MENTION_EVERYONE | Permission.ATTACH_FILES | Permission.EMBED_LINKS
    assert not bits_of(sandbox, guild, channel, sandbox.world.bot) & void


async def test_without_embed_links_embeds_vanish_silently(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.EMBED_LINKS)
    answer = await api.send(channel, content="x", embeds=[{"title": "t"}])
    assert (answer.status, answer.body["embeds"]) == (200, [])
    assert (await api.send(channel, embeds=[{"title": "t"}])).code == 50006


async def test_without_read_message_history_the_list_is_empty(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    sent = await api.send(channel, content="x")
    sandbox.overwrite(channel, sandbox.world.bot, deny=Permission.READ_MESSAGE_HISTORY)
    assert (await api.call("GET", f"/channels/{channel.id}/messages")).body == []
    assert (await api.call("GET", f"/channels/{channel.id}/messages/{sent.body['id']}")).code == 50013


async def test_roles_are_added_and_a_members_own_overwrite_wins(sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    loud, quiet = sandbox.create_role(guild, "loud"), sandbox.create_role(guild, "quiet")
    user = sandbox.create_user(guild, "bob", roles=[loud, quiet])
    sandbox.overwrite(channel, guild.roles[guild.id], deny=Permission.SEND_MESSAGES)
    assert not bits_of(sandbox, guild, channel, user) & Permission.SEND_MESSAGES
    sandbox.overwrite(channel, quiet, deny=Permission.SEND_MESSAGES)
    sandbox.overwrite(channel, loud, allow=Permission.SEND_MESSAGES)
    assert bits_of(sandbox, guild, channel, user) & Permission.SEND_MESSAGES
    sandbox.overwrite(channel, user, deny=Permission.SEND_MESSAGES)
    assert not bits_of(sandbox, guild, channel, user) & Permission.SEND_MESSAGES


async def test_owner_and_administrators_may_do_everything(sandbox: Sandbox, guild: Guild, channel: Channel) -> None:
    admin = sandbox.create_user(guild, "eve", roles=[sandbox.create_role(guild, "admin", permissions=Permission.ADMINISTRATOR)])
    sandbox.overwrite(channel, guild.roles[guild.id], deny=ALL)
    assert bits_of(sandbox, guild, channel, admin) == ALL
    assert bits_of(sandbox, guild, channel, sandbox.world.owner) == ALL


async def test_a_timed_out_member_can_only_look(
    sandbox: Sandbox, guild: Guild, channel: Channel, ann: User, clock: ManualClock
) -> None:
    clock.advance(1)
    later = ManualClock(clock())
    later.advance(60)
    guild.members[ann.id].timed_out_until = later()
    assert bits_of(sandbox, guild, channel, ann) == Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
    clock.advance(61)
    assert bits_of(sandbox, guild, channel, ann) == EVERYONE


def test_the_core_permissions_are_the_documented_sum() -> None:
    assert CORE == 309237763072
