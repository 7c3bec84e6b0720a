"""The addresses of messages that the bot sent."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from heartbeat_bot.config import Config
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId, message_url
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.ports import Channels
from heartbeat_bot.store.deliveries import DeliveryKind
from heartbeat_bot.store.messages import DeliveredMessage, DeliveredMessages
from heartbeat_bot.sync.channels import KnownChannels

_MOST_DELETED: Final = 1000
"""Deleted messages that are remembered: of these channels few are deleted by hand."""


@dataclass(eq=False, kw_only=True, slots=True)
class MessageLinks:
    """Finds the messages that show posts, and their addresses."""

    config: Config
    messages: DeliveredMessages
    discord: Channels
    channels: KnownChannels
    _deleted: deque[MessageId] = field(default_factory=partial(deque[MessageId], maxlen=_MOST_DELETED))

    async def address(self, message: DeliveredMessage) -> str:
        """Return the address of a message, a link to its channel when that cannot be seen any more."""
        guild = await self.channels.guild(message.channel)
        return message_url(guild, message.channel, message.message) if guild else f"<#{message.channel}>"

    async def posted(self, actor: Actor, issue: int, key: str) -> str:
        """Return the address of the message that shows a post of an issue, "" when it was not posted or somebody deleted it.

        Of several, it is the one in the server where that person asks. Discord is asked nothing, since an answer may have many links:
        the store knows what the bot sent and deleted, and the gateway tells what others delete. Of what was deleted while the bot was not
        connected nobody tells; a link to that leads to the place in the channel where it stood.
        """
        found: dict[GuildId, str] = {}
        for message in await self.messages.held(IssueId(issue)):
            guild = self.discord.server_of(message.channel)
            if guild and message.key == key and message.kind is DeliveryKind.ANNOUNCEMENT and message.message not in self._deleted:
                found.setdefault(guild, message_url(guild, message.channel, message.message))
        here = None if actor.guild is None else found.get(GuildId(actor.guild))
        return here or next(iter(found.values()), "")

    def deleted(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """Give no link any more to messages that were deleted, as the gateway tells."""
        if any(place.channel == channel for newsletter in self.config.newsletters.values() for place in newsletter.places):
            self._deleted.extend(messages)
