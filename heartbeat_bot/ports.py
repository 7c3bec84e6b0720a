"""The ports of Discord: what the rest of the house asks of it, and what it learns from it. No file but those of ``discord/`` knows more.

Every method raises OutletError when it is refused (``permanent``) or when it is not known whether it was done (not ``permanent``),
and RateLimitedError, without having done anything, when it would have to wait for long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from heartbeat_bot.ids import ChannelId, GuildId, MessageId
from heartbeat_bot.rendering.post import Upload
from heartbeat_bot.rendering.scheduled import Scheduled

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_SERVER_EVENT: Final = 10070
NO_ACCESS: Final = 50001
TOO_MANY_SERVER_EVENTS: Final = 30038
ALREADY_CROSSPOSTED: Final = 40033
MISSING_PERMISSION: Final = 50013
FINISHED_SERVER_EVENT: Final = 180000
"""Codes of Discord's errors (docs, *Opcodes and Status Codes*)."""

ATTACH_FILES: Final = "Attach Files"
OPTIONAL_PERMISSIONS: Final[Mapping[str, str]] = {"create_events": "Create Events", "manage_roles": "Manage Roles"}
"""What single commands need: /server-event, and /subscribe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """A message as Discord's API shows it: its id, content, embeds and components, and whether it has been crossposted."""

    message: MessageId
    content: str
    embeds: Sequence[Mapping[str, Any]] = field(default=())
    components: Sequence[Mapping[str, Any]] = field(default=())
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What must be known of a channel before anything is sent to it.

    ``announcement`` tells whether messages can be published there; ``missing`` names the permissions that the bot lacks there,
    ``optional`` those of :data:`OPTIONAL_PERMISSIONS` that it lacks in the server. ``roles`` are the server's, by their ids: whether
    each is below the bot's own, so that it may give it to members.
    """

    guild: GuildId
    name: str
    announcement: bool
    missing: tuple[str, ...]
    optional: tuple[str, ...] = ()
    roles: Mapping[int, bool] = field(default_factory=dict[int, bool])


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The end of a channel: its newest message, whoever wrote it (None: it is empty), and the bot's own ones, earliest first."""

    newest: MessageId | None
    own: Sequence[SeenMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenServerEvent:
    """A scheduled event of a server that is to come or going on; ``own`` tells whether the bot made it."""

    number: int
    own: bool
    shows: Scheduled


class Messages(Protocol):
    """The messages of channels."""

    async def send(self, channel: ChannelId, body: Mapping[str, Any], files: Sequence[Upload], nonce: str) -> MessageId:
        """Send a message. The same nonce again, within a few minutes, gives the same message and sends nothing."""
        ...

    async def edit(self, channel: ChannelId, message: MessageId, body: Mapping[str, Any], files: Sequence[Upload]) -> None:
        """Make a message read ``body`` and carry exactly ``files``."""
        ...

    async def delete(self, channel: ChannelId, message: MessageId) -> None:
        """Delete a message; one that is gone already is fine."""
        ...

    async def publish(self, channel: ChannelId, message: MessageId) -> None:
        """Crosspost a message; one that is published already is fine."""
        ...

    async def history(self, channel: ChannelId, *, after: MessageId | None = None, since: datetime | None = None) -> History:
        """Return what was sent last to a channel: after a message, and since an instant.

        The newest hundred messages are looked through whatever ``since`` says: clocks differ. Answers to commands and other
        messages that no send made are left out.
        """
        ...

    async def check_permissions(self, channel: ChannelId, *, files: bool = False) -> None:
        """Raise MissingPermissionsError unless the bot may post in a channel (``files`` too) and read what it posted.

        It asks anew each time: permissions change while the bot runs. Without Read Message History :meth:`history` shows an empty channel.
        """
        ...


class Channels(Protocol):
    """What is known of channels."""

    async def describe(self, channel: ChannelId, *, anew: bool = False) -> ChannelFacts:
        """Return what must be known of a channel; raise MissingPermissionsError, too, when the bot cannot see it.

        With ``anew`` a person wants to know: what was refused in the channel until now does not count any more.
        """
        ...

    def server_of(self, channel: ChannelId) -> GuildId | None:
        """Return the server of a channel as the gateway told it, without asking Discord; None for one that it did not tell of."""
        ...


class Members(Protocol):
    """The members of servers and their roles."""

    async def set_role(self, guild: GuildId, user: int, role: int, *, wanted: bool) -> None:
        """Give a member a role, or take it from them."""
        ...


class ServerEvents(Protocol):
    """The scheduled events of servers."""

    async def server_events(self, guild: GuildId) -> Sequence[SeenServerEvent]:
        """Return the scheduled events of a server that are to come or going on, at places outside Discord."""
        ...

    async def make_server_event(self, guild: GuildId, body: Mapping[str, Any], *, reason: str) -> int:
        """Make a scheduled event and return its number; ``reason`` stands in the server's audit log.

        Nothing keeps a second request from making a second event. So it is asked for once, and when the OutletError is not
        ``permanent``, look for the event before asking again.
        """
        ...

    async def edit_server_event(self, guild: GuildId, number: int, changes: Mapping[str, Any], *, reason: str) -> None:
        """Change what a scheduled event shows: of its body, what ``changes`` names."""
        ...


class Discord(Messages, Channels, Members, ServerEvents, Protocol):
    """All of them: what one login gives."""
