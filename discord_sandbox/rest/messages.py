"""The routes of messages: create, read, edit, delete, publish."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.changes import guild_part, remove, store, tell_messages, update
from discord_sandbox.objects.messages import hide_content, may_read, message_object
from discord_sandbox.permissions import Permission, demand
from discord_sandbox.rest.call import Call, Routes
from discord_sandbox.rules.form import Form
from discord_sandbox.rules.messages import read_nonce, read_reply, write
from discord_sandbox.world import Channel, ChannelType, Guild, Message, MessageFlag, MessageType, World

OLD: Final = timedelta(hours=1)
"""Edits of messages older than this have a limit of their own (code 30046)."""
NONCE_WINDOW: Final = 180
"""Seconds in which a nonce that is to be enforced counts as the same message."""
BULK_AGE: Final = timedelta(days=14)
_SYSTEM_TYPES: Final = frozenset({MessageType.THREAD_CREATED, MessageType.THREAD_STARTER})
_MANY: Final = "/channels/{channel_id}/messages"
_ONE: Final = "/channels/{channel_id}/messages/{message_id}"

routes: Final = Routes()


@routes("POST", _MANY, quota="send")
def create(call: Call) -> object:
    """Create Message."""
    world = call.world
    guild, channel, bits = call.reach()
    if channel.type is ChannelType.FORUM:
        raise refusal(40058)
    if channel.type is ChannelType.CATEGORY:
        raise refusal(50024)
    people = [user for user in channel.recipients if user.id != world.bot.id]
    if guild is None and not any(world.shares_guild(user) or user.id in world.installed_for for user in people):
        raise refusal(50007)
    demand(bits, Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES)
    form = call.form()
    message = compose(call, form, guild, channel, bits)
    key = (channel.id, str(message.nonce))
    if message.nonce is not None and form.boolean("enforce_nonce") and key in world.nonces:
        number, sent_at = world.nonces[key]
        if call.now - sent_at < NONCE_WINDOW:
            return message_object(world, world.message(channel, number), with_nonce=True)
    if channel.thread and channel.thread.locked and not bits & Permission.MANAGE_THREADS:
        raise refusal(160005)
    store(world, channel, message)
    world.nonces[key] = (message.id, call.now)
    return message_object(world, message, with_nonce=True)


def compose(call: Call, form: Form, guild: Guild | None, channel: Channel, bits: int) -> Message:
    """Return the message that a create request asks for, not yet in its channel."""
    message = call.world.draft(channel)
    message.nonce = read_nonce(form)
    message.tts = bool(form.boolean("tts"))
    reply_to = read_reply(form)
    write(call.world, guild, form, call.files, message, bits, editing=False, answering=False)
    message.flags &= ~MessageFlag.EPHEMERAL
    if reply_to is not None:
        demand(bits, Permission.READ_MESSAGE_HISTORY)
        if reply_to not in channel.messages:
            form.fault("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.raise_any()
        message.type = MessageType.REPLY
        message.reference = {"type": 0, "message_id": str(reply_to), "channel_id": str(channel.id), **guild_part(channel)}
    return message


@routes("GET", _MANY)
def history(call: Call) -> object:
    """Get Channel Messages: newest first; nothing without READ_MESSAGE_HISTORY."""
    _, channel, bits = call.reach()
    query = Form(dict(call.query))
    limit = query.integer("limit", least=1, most=100) or 50
    before, after, around = (query.snowflake(name) for name in ("before", "after", "around"))
    query.raise_any()
    messages = list(channel.messages.values()) if bits & Permission.READ_MESSAGE_HISTORY else []
    if around is not None:
        older = [message for message in messages if message.id < around][-(limit // 2) :] if limit > 1 else []
        messages = older + [message for message in messages if message.id >= around][: limit - len(older)]
    elif before is not None:
        messages = [message for message in messages if message.id < before]
    elif after is not None:
        messages = [message for message in messages if message.id > after][:limit]
    return [_shown(call.world, message) for message in reversed(messages[-limit:])]


@routes("GET", _ONE)
def read(call: Call) -> object:
    """Get Channel Message."""
    _, channel, _ = call.reach(Permission.READ_MESSAGE_HISTORY)
    return _shown(call.world, call.message(channel))


def _shown(world: World, message: Message) -> Json:
    body = message_object(world, message)
    return body if may_read(world, message) else hide_content(body)


@routes("PATCH", _ONE, quota="edit")
def edit(call: Call) -> object:
    """Edit Message: one's own; of others the flags alone."""
    world = call.world
    guild, channel, bits = call.reach()
    message = call.message(channel)
    form = call.form()
    if message.author.id != world.bot.id:
        if set(form.data) - {"flags"}:
            raise refusal(50005)
        demand(bits, Permission.MANAGE_MESSAGES)
    if message.type in _SYSTEM_TYPES:
        raise refusal(50021)
    _refuse_asleep(call, channel)
    _meter_edit(call, channel, message)
    # Without allowed_mentions the defaults hold again, whatever the message was created with (docs, Edit Message).
    edited = replace(message)
    write(world, guild, form, call.files, edited, bits, editing=True, answering=False)
    edited.edited_at = world.clock()
    channel.messages[message.id] = edited
    update(world, channel, edited)
    return message_object(world, edited)


