"""The routes of channels and threads."""

from dataclasses import dataclass

from discord_sandbox.api_errors import refusal
from discord_sandbox.call import Call, Reply, Route, as_json_object
from discord_sandbox.messages import compose, reach, store, update
from discord_sandbox.objects import channel_object, message_object
from discord_sandbox.permissions import Permission, demand
from discord_sandbox.threads import AUTO_ARCHIVE, announce, open_thread
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import Channel, ChannelType, Event, Guild, Intent, Message, MessageFlag, MessageType, World

_MOST_TAGS = 5
_NAME = 100


def remove_channel(world: World, guild: Guild, channel: Channel) -> None:
    """Delete a channel or thread with all that is in it, and tell everyone."""
    for number in [other.id for other in guild.channels.values() if other.parent_id == channel.id and other.thread]:
        del guild.channels[number]
    del guild.channels[channel.id]
    name = "THREAD_DELETE" if channel.thread else "CHANNEL_DELETE"
    world.emit(Event(name=name, body=channel_object(world, channel), intent=Intent.GUILDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRoutes:
    """Answers the routes of channels and threads."""

    def routes(self) -> list[Route]:
        """Return the table."""
        one = "/channels/{channel_id}"
        return [
            Route(method="GET", template=one, handler=self.read),
            Route(method="PATCH", template=one, handler=self.edit),
            Route(method="DELETE", template=one, handler=self.delete),
            Route(method="POST", template=f"{one}/threads", handler=self.start_thread),
            Route(method="POST", template=f"{one}/messages/{{message_id}}/threads", handler=self.start_thread_from_message),
            Route(method="PUT", template=f"{one}/thread-members/@me", handler=self.join),
            Route(method="GET", template=f"{one}/threads/archived/public", handler=self.archived),
        ]

    def read(self, call: Call) -> Reply:
        """Get Channel."""
        _, channel, _ = reach(call.world, call.id("channel_id"))
        return Reply(body=channel_object(call.world, channel))

    def edit(self, call: Call) -> Reply:
        """Modify Channel: name, topic, kind (text or announcement); of a thread its name, state and tags."""
        world = call.world
        _, channel, bits = reach(world, call.id("channel_id"))
        form = Form(as_json_object(call.json), Problems())
        name = form.text("name", least=1, most=_NAME, required=form.has("name"))
        if channel.thread:
            self._edit_thread(call, channel, form, bits)
        else:
            demand(bits, Permission.MANAGE_CHANNELS)
            topic = form.text("topic", most=1024)
            kind = form.choice("type", (ChannelType.TEXT, ChannelType.ANNOUNCEMENT))
            form.problems.raise_any()
            channel.topic = topic if form.has("topic") else channel.topic
            channel.type = ChannelType(kind) if kind is not None else channel.type
        channel.name = name or channel.name
        announce(world, "THREAD_UPDATE" if channel.thread else "CHANNEL_UPDATE", channel)
        return Reply(body=channel_object(world, channel))

    def _edit_thread(self, call: Call, channel: Channel, form: Form, bits: int) -> None:
        thread = channel.thread
        assert thread is not None
        own = thread.owner_id == call.world.bot.id
        if not own or form.has("locked"):
            demand(bits, Permission.MANAGE_THREADS)
        archived, locked = form.boolean("archived"), form.boolean("locked")
        auto_archive = form.choice("auto_archive_duration", AUTO_ARCHIVE)
        parent = call.world.place(channel.parent_id or 0)[1]
        tags = self._tags(form, parent, bits) if form.has("applied_tags") else None
        form.problems.raise_any()
        if thread.is_archived(call.world.clock()) and archived is not False:
            raise refusal(50083)
        if archived is not None:
            thread.archived = archived
            thread.active_at = thread.archive_changed_at = call.world.clock()
        thread.locked = thread.locked if locked is None else locked
        thread.auto_archive = auto_archive or thread.auto_archive
        thread.tags = thread.tags if tags is None else tags

    def delete(self, call: Call) -> Reply:
        """Delete a channel or thread with all that is in it."""
        world = call.world
        guild, channel, bits = reach(world, call.id("channel_id"))
        body = channel_object(world, channel)
        if guild is None:
            # Closing direct messages takes nothing away: they open again with the next message.
            return Reply(body=body)
        demand(bits, Permission.MANAGE_THREADS if channel.thread else Permission.MANAGE_CHANNELS)
        remove_channel(world, guild, channel)
        return Reply(body=body)

    def start_thread_from_message(self, call: Call) -> Reply:
        """Start Thread from Message: once per message; the thread has the message's id."""
        world = call.world
        guild, channel, _ = reach(world, call.id("channel_id"), Permission.CREATE_PUBLIC_THREADS)
        kinds = {
            ChannelType.TEXT: ChannelType.PUBLIC_THREAD,
            ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD,
        }
        if channel.type not in kinds:
            raise refusal(50024)
        assert guild is not None
        message = world.message(channel, call.id("message_id"))
        form = Form(as_json_object(call.json), Problems())
        name, auto_archive = self._name(form)
        form.problems.raise_any()
        if message.id in guild.channels:
            raise refusal(160004)
        thread = open_thread(
            world, guild, channel, number=message.id, kind=kinds[channel.type], name=name, auto_archive=auto_archive
        )
        message.flags |= MessageFlag.HAS_THREAD
        announce(world, "THREAD_CREATE", thread)
        update(world, channel, message)
        starter = Message(
            id=world.new_id(),
            channel_id=thread.id,
            author=world.bot,
            created_at=world.clock(),
            type=MessageType.THREAD_STARTER,
            reference={
                "type": 0,
                "message_id": str(message.id),
                "channel_id": str(channel.id),
                "guild_id": str(guild.id),
            },
        )
        store(world, thread, starter)
        return Reply(body=channel_object(world, thread), status=201)

    def _name(self, form: Form) -> tuple[str, int | None]:
        name = form.text("name", least=1, most=_NAME, required=True) or ""
        form.integer("rate_limit_per_user", least=0, most=21600)
        return name, form.choice("auto_archive_duration", AUTO_ARCHIVE)

    def start_thread(self, call: Call) -> Reply:
        """Start Thread without Message, or in a forum a post with its first message."""
        world = call.world
        guild, channel, bits = reach(world, call.id("channel_id"))
        if channel.type is ChannelType.FORUM:
            return self._post(call)
        if channel.type not in {ChannelType.TEXT, ChannelType.ANNOUNCEMENT}:
            raise refusal(50024)
        form = Form(as_json_object(call.json), Problems())
        name, auto_archive = self._name(form)
        threads = (ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)
        kind = ChannelType(form.choice("type", threads) or ChannelType.PRIVATE_THREAD)
        if (kind is ChannelType.ANNOUNCEMENT_THREAD) != (channel.type is ChannelType.ANNOUNCEMENT):
            form.fault("type", "BASE_TYPE_CHOICES", "This kind of thread cannot be started in this kind of channel.")
        form.problems.raise_any()
        assert guild is not None
        private = kind is ChannelType.PRIVATE_THREAD
        demand(bits, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
        thread = open_thread(world, guild, channel, number=world.new_id(), kind=kind, name=name, auto_archive=auto_archive)
        announce(world, "THREAD_CREATE", thread)
        if not private:
            note = Message(
                id=world.new_id(),
                channel_id=channel.id,
                author=world.bot,
                created_at=world.clock(),
                type=MessageType.THREAD_CREATED,
                content=name,
                reference={"type": 0, "channel_id": str(thread.id), "guild_id": str(guild.id)},
            )
            store(world, channel, note)
        return Reply(body=channel_object(world, thread), status=201)

    def _post(self, call: Call) -> Reply:
        world = call.world
        guild, channel, bits = reach(world, call.id("channel_id"), Permission.SEND_MESSAGES)
        form = Form(as_json_object(call.json), Problems())
        name, auto_archive = self._name(form)
        tags = self._tags(form, channel, bits)
        inner = form.child("message")
        if inner is None:
            form.fault("message", "BASE_TYPE_REQUIRED", "This field is required")
        form.problems.raise_any()
        assert guild is not None
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
        return Reply(body=channel_object(world, thread) | {"message": message_object(world, message)}, status=201)

    def _tags(self, form: Form, forum: Channel, bits: int) -> list[int]:
        tags = form.snowflakes("applied_tags", most=_MOST_TAGS) or []
        known = {tag.id: tag for tag in forum.tags}
        for index, number in enumerate(tags):
            if number not in known:
                path = (*form.path, "applied_tags", str(index))
                form.problems.add(path, "BASE_TYPE_CHOICES", f"{number} is no tag of this forum.")
            elif known[number].moderated:
                demand(bits, Permission.MANAGE_THREADS)
        return tags

    def join(self, call: Call) -> Reply:
        """Join Thread."""
        _, channel, _ = reach(call.world, call.id("channel_id"))
        if channel.thread is None:
            raise refusal(50024)
        if channel.thread.is_archived(call.world.clock()):
            raise refusal(50083)
        return Reply(status=204)

    def archived(self, call: Call) -> Reply:
        """List Public Archived Threads, the last archived first."""
        world = call.world
        guild, parent, _ = reach(world, call.id("channel_id"), Permission.READ_MESSAGE_HISTORY)
        if guild is None:
            raise refusal(50024)
        problems = Problems()
        limit = Form(dict(call.query), problems).integer("limit", least=2, most=100) or 50
        problems.raise_any()
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
        return Reply(body={"threads": threads, "members": [], "has_more": len(asleep) > limit})
