"""The routes of messages: create, read, edit, delete, publish."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.call import Call, Limiter, ReceivedFile, Reply, Route, as_json_object
from discord_sandbox.message_rules import BOT_MENTIONS, ping, read_body, read_mentions, read_nonce, read_reply, refuse_empty
from discord_sandbox.objects import hide_content, may_read, member_object, message_object
from discord_sandbox.permissions import Permission, demand, permissions_in
from discord_sandbox.threads import wake
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import Channel, ChannelType, Guild, Intent, Message, MessageFlag, MessageType, User, World, WorldEvent

OLD: Final = timedelta(hours=1)
"""Edits of messages older than this have a limit of their own (code 30046)."""
BULK_AGE: Final = timedelta(days=14)
_SYSTEM_TYPES: Final = frozenset({MessageType.THREAD_CREATED, MessageType.THREAD_STARTER})


def reach(world: World, channel_id: int, *needed: Permission) -> tuple[Guild | None, Channel, int]:
    """Return a channel, its guild if it has one, and what the bot may do there; raise 10003, 50001 or 50013."""
    guild, channel = world.place(channel_id)
    bits = permissions_in(guild, channel, world.bot, world.clock())
    demand(bits, *needed)
    return guild, channel, bits


def store(world: World, channel: Channel, message: Message) -> None:
    """Put a message into its channel and tell everyone."""
    channel.messages[message.id] = message
    channel.last_message_id = message.id
    if channel.thread:
        wake(world, channel)
        channel.thread.sent += message.type is not MessageType.THREAD_STARTER
        channel.thread.active_at = message.created_at
    guild, _ = world.place(channel.id)
    body = message_object(world, message, with_nonce=True)
    if guild and message.author.id in guild.members and not message.webhook_id:
        body["member"] = member_object(guild.members[message.author.id], with_user=False)
    _tell(world, "MESSAGE_CREATE", channel, body)


def _tell(world: World, name: str, channel: Channel, body: Json) -> None:
    intent = Intent.DIRECT_MESSAGES if channel.guild_id is None else Intent.GUILD_MESSAGES
    world.emit(WorldEvent(name=name, body=body | _guild_part(channel), intent=intent, channel=channel))


def _guild_part(channel: Channel) -> Json:
    return {} if channel.guild_id is None else {"guild_id": str(channel.guild_id)}


def update(world: World, channel: Channel, message: Message) -> None:
    """Tell everyone that a message changed."""
    _tell(world, "MESSAGE_UPDATE", channel, message_object(world, message))


def remove(world: World, channel: Channel, message: Message) -> None:
    """Delete a message and tell everyone."""
    del channel.messages[message.id]
    if channel.thread and message.type is not MessageType.THREAD_STARTER:
        channel.thread.sent = max(0, channel.thread.sent - 1)
    _tell(world, "MESSAGE_DELETE", channel, {"id": str(message.id), "channel_id": str(channel.id)})


def draft_edit(world: World, guild: Guild | None, message: Message, form: Form, files: list[ReceivedFile], bits: int) -> Message:
    """Return what a message becomes by an edit; the message itself is untouched until all is found good."""
    edited = replace(message)
    # Without allowed_mentions the defaults hold again, whatever the message was created with (docs, Edit Message).
    mentions = read_mentions(form, BOT_MENTIONS)
    if files and not bits & Permission.ATTACH_FILES:
        raise refusal(50013)
    read_body(world, form, files, edited, editing=True)
    if not bits & Permission.EMBED_LINKS and form.has("embeds"):
        edited.embeds = []
    refuse_empty(edited)
    ping(world, guild, edited, mentions, bits)
    edited.edited_at = world.clock()
    return edited


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    message_id: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRoutes:
    """Answers the routes of messages. ``nonce_window`` is in seconds."""

    limiter: Limiter
    nonce_window: float
    sent: dict[tuple[int, int, str], _Sent] = field(default_factory=dict[tuple[int, int, str], _Sent])

    def routes(self) -> list[Route]:
        """Return the table."""
        many, one = "/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}"
        return [
            Route(method="POST", template=many, handler=self.create, quota="send"),
            Route(method="GET", template=many, handler=self.history),
            Route(method="GET", template=one, handler=self.read),
            Route(method="PATCH", template=one, handler=self.edit, quota="edit"),
            Route(method="DELETE", template=one, handler=self.delete, quota="delete"),
            Route(method="POST", template=f"{many}/bulk-delete", handler=self.delete_many),
            Route(method="POST", template=f"{one}/crosspost", handler=self.crosspost, quota="crosspost"),
            Route(method="POST", template="/channels/{channel_id}/typing", handler=self.type),
        ]

    def create(self, call: Call) -> Reply:
        """Create Message."""
        world = call.world
        guild, channel, bits = reach(world, call.id("channel_id"))
        if channel.type is ChannelType.FORUM:
            raise refusal(40058)
        if channel.type is ChannelType.CATEGORY:
            raise refusal(50024)
        if guild is None and not any(
            world.shares_guild(user) or user.id in world.installed_for for user in _people(world, channel)
        ):
            raise refusal(50007)
        demand(bits, Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES)
        form = Form(as_json_object(call.json), Problems())
        message = compose(call, form, guild, channel, bits)
        key = (world.bot.id, channel.id, str(message.nonce))
        if message.nonce is not None and form.boolean("enforce_nonce"):
            before = self.sent.get(key)
            if before and call.now - before.at < self.nonce_window:
                return Reply(body=message_object(world, world.message(channel, before.message_id), with_nonce=True))
        if channel.thread and channel.thread.locked and not bits & Permission.MANAGE_THREADS:
            raise refusal(160005)
        store(world, channel, message)
        self.sent[key] = _Sent(message_id=message.id, at=call.now)
        return Reply(body=message_object(world, message, with_nonce=True))

    def history(self, call: Call) -> Reply:
        """Get Channel Messages: newest first; nothing without READ_MESSAGE_HISTORY."""
        world = call.world
        _, channel, bits = reach(world, call.id("channel_id"))
        problems = Problems()
        query = Form(dict(call.query), problems)
        limit = query.integer("limit", least=1, most=100) or 50
        before, after, around = (query.snowflake(name) for name in ("before", "after", "around"))
        problems.raise_any()
        messages = list(channel.messages.values())
        if not bits & Permission.READ_MESSAGE_HISTORY:
            messages = []
        elif around is not None:
            older = [message for message in messages if message.id < around][-(limit // 2) :] if limit > 1 else []
            messages = older + [message for message in messages if message.id >= around][: limit - len(older)]
        elif before is not None:
            messages = [message for message in messages if message.id < before][-limit:]
        elif after is not None:
            messages = [message for message in messages if message.id > after][:limit]
        return Reply(body=[self._shown(world, message) for message in reversed(messages[-limit:])])

    def _shown(self, world: World, message: Message) -> object:
        body = message_object(world, message)
        return body if may_read(world, message) else hide_content(body)

    def read(self, call: Call) -> Reply:
        """Get Channel Message."""
        _, channel, _ = reach(call.world, call.id("channel_id"), Permission.READ_MESSAGE_HISTORY)
        return Reply(body=self._shown(call.world, call.world.message(channel, call.id("message_id"))))

    def edit(self, call: Call) -> Reply:
        """Edit Message: one's own; of others the flags alone."""
        world = call.world
        guild, channel, bits = reach(world, call.id("channel_id"))
        message = world.message(channel, call.id("message_id"))
        form = Form(as_json_object(call.json), Problems())
        if message.author.id != world.bot.id:
            if set(form.data) - {"flags"}:
                raise refusal(50005)
            demand(bits, Permission.MANAGE_MESSAGES)
        if message.type in _SYSTEM_TYPES:
            raise refusal(50021)
        if channel.thread and channel.thread.is_archived(world.clock()):
            raise refusal(50083)
        self._meter_edit(call, channel, message)
        edited = draft_edit(world, guild, message, form, call.files, bits)
        channel.messages[message.id] = edited
        update(world, channel, edited)
        return Reply(body=message_object(world, edited))

    def _meter_edit(self, call: Call, channel: Channel, message: Message) -> None:
        limits = self.limiter.limits
        if call.world.clock() - message.created_at > OLD:
            self.limiter.take("old edit", str(channel.id), limits.old_edit, call.now, code=30046)
        if message.flags & MessageFlag.CROSSPOSTED:
            self.limiter.take("published edit", str(channel.id), limits.published_edit, call.now, code=20028)

    def delete(self, call: Call) -> Reply:
        """Delete Message: one's own; others' with MANAGE_MESSAGES."""
        world = call.world
        _, channel, bits = reach(world, call.id("channel_id"))
        message = world.message(channel, call.id("message_id"))
        if message.author.id != world.bot.id:
            if channel.guild_id is None:
                raise refusal(50003)
            demand(bits, Permission.MANAGE_MESSAGES)
        if message.type is MessageType.THREAD_STARTER:
            raise refusal(50021)
        if channel.thread and channel.thread.is_archived(world.clock()):
            raise refusal(50083)
        remove(world, channel, message)
        return Reply(status=204)

    def delete_many(self, call: Call) -> Reply:
        """Bulk Delete Messages: 2 to 100, none older than two weeks; ids that are not there are passed over."""
        world = call.world
        _, channel, _ = reach(world, call.id("channel_id"), Permission.MANAGE_MESSAGES)
        form = Form(as_json_object(call.json), Problems())
        ids = form.snowflakes("messages", most=100) or []
        form.problems.raise_any()
        if len(ids) < 2:  # noqa: PLR2004 - the documented least
            raise refusal(50016)
        found = [channel.messages[number] for number in ids if number in channel.messages]
        if any(world.clock() - message.created_at > BULK_AGE for message in found):
            raise refusal(50034)
        for message in found:
            del channel.messages[message.id]
        body: Json = {"ids": [str(message.id) for message in found], "channel_id": str(channel.id)}
        _tell(world, "MESSAGE_DELETE_BULK", channel, body)
        return Reply(status=204)

    def crosspost(self, call: Call) -> Reply:
        """Crosspost Message: in announcement channels, once."""
        world = call.world
        _, channel, bits = reach(world, call.id("channel_id"), Permission.SEND_MESSAGES)
        message = world.message(channel, call.id("message_id"))
        if channel.type is not ChannelType.ANNOUNCEMENT:
            raise refusal(50024)
        if message.author.id != world.bot.id:
            demand(bits, Permission.MANAGE_MESSAGES)
        if message.flags & MessageFlag.CROSSPOSTED:
            raise refusal(40033)
        limits = self.limiter.limits
        if not limits.crosspost_in_headers:
            self.limiter.take("crosspost", str(channel.id), limits.crosspost, call.now, code=20028)
        message.flags |= MessageFlag.CROSSPOSTED
        update(world, channel, message)
        return Reply(body=message_object(world, message))

    def type(self, call: Call) -> Reply:
        """Trigger Typing Indicator."""
        reach(call.world, call.id("channel_id"), Permission.SEND_MESSAGES)
        return Reply(status=204)


