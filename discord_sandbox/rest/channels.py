"""The routes of channels, and what threads have in common with them."""

from typing import Final

from discord_sandbox.api_errors import refusal
from discord_sandbox.changes import announce, remove_channel
from discord_sandbox.objects.guilds import channel_object
from discord_sandbox.permissions import Permission, demand
from discord_sandbox.rest.call import Call, Routes
from discord_sandbox.rules.channels import AUTO_ARCHIVE, NAME, read_tags
from discord_sandbox.rules.form import Form
from discord_sandbox.world import Channel, ChannelType, Thread

routes: Final = Routes()


@routes("GET", "/channels/{channel_id}")
def read(call: Call) -> object:
    """Get Channel."""
    _, channel, _ = call.reach()
    return channel_object(call.world, channel)


@routes("PATCH", "/channels/{channel_id}")
def edit(call: Call) -> object:
    """Modify Channel: name, topic, kind (text or announcement); of a thread its name, state and tags."""
    world = call.world
    _, channel, bits = call.reach()
    form = call.form()
    name = form.text("name", least=1, most=NAME, required=form.has("name"))
    if channel.thread:
        _edit_thread(call, channel, channel.thread, form, bits)
    else:
        demand(bits, Permission.MANAGE_CHANNELS)
        topic = form.text("topic", most=1024)
        kind = form.choice("type", (ChannelType.TEXT, ChannelType.ANNOUNCEMENT))
        form.raise_any()
        channel.topic = topic if form.has("topic") else channel.topic
        channel.type = ChannelType(kind) if kind is not None else channel.type
    channel.name = name or channel.name
    announce(world, "THREAD_UPDATE" if channel.thread else "CHANNEL_UPDATE", channel)
    return channel_object(world, channel)


def _edit_thread(call: Call, channel: Channel, thread: Thread, form: Form, bits: int) -> None:
    if thread.owner_id != call.world.bot.id or form.has("locked"):
        demand(bits, Permission.MANAGE_THREADS)
    archived, locked = form.boolean("archived"), form.boolean("locked")
    auto_archive = form.choice("auto_archive_duration", AUTO_ARCHIVE)
    parent = call.world.place(channel.parent_id or 0)[1]
    tags = read_tags(form, parent) if form.has("applied_tags") else thread.tags
    form.raise_any()
    if thread.is_archived(call.world.clock()) and archived is not False:
        raise refusal(50083)
    if archived is not None:
        thread.archived = archived
        thread.active_at = thread.archive_changed_at = call.world.clock()
    thread.locked = thread.locked if locked is None else locked
    thread.auto_archive = auto_archive or thread.auto_archive
    thread.tags = tags


@routes("DELETE", "/channels/{channel_id}")
def delete(call: Call) -> object:
    """Delete a channel or thread with all that is in it."""
    guild, channel, bits = call.reach()
    body = channel_object(call.world, channel)
    # Closing direct messages takes nothing away: they open again with the next message.
    if guild is not None:
        demand(bits, Permission.MANAGE_THREADS if channel.thread else Permission.MANAGE_CHANNELS)
        remove_channel(call.world, guild, channel)
    return body
