"""Changing channels, threads and messages, and telling everyone of it."""

from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.objects.guilds import channel_object, member_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.world import Channel, ChannelType, Guild, Intent, Message, MessageType, Thread, World

DEFAULT_AUTO_ARCHIVE: Final = 4320


def announce(world: World, name: str, channel: Channel) -> None:
    """Tell everyone of a channel's or thread's change; ``name`` is the event's."""
    world.tell(name, channel_object(world, channel), Intent.GUILDS, channel)


def remove_channel(world: World, guild: Guild, channel: Channel) -> None:
    """Delete a channel or thread with all that is in it, and tell everyone."""
    for number in [other.id for other in guild.channels.values() if other.parent_id == channel.id and other.thread]:
        del guild.channels[number]
    del guild.channels[channel.id]
    world.tell("THREAD_DELETE" if channel.thread else "CHANNEL_DELETE", channel_object(world, channel), Intent.GUILDS)


def open_thread(
    world: World,
    guild: Guild,
    parent: Channel,
    *,
    number: int,
    kind: ChannelType,
    name: str,
    auto_archive: int | None,
    tags: list[int] | None = None,
) -> Channel:
    """Add a thread that the bot owns to a channel; its event is the caller's, once the thread has what it begins with."""
    now = world.clock()
    thread = Thread(
        owner_id=world.bot.id,
        auto_archive=auto_archive or DEFAULT_AUTO_ARCHIVE,
        created_at=now,
        active_at=now,
        archive_changed_at=now,
        tags=tags or [],
    )
    channel = Channel(id=number, guild_id=guild.id, type=kind, name=name, parent_id=parent.id, thread=thread)
    guild.channels[number] = channel
    return channel


def _wake(world: World, channel: Channel, thread: Thread) -> None:
    if thread.is_archived(world.clock()):
        thread.archived = False
        thread.active_at = thread.archive_changed_at = world.clock()
        announce(world, "THREAD_UPDATE", channel)


def store(world: World, channel: Channel, message: Message) -> None:
    """Put a message into its channel, which wakes a thread that sleeps, and tell everyone."""
    channel.messages[message.id] = message
    channel.last_message_id = message.id
    if channel.thread:
        _wake(world, channel, channel.thread)
        channel.thread.sent += message.type is not MessageType.THREAD_STARTER
        channel.thread.active_at = message.created_at
    guild, _ = world.place(channel.id)
    body = message_object(world, message, with_nonce=True)
    if guild and message.author.id in guild.members and not message.webhook_id:
        body["member"] = member_object(guild.members[message.author.id], with_user=False)
    tell_messages(world, "MESSAGE_CREATE", channel, body)


def update(world: World, channel: Channel, message: Message) -> None:
    """Tell everyone that a message changed."""
    tell_messages(world, "MESSAGE_UPDATE", channel, message_object(world, message))


def remove(world: World, channel: Channel, message: Message) -> None:
    """Delete a message and tell everyone."""
    del channel.messages[message.id]
    if channel.thread and message.type is not MessageType.THREAD_STARTER:
        channel.thread.sent = max(0, channel.thread.sent - 1)
    tell_messages(world, "MESSAGE_DELETE", channel, {"id": str(message.id), "channel_id": str(channel.id)})


def tell_messages(world: World, name: str, channel: Channel, body: Json) -> None:
    """Tell everyone who may see a channel of what became of messages there; ``name`` is the event's."""
    intent = Intent.DIRECT_MESSAGES if channel.guild_id is None else Intent.GUILD_MESSAGES
    world.tell(name, body | guild_part(channel), intent, channel)


def guild_part(channel: Channel) -> Json:
    """Return the field that says which guild a channel belongs to, where it belongs to one."""
    return {} if channel.guild_id is None else {"guild_id": str(channel.guild_id)}
