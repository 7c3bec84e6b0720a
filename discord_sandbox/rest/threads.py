"""The routes by which threads are started and listed."""

from typing import Final

from discord_sandbox.api_errors import refusal
from discord_sandbox.changes import announce, guild_part, open_thread, store, update
from discord_sandbox.objects.guilds import channel_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.permissions import Permission, channel_permissions, demand
from discord_sandbox.rest.call import Call, Created, Routes
from discord_sandbox.rest.messages import compose
from discord_sandbox.rules.channels import read_tags, read_thread
from discord_sandbox.rules.form import Form
from discord_sandbox.world import Channel, ChannelType, Guild, MessageFlag, MessageType

routes: Final = Routes()
_FROM_MESSAGES: Final = {
    ChannelType.TEXT: ChannelType.PUBLIC_THREAD,
    ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD,
}


@routes("POST", "/channels/{channel_id}/messages/{message_id}/threads")
def start_from_message(call: Call) -> object:
    """Start Thread from Message: once per message; the thread has the message's id."""
    world = call.world
    guild, channel, _ = call.reach(Permission.CREATE_PUBLIC_THREADS)
    kind = _FROM_MESSAGES.get(channel.type)
    if guild is None or kind is None:
        raise refusal(50024)
    message = call.message(channel)
    form = call.form()
    name, auto_archive = read_thread(form)
    form.raise_any()
    if message.id in guild.channels:
        raise refusal(160004)
    thread = open_thread(world, guild, channel, number=message.id, kind=kind, name=name, auto_archive=auto_archive)
    message.flags |= MessageFlag.HAS_THREAD
    announce(world, "THREAD_CREATE", thread)
    update(world, channel, message)
    starter = world.draft(thread, kind=MessageType.THREAD_STARTER)
    starter.reference = {"type": 0, "message_id": str(message.id), "channel_id": str(channel.id), **guild_part(channel)}
    store(world, thread, starter)
    return Created(body=channel_object(world, thread))


@routes("POST", "/channels/{channel_id}/threads")
def start(call: Call) -> object:
    """Start Thread without Message, or in a forum a post with its first message."""
    world = call.world
    guild, channel, bits = call.reach()
    if guild and channel.type is ChannelType.FORUM:
        return _post(call, guild, channel, bits)
    if guild is None or channel.type not in _FROM_MESSAGES:
        raise refusal(50024)
    form = call.form()
    name, auto_archive = read_thread(form)
    threads = (ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)
    kind = ChannelType(form.choice("type", threads) or ChannelType.PRIVATE_THREAD)
    if (kind is ChannelType.ANNOUNCEMENT_THREAD) != (channel.type is ChannelType.ANNOUNCEMENT):
        form.fault("type", "BASE_TYPE_CHOICES", "This kind of thread cannot be started in this kind of channel.")
    form.raise_any()
    private = kind is ChannelType.PRIVATE_THREAD
    demand(bits, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    thread = open_thread(world, guild, channel, number=world.new_id(), kind=kind, name=name, auto_archive=auto_archive)
    announce(world, "THREAD_CREATE", thread)
    if not private:
        note = world.draft(channel, kind=MessageType.THREAD_CREATED)
        note.content = name
        note.reference = {"type": 0, "channel_id": str(thread.id), **guild_part(channel)}
        store(world, channel, note)
    return Created(body=channel_object(world, thread))


def _post(call: Call, guild: Guild, channel: Channel, bits: int) -> object:
    world = call.world
    demand(bits, Permission.SEND_MESSAGES)
    form = call.form()
    name, auto_archive = read_thread(form)
    tags = read_tags(form, channel)
    inner = form.child("message", required=True)
    form.raise_any()
    assert inner is not None
    if channel.require_tag and not tags:
        raise refusal(40067)
    message = compose(call, inner, guild, channel, bits)
    kind = ChannelType.PUBLIC_THREAD
    thread = open_thread(world, guild, channel, number=message.id, kind=kind, name=name, auto_archive=auto_archive, tags=tags)
    channel.last_message_id = thread.id
    message.channel_id = thread.id
    announce(world, "THREAD_CREATE", thread)
    store(world, thread, message)
    # The first message is no reply: Discord counts the replies alone.
    assert thread.thread is not None
    thread.thread.sent = 0
    return Created(body=channel_object(world, thread) | {"message": message_object(world, message)})


@routes("GET", "/channels/{channel_id}/threads/archived/public")
def archived(call: Call) -> object:
    """List Public Archived Threads, the last archived first."""
    world = call.world
    guild, parent, _ = call.reach(Permission.READ_MESSAGE_HISTORY)
    if guild is None:
        raise refusal(50024)
    query = Form(dict(call.query))
    limit = query.integer("limit", least=2, most=100) or 50
    query.raise_any()
    asleep = [
        (channel.thread.archive_changed_at, channel)
        for channel in guild.channels.values()
        if channel.parent_id == parent.id
        and channel.thread
        and channel.thread.is_archived(world.clock())
        and channel.type is not ChannelType.PRIVATE_THREAD
    ]
    asleep.sort(key=lambda pair: (pair[0], pair[1].id), reverse=True)
    threads = [channel_object(world, channel) for _, channel in asleep[:limit]]
    return {"threads": threads, "members": [], "has_more": len(asleep) > limit}


@routes("GET", "/guilds/{guild_id}/threads/active")
def active(call: Call) -> object:
    """List Active Guild Threads that the bot can see."""
    world, guild = call.world, call.guild
    own = guild.members[world.bot.id]
    seen = [thread for thread in world.threads_of(guild) if channel_permissions(guild, thread, own, world.clock())]
    return {"threads": [channel_object(world, thread) for thread in seen], "members": [], "has_more": False}
