"""What the sandbox holds: users, guilds, channels, threads, messages, and the events that tell of their changes."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.clock import Clock, Snowflakes


class ChannelType(IntEnum):
    """Kinds of channels (docs, *Channel resource*)."""

    TEXT = 0
    DIRECT = 1
    GROUP_DIRECT = 3
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


class MessageType(IntEnum):
    """Kinds of messages (docs, *Message resource*)."""

    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntFlag):
    """Flags of a message (docs, *Message resource*)."""

    CROSSPOSTED = 1 << 0
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_VOICE_MESSAGE = 1 << 13
    IS_COMPONENTS_V2 = 1 << 15


class Intent(IntFlag):
    """What a gateway session asks to hear of (docs, *Gateway*)."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16


@dataclass(slots=True, kw_only=True)
class User:
    """A person or a bot; ``locale`` is the language of the person's Discord."""

    id: int
    name: str
    display_name: str | None = None
    bot: bool = False
    locale: str = "en-US"


@dataclass(slots=True, kw_only=True)
class Role:
    """A role of a guild; @everyone has the guild's id."""

    id: int
    name: str
    permissions: int
    position: int
    mentionable: bool = False
    managed: bool = False
    color: int = 0


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild, with the ids of the roles beside @everyone."""

    user: User
    joined_at: datetime
    roles: list[int] = field(default_factory=list[int])
    timed_out_until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """What a channel allows and denies a role or (``of_member``) a member."""

    id: int
    of_member: bool
    allow: int
    deny: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of a forum."""

    id: int
    name: str


@dataclass(slots=True, kw_only=True)
class Thread:
    """What a thread has beyond a channel. ``auto_archive`` is in minutes; ``active_at`` the last message or unarchiving."""

    owner_id: int
    auto_archive: int
    created_at: datetime
    active_at: datetime
    archive_changed_at: datetime
    archived: bool = False
    locked: bool = False
    tags: list[int] = field(default_factory=list[int])
    sent: int = 0

    def is_archived(self, now: datetime) -> bool:
        """Tell whether the thread was archived, or fell asleep on its own."""
        return self.archived or (now - self.active_at).total_seconds() >= self.auto_archive * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An uploaded file."""

    id: int
    filename: str
    content: bytes
    content_type: str
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as it is kept: embeds and components as they were sent, ``attachment://`` addresses not yet resolved.

    ``only_for`` is who alone sees an ephemeral message, None for all others.
    """

    id: int
    channel_id: int
    author: User
    created_at: datetime
    type: int = MessageType.DEFAULT
    content: str = ""
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[StoredFile] = field(default_factory=list[StoredFile])
    flags: int = 0
    edited_at: datetime | None = None
    mentions: list[User] = field(default_factory=list[User])
    mention_roles: list[int] = field(default_factory=list[int])
    mention_everyone: bool = False
    nonce: str | int | None = None
    tts: bool = False
    reference: Json | None = None
    interaction: Json | None = None
    webhook_id: int | None = None
    only_for: int | None = None


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel or (``thread`` is there) a thread. Messages stand in order of their ids, ephemeral ones apart.

    One without a guild has ``recipients``: the people in it, and the bot if the messages are with it.
    """

    id: int
    guild_id: int | None
    type: ChannelType
    name: str
    position: int = 0
    topic: str | None = None
    parent_id: int | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    tags: list[Tag] = field(default_factory=list[Tag])
    require_tag: bool = False
    thread: Thread | None = None
    recipients: list[User] = field(default_factory=list[User])
    messages: dict[int, Message] = field(default_factory=dict[int, Message])
    ephemeral: dict[int, Message] = field(default_factory=dict[int, Message])
    last_message_id: int | None = None

    def find(self, message_id: int) -> Message | None:
        """Return a message as it stands now, be it ephemeral; None for one that is not there."""
        return self.messages.get(message_id) or self.ephemeral.get(message_id)


class EventStatus(IntEnum):
    """How far a scheduled event is (docs, *Guild Scheduled Event*)."""

    SCHEDULED = 1
    ACTIVE = 2
    COMPLETED = 3
    CANCELED = 4


@dataclass(slots=True, kw_only=True)
class ScheduledEvent:
    """An event at a place outside Discord. ``status`` is what was set by hand; it starts and ends by itself."""

    id: int
    guild_id: int
    creator: User
    name: str
    location: str
    start: datetime
    end: datetime
    description: str | None = None
    image: str | None = None
    recurrence: Json | None = None
    status: EventStatus = EventStatus.SCHEDULED

    def status_at(self, now: datetime) -> EventStatus:
        """Tell how far the event is."""
        if self.status in {EventStatus.SCHEDULED, EventStatus.ACTIVE}:
            if now >= self.end:
                return EventStatus.COMPLETED
            if now >= self.start:
                return EventStatus.ACTIVE
        return self.status

    def is_open(self, now: datetime) -> bool:
        """Tell whether the event is still to come, or going on."""
        return self.status_at(now) in {EventStatus.SCHEDULED, EventStatus.ACTIVE}


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server. Its id is also the id of its @everyone role. ``channels`` holds threads as well."""

    id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    channels: dict[int, Channel] = field(default_factory=dict[int, Channel])
    scheduled_events: dict[int, ScheduledEvent] = field(default_factory=dict[int, ScheduledEvent])
    is_away: bool = False
    """Discord has an outage there: the gateway tells nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldEvent:
    """A gateway event. ``intent`` must have been asked for; the bot must see ``channel`` (None: none in question)."""

    name: str
    body: Json
    intent: Intent = Intent.NONE
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The app's commands by id: global ones under None, those of a guild under its id."""

    kept: dict[int | None, dict[int, Json]] = field(default_factory=dict[int | None, dict[int, Json]])

    def shown_in(self, guild_id: int | None) -> list[Json]:
        """Return the commands that members of a guild see: its own before the global ones, which are all that there are elsewhere."""
        own = self.kept.get(guild_id, {}) if guild_id else {}
        return [*own.values(), *self.kept.get(None, {}).values()]


