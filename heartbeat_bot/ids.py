"""The ids by which things are known everywhere: Discord's, and the store's own number of an issue. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final, NewType

GuildId = NewType("GuildId", int)
ChannelId = NewType("ChannelId", int)
MessageId = NewType("MessageId", int)
"""Discord's ids grow with time: messages of one channel in the order of their ids are in the order of the channel."""

IssueId = NewType("IssueId", int)
"""The number that the store gives to an issue; it stays the same through edits, renames and moves."""

DestinationId = NewType("DestinationId", int)
"""The number that the store gives to a place that a newsletter goes to."""

_EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)


def sent_at(message: MessageId) -> datetime:
    """Return when Discord made a message, by Discord's clock (docs, *Snowflakes*)."""
    return _EPOCH + timedelta(milliseconds=message >> 22)


def message_url(guild: GuildId, channel: ChannelId, message: MessageId) -> str:
    """Return the address of a message, which opens it in Discord's clients."""
    return f"https://discord.com/channels/{guild}/{channel}/{message}"
