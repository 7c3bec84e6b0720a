"""What is known of channels: asked once, and anew after a while, or once the gateway tells of a change."""

import logging
from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.errors import OutletError
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.ports import ChannelFacts, Channels

_LOG = logging.getLogger(__name__)
_BELIEVED: Final = timedelta(minutes=30)
"""For how long what was told of a channel is believed: without a gateway nobody tells when its kind changes."""


class KnownChannels:
    """What Discord told of channels."""

    def __init__(self, channels: Channels, clock: Clock) -> None:
        """Ask ``channels``."""
        self._channels = channels
        self._clock = clock
        self._facts: dict[ChannelId, tuple[datetime, ChannelFacts]] = {}

    async def facts(self, channel: ChannelId) -> ChannelFacts:
        """Return what must be known of a channel; raise OutletError when the bot cannot see it."""
        now = self._clock()
        known = self._facts.get(channel)
        if known is None or abs(now - known[0]) > _BELIEVED:  # the clock may have gone back
            known = self._facts[channel] = (now, await self._channels.describe(channel))
        return known[1]

    def forget(self) -> None:
        """Ask anew of each channel: something changed, its kind, say."""
        self._facts.clear()

    async def guild(self, channel: ChannelId) -> GuildId | None:
        """Return the server of a channel, None when the bot cannot see it: then nobody has a say or a look because of it."""
        if told := self._channels.server_of(channel):
            return told
        try:
            return (await self.facts(channel)).guild
        except OutletError as error:
            _LOG.warning("the server of channel %s is not known: %s", channel, error)
            return None