class World:
    """All that exists, and who wants to hear of changes."""

    def __init__(self, clock: Clock) -> None:
        """Begin with the bot alone, in no guild."""
        self.clock = clock
        self.new_id = Snowflakes(clock)
        self.bot = User(id=self.new_id(), name="Heartbeat", bot=True)
        self.owner = User(id=self.new_id(), name="owner", display_name="Server owner")
        self.privileged_intents = Intent.NONE
        """Those that the application has been given."""
        self.guilds: dict[int, Guild] = {}
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.private: dict[int, Channel] = {}
        """The channels that belong to no guild: direct messages, with the bot and without it."""
        self.commands = Commands()
        self.installed_for: set[int] = set()
        """The people who installed the app for themselves."""
        self.nonces: dict[tuple[int, str], tuple[int, float]] = {}
        """By channel and nonce, which message the bot sent with it, and when, in seconds since the Unix epoch."""
        self.base_url = ""
        self.signing_key = secrets.token_bytes(16)
        self.listeners: list[Callable[[WorldEvent], None]] = []

    @property
    def gateway_url(self) -> str:
        """Return the gateway's address."""
        return f"{self.base_url.replace('http', 'ws', 1)}/gateway"

    def emit(self, event: WorldEvent) -> None:
        """Tell all listeners."""
        for listener in tuple(self.listeners):
            listener(event)

    def tell(self, name: str, body: Json, intent: Intent = Intent.NONE, channel: Channel | None = None) -> None:
        """Tell all listeners of an event."""
        self.emit(WorldEvent(name=name, body=body, intent=intent, channel=channel))

    def guild(self, guild_id: int) -> Guild:
        """Return a guild that the bot is in, or raise 10004."""
        guild = self.guilds.get(guild_id)
        if guild is None or not self.has_bot(guild):
            raise refusal(10004)
        return guild

    def place(self, channel_id: int) -> tuple[Guild | None, Channel]:
        """Return a channel or thread with its guild (None: direct messages), or raise 10003."""
        if channel_id in self.private:
            return None, self.private[channel_id]
        for guild in self.guilds.values():
            channel = guild.channels.get(channel_id)
            if channel is not None:
                return guild, channel
        raise refusal(10003)

    def has_bot(self, guild: Guild) -> bool:
        """Tell whether the bot is in a guild."""
        return self.bot.id in guild.members

    def shares_guild(self, user: User) -> bool:
        """Tell whether the bot and a user are in a guild together."""
        return any(self.has_bot(guild) and user.id in guild.members for guild in self.guilds.values())

    def direct_channel(self, user: User) -> Channel:
        """Return the direct messages of a user with the bot, opened if need be."""
        for channel in self.private.values():
            if channel.type is ChannelType.DIRECT and user in channel.recipients and self.bot in channel.recipients:
                return channel
        channel = Channel(id=self.new_id(), guild_id=None, type=ChannelType.DIRECT, name=user.name, recipients=[user, self.bot])
        self.private[channel.id] = channel
        return channel

    def message(self, channel: Channel, message_id: int) -> Message:
        """Return a message, or raise 10008."""
        message = channel.messages.get(message_id)
        if message is None:
            raise refusal(10008)
        return message

    def threads_of(self, guild: Guild) -> list[Channel]:
        """Return a guild's threads that are not archived."""
        now = self.clock()
        return [channel for channel in guild.channels.values() if channel.thread and not channel.thread.is_archived(now)]

    def draft(self, channel: Channel, author: User | None = None, kind: MessageType = MessageType.DEFAULT) -> Message:
        """Return an empty message of ``author`` (None: the bot), not yet in its channel."""
        return Message(id=self.new_id(), channel_id=channel.id, author=author or self.bot, created_at=self.clock(), type=kind)