def _refuse_asleep(call: Call, channel: Channel) -> None:
    if channel.thread and channel.thread.is_archived(call.world.clock()):
        raise refusal(50083)


def _meter_edit(call: Call, channel: Channel, message: Message) -> None:
    limits = call.limiter.limits
    if call.world.clock() - message.created_at > OLD:
        call.limiter.take("old edit", str(channel.id), limits.old_edit, call.now, code=30046)
    if message.flags & MessageFlag.CROSSPOSTED:
        call.limiter.take("published edit", str(channel.id), limits.published_edit, call.now, code=20028)


@routes("DELETE", _ONE, quota="delete")
def delete(call: Call) -> object:
    """Delete Message: one's own; others' with MANAGE_MESSAGES."""
    _, channel, bits = call.reach()
    message = call.message(channel)
    if message.author.id != call.world.bot.id:
        if channel.guild_id is None:
            raise refusal(50003)
        demand(bits, Permission.MANAGE_MESSAGES)
    if message.type is MessageType.THREAD_STARTER:
        raise refusal(50021)
    _refuse_asleep(call, channel)
    remove(call.world, channel, message)


@routes("POST", f"{_MANY}/bulk-delete")
def delete_many(call: Call) -> object:
    """Bulk Delete Messages: 2 to 100, none older than two weeks; ids that are not there are passed over."""
    world = call.world
    _, channel, _ = call.reach(Permission.MANAGE_MESSAGES)
    form = call.form()
    ids = form.snowflakes("messages", most=100) or []
    form.raise_any()
    if len(ids) < 2:  # noqa: PLR2004 - the documented least
        raise refusal(50016)
    found = [channel.messages[number] for number in ids if number in channel.messages]
    if any(world.clock() - message.created_at > BULK_AGE for message in found):
        raise refusal(50034)
    for message in found:
        del channel.messages[message.id]
    body: Json = {"ids": [str(message.id) for message in found], "channel_id": str(channel.id)}
    tell_messages(world, "MESSAGE_DELETE_BULK", channel, body)


@routes("POST", f"{_ONE}/crosspost", quota="crosspost")
def crosspost(call: Call) -> object:
    """Crosspost Message: in announcement channels, once."""
    world = call.world
    _, channel, bits = call.reach(Permission.SEND_MESSAGES)
    message = call.message(channel)
    if channel.type is not ChannelType.ANNOUNCEMENT:
        raise refusal(50024)
    if message.author.id != world.bot.id:
        demand(bits, Permission.MANAGE_MESSAGES)
    if message.flags & MessageFlag.CROSSPOSTED:
        raise refusal(40033)
    limits = call.limiter.limits
    if not limits.crosspost_in_headers:
        call.limiter.take("crosspost", str(channel.id), limits.crosspost, call.now, code=20028)
    message.flags |= MessageFlag.CROSSPOSTED
    update(world, channel, message)
    return message_object(world, message)