def compose(call: Call, form: Form, guild: Guild | None, channel: Channel, bits: int) -> Message:
    """Return the message that a create request asks for, not yet in its channel."""
    world = call.world
    message = Message(id=world.new_id(), channel_id=channel.id, author=world.bot, created_at=world.clock())
    message.nonce = read_nonce(form)
    message.tts = bool(form.boolean("tts"))
    mentions = read_mentions(form, BOT_MENTIONS)
    reply_to = read_reply(form)
    if call.files and not bits & Permission.ATTACH_FILES:
        raise refusal(50013)
    read_body(world, form, call.files, message, editing=False)
    message.flags &= ~MessageFlag.EPHEMERAL
    if not bits & Permission.EMBED_LINKS:
        message.embeds = []
    refuse_empty(message)
    if reply_to is not None:
        demand(bits, Permission.READ_MESSAGE_HISTORY)
        _reply_to(form, channel, message, reply_to)
    ping(world, guild, message, mentions, bits)
    return message


def _people(world: World, channel: Channel) -> list[User]:
    return [user for user in channel.recipients if user.id != world.bot.id]


def _reply_to(form: Form, channel: Channel, message: Message, number: int) -> None:
    if number not in channel.messages:
        form.problems.add(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        form.problems.raise_any()
    message.type = MessageType.REPLY
    message.reference = {
        "type": 0,
        "message_id": str(number),
        "channel_id": str(channel.id),
        **_guild_part(channel),
    }
