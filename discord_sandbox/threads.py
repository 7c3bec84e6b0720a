"""Making threads, putting them to sleep and waking them, and telling of it."""

from typing import Final

from discord_sandbox.objects import channel_object
from discord_sandbox.world import Channel, ChannelType, Guild, Intent, Thread, World, WorldEvent

AUTO_ARCHIVE: Final = (60, 1440, 4320, 10080)
"""Minutes after which a thread may be told to fall asleep (docs, *Threads*)."""
DEFAULT_AUTO_ARCHIVE: Final = 4320


def announce(world: World, name: str, channel: Channel) -> None:
    """Tell everyone of a channel's or thread's change; ``name`` is the event's."""
    world.emit(WorldEvent(name=name, body=channel_object(world, channel), intent=Intent.GUILDS, channel=channel))


def wake(world: World, channel: Channel) -> None:
    """Unarchive a thread that sleeps."""
    thread = channel.thread
    if thread and thread.is_archived(world.clock()):
        thread.archived = False
        thread.active_at = thread.archive_changed_at = world.clock()
        announce(world, "THREAD_UPDATE", channel)


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
